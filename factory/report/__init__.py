"""Charts and cards: what a person looks at to judge a strategy.

trial        a trial as it was recorded: its figures, trades, chances and days
groups       trades by hour, weekday, month, side, confidence and volatility
months       returns by month
stress       what costs, prices and delays would leave of it
charts       pictures as plotly figures in plain dictionaries
comparison   the picture of several trials side by side
family_tree  the tree of a family of trials, laid out
pictures     the same figures as PNG, for hosts that show images
meanings     what each figure means, in a sentence
figures      the figures of a trial as rows
band         where an account ends without an edge
windows      prices around a trade
diagram      a pipeline laid out as boxes and arrows
content      what a card is made of
card         the card of a trial: earned and learned make its sections on money and on the model
render       a card as one HTML page, as part of another page, and as Markdown; the CUSUM picture as the first two
cusum        the CUSUM picture: price, events, barriers, and the sums that chose them; cusum_sheet: what its page holds
templates/   the page, and the sections that it holds
static/      the look and the drawing code of every page with pictures

Nothing here reads a workspace: :mod:`factory.views.cards` hands a trial in. Plotly draws in the browser; its script is read
from the installed package, and the package itself is never imported.

Others import these files by name: `meanings` and the static files are for light callers, all else imports numpy and more.
"""
