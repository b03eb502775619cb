"""Charts and cards: what a person looks at to judge a strategy.

trial        a trial as it was recorded: its figures, trades, chances and days
groups       trades by hour, weekday, month, side, confidence and volatility
months       returns by month
stress       what costs, prices and delays would leave of it
charts       pictures as plotly figures in plain dictionaries
meanings     what each figure means, in a sentence
card         the sections of a card, from a trial
render       a card as one HTML page, as part of another page, and as Markdown
templates/   the page, and the sections that it holds
static/      the look and the drawing code of every page with pictures

Nothing here reads a workspace: :mod:`factory.views.cards` hands a trial in. Plotly draws in the browser; its script is read
from the installed package, and the package itself is never imported.

Others import these files by name: `meanings` and the static files are for light callers, all else imports numpy and more.
"""
