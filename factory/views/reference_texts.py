"""What the pages say around the tables that are made from the registries."""

LANGUAGE = """\
# The feature language

{made}

A feature is an expression over the columns of a dataset's series. `rfcat features` lists what stands here,
`rfcat features rsi` searches it, and `rfcat rank --feature "zscore(btc.close, 60)" --dataset btc-sim` measures one on train.

- **Columns** are written `series.column`: `btc.close`. Bars have `open high low close volume`, and more where a source has it.
- **Numbers and durations** are literals: `ret(btc.close, 5)` looks back five rows, `at(1h, ...)` works on completed hours.
- **Signs**: `+ - * /`, comparisons, `and or not`, parentheses.
- **A window counts rows** of its own series, and is missing until it is full. Gaps stay gaps: what spans one is missing.
- **Series of different clocks** meet by carrying each value forward from the moment it was known, at most a period and its
  delay.
{sessions}
## Operators

Literal arguments may be left out where a default is shown.

{operators}
## Recipes

Expressions to start from, on `btc` and, where two markets meet, `eth`.
`rfcat rank --family momentum --dataset btc-sim` measures a family.

{recipes}
# The parts of a pipeline

A pipeline is a YAML file; its stages stand in the order in which a bar walks through them. `rfcat define FILE` checks one
and says what to mend, `rfcat backtest NAME` scores it on validation.

What is traded is what the contract is on, whatever series the features read. Where a dataset has contracts on several, as
`describe_market` lists them, another market is traded by two changes: what is labelled, and the contract.

```sh
rfcat backtest btc-long-short --set label.of=eth --set trade.contract=eth-perpetual
```

Features that read BTC then foretell ETH: ETH's bars are labelled, fill and settle, at the costs of its contract. A unit of
barriers that is measured on BTC is legal there, and warned of; one more change measures it on ETH itself:
`--set "features.vol=std(ret(eth.close, 1), 240) * 15.5"`.

**Several contracts in one account** stand under `also`, each by a name and each a perpetual of its own:

```
also:
  eth: {{use: long_or_short, contract: eth-perpetual, enter: 0.55, exit: {{use: after, hold: 4h}}, \
size: {{use: fixed, share: 0.1}}}}
```

All act on the same chances of up, those of what `label` is on, and on the bars, costs and funding of their own contract. `exit:
{{use: barriers}}` needs a contract on the label's series, where the barriers stand. They share one account:

- A size is a share of the equity that is realised when the position enters; what others gain or lose while open is not counted
  into it.
- A position binds its notional at entry over its contract's greatest `leverage`. All together never bind more than the realised
  equity: an entry is cut down to the room that it finds, and dropped where that is less than an order. Where several enter at
  once, `trade` comes first, and the others in order of their names.
- In each bar every position is taken to be at its worst price, all at once, in the drawdown and for liquidation: what is left
  then must be more than the maintenance of all, or all are liquidated in that bar at these prices, as stops fill. A pair that
  hedges itself is so liquidated earlier than it would be anywhere. No position is ever liquidated later than alone.
- Where a position that ends leaves less equity than the others bind, they are liquidated at their next open.
- What is liquidated so keeps no funding that it received. The account never falls below nothing; after that nothing is traded.

Figures are of the whole account, each trade with the weight that one of a single contract has; `by_contract` and
`show(by='contract')` tell them apart, and exported trades name theirs. Errors are those of blocks of time, so that one market
under two names counts once, and are at least what the same trades deviate by on drawn markets that give all contracts the same
direction in the same minute. **No sealed look examines such a pipeline**: `submit` refuses it, and with it a forward test.

These come with the project:

{pipelines}
{parts}"""

DATASETS = """\
# Dataset files

{made}

A dataset file says what an agent may learn from, what can be traded at what cost, and which stretch of time is for what. A
person writes it; nothing is imported before it says `confirmed: true`, and no tool of an agent can change it.

- `rfcat dataset init my.csv` drafts one from files of your own.
- `rfcat start btc` writes the first example below and builds it when you have confirmed it.
- `rfcat data check FILE ...` tells what is wrong in files of bars before you name them here.
- `rfcat dataset build FILE` imports, checks, splits and seals; `rfcat dataset show NAME` tells what it found.
- `rfcat dataset extend FILE` takes in a later sealed part once the old one has been used.

Durations are written `1m`, `8h`, `30d`; dates `2024-01-01`, moments `2024-01-01T12:00:00Z`. Unknown keys are refused with
the nearest one.

## From files of your own

`rfcat dataset init my.csv` looks at the file as it is: encoding, separator, signs before decimals and between thousands,
lines above the header, how stamps are written, the order of rows, names of columns and their units, `.gz`, `.zip` and
Parquet. It shows ten rows, as the file says them and as they were read, and writes `my.yaml` beside the file: commented,
`confirmed: false`, with a split of 60, 20 and 20 of a hundred days, contracts at high costs to be replaced by those of your
exchange, and each fault that it found (jumps of the price, a feed that stood still, a volume that counts nothing) beside
the line that declares it. Nothing is overwritten.

What the file does not tell is asked, one question after another, and never guessed. Without a terminal a question is refused
with the option that answers it:

| question | option |
| --- | --- |
| what the columns are, of a file without a header | `--header date,time,open,high,low,close,volume` |
| which column holds the stamps | `--time "As of"` |
| the zone of stamps without one | `--zone UTC`, `--zone Europe/Berlin` |
| whether day or month comes first | `--format "%d/%m/%Y %H:%M"` |
| the sign before decimals | `--decimal ,` |
| which column is the volume, if any | `--volume "Volume BTC"`, `--volume none` |
| how much one contract is, where the volume counts contracts | `--contract-size 100` |
| which market it is, where neither a column nor the name of the file tells | `--underlying BTCUSDT` |
| how late values are published | `--delay 8d` |

Volume and quote volume are told apart by the price between them. An hour that local stamps have twice, a header in the middle,
a row with too many cells and the like are refused with the row and the cause. Several files become several series, named after
them; files whose names differ in dates alone are one. An option holds for all of them, or for one: `--zone btc=UTC`. Then read
the file, set `confirmed: true`, and run `rfcat dataset build my.yaml`.

## Examples

Real minutes, as `rfcat start btc` writes them:

```yaml
{starter}```

CSV files of your own, `eth.csv` and `btc.csv`, with a header and a row a bar, stamped at its open:

```csv
{rows}```

`eth.yaml` beside them, with a perpetual and a binary contract:

```yaml
{csv}```

Each file is checked by itself, then the dataset is built. Its split is final from then on:

```sh
{commands}```

`rfcat start eth` does the same with `eth.yaml` and prints the line that connects a host. Files by pattern, and what a
prediction market asked and how its windows ended:

```yaml
{files}```

A window of a prediction market has two rows of two series, since they are known at two moments; both are stamped at the
window's **start**, and `period` is its length.

- `kind: odds` holds what was quoted for a share of Up as the window started: `up`, or the middle of `bid` and `ask`; also
  `bid_size`, `ask_size`, `quote_age` (seconds from the quote to the stamp), `fee`, `minimum_size` and `twap` (seconds over
  which the settling prices are averaged, 0 where they are not). It is known at its stamp, so quotes from *within* the
  windows, such as a minute before they close, must not be stamped at their starts, but when they were taken: see below. Where
  a series of `values` is the `odds:` of a contract, `columns` names all that is read of
  it, `up` among them, and no column that the end tells. Prices of 0 or 1 are refused, and so are columns whose names say that
  the end tells them (`up_price_final`, `winner`). A `tick` is read only where `columns` names it: it becomes finer once a price
  comes near 0 or 1, so that one which was noted after the window tells how far it went.
- `kind: outcomes` holds what a share of Up paid: `up` is 1, 0, or 0.5 of a void market, read from a column `outcome` in
  numbers or in words (up, down, yes, no, void); also `strike` and `close`. It is known at the window's end and `delay`, which
  must be given: how long after the end the outcome was published. So `lag(ended.up, 1)` and `mean(ended.up, 12)` are features,
  and no outcome is one before it is known; none is ever a price.

Polymarket's windows come by `rfcat data fetch {odds} btc-updown-5m --from 2026-07-24`, and both series then name the same
`source: {{use: {odds}, symbol: btc-updown-5m}}`. Their `up` is the last middle of the CLOB at or before the window's start
and at most five minutes old, which is no price that anybody could have paid; `half_spread` of the contract comes on top.
Windows without an outcome yet have none, and are asked for again by the next fetch.

**What settles a binary contract** is part of it. Without a word the bars that it is on do. With `settle` it is the value of an
oracle in effect at the window's close against that at its open (`point`), the time-weighted average before the close against
that before the open (`twap`), or what the market recorded (`recorded`); ties are Up, and a void window pays one half a share.
Labels, trades, exams and forward tests take their truth from there, and how often the bars say otherwise is counted at the
build and stands beside every figure.

```yaml
{settled}```

Where averages settle, a part of the move is over when the window opens: the side that is ahead then wins more than half of the
windows, and a fixed price of 0.50 would give that away. Such a contract is refused without recorded odds, and a trial in
which the side that is ahead when a window opens wins more often than its price says, assumed or recorded too early, is blocked
(probe P12).

**Decisions inside windows** need quotes from there: odds whose `period` is from quote to quote and whose `window` is how long
the windows are. A pipeline then says `label: {{use: window_end, of: btc, horizon: 5m}}` and decides as often as there are
quotes, at most. By then the strike is known and one side is ahead, so that a fixed price is refused.

```yaml
{running}```

- A fill reads the quote in effect at the decision plus the contract's `delay`: the last one of the same window, younger than
  the odds' `period`, its `quote_age` counted. Without one, and in the last 20 seconds of a window, when books empty, nothing is
  filled and the decision counts as `dropped`.
- `fee`, `tick` and `minimum_size` of the odds are the window's own terms where they hold a number, and are used instead of the
  contract's; of `minimum_size` and `minimum_notional` the larger counts.
- A window is traded once, at its first decision that is worth its price, since all its decisions share one outcome. They share
  it in folds and weights too: none is learned from where another is tested.
- `order: {{use: limit}}` of a pipeline's trade rests at the best bid for the side instead of crossing. It is filled where a
  later quote offers that side at its price or below, for a share of what is offered there (`touched`, 0.25), pays no fee and
  receives `rebate` of what takers pay; else it lapses. What comes to it comes when the market turns against it, and the further
  apart quotes are, the more of that there is: a price that came to it and went away between two of them did not fill it.
- What is examined is the price that was paid, window by window: a share bought at 0.93 must win more than 93 times of 100. A
  rebate counts for nothing there. The chances must say more than the recorded price does, and a trial in which the side that
  is ahead at the decision wins more often than its price says, as where quotes are older than their stamps, is blocked (P12).

A perpetual whose funding was recorded names the column of its rates, and they are paid at the stamps that they have: `period`
is the finest interval that occurs, such as `1h`, and where a coarser one held no payment was due in the rows between. `rfcat
data fetch binance-um-funding BTCUSDT --from 2024-01 --period 1h` fetches Binance's, whose column is `last_funding_rate`.

```yaml
{funding}```

- At each stamp inside the holding time a long pays the rate and a short receives it, or the other way round where it is
  negative, on the notional at the open of the bar. Exchanges look at who holds at the stamp, within some seconds: a position
  that is entered or left at a stamp pays what is a cost to it there and receives nothing, and so does one that left at a
  barrier inside a bar for the stamps inside that bar.
- A step between two stamps that is longer than both beside it, or than 8 hours, is a hole: each payment that was due in it
  costs either side the greatest rate recorded. The build says how many there are, and refuses a record that lacks over a tenth
  of a part's payments.
- A rate is known its `delay` after its stamp, to features as to everybody. They read a row without a payment as missing.
- An assumed rate (a number) stays a cost to one side and income to nobody.

Bars of any other exchange come by ccxt (`pip install "random-forest-cat[exchanges]"`): `rfcat data fetch ccxt BTC/USDT:USDT
--exchange bybit --from 2024-01 --period 1m` fetches them, and a `source` of `use: ccxt` with `exchange: bybit` and `symbol:
"BTC/USDT:USDT"` reads them. Exchanges and symbols are spelt as ccxt does: `BTC/USDT` is the spot market, `BTC/USDT:USDT` the
perpetual settled in USDT, `BTC/USD:BTC` the inverse one. A fetch writes a file a month up to the last bar that is closed by
the exchange's clock, goes on after what it wrote before, and asks again where the connection fails. Minutes that an exchange
leaves out because nobody traded in them are absent rows, as in a gap, and none of volume 0. Volumes are in coins; a market of
contracts whose volumes may count either is refused. An exchange that keeps only its latest bars says since when. Where a
provider serves nobody in your country (HTTP 403 or 451) the fetch names the others; of Binance's spot market the archives may
answer where its REST interface does not, and `RFCAT_BINANCE_API=https://data-api.binance.vision` asks its address for public
data instead.

A slow companion has its own clock: hours of gold beside minutes of Bitcoin, read as `zscore(ret(gold.close, 1), 48)`, which
spans 48 hours. A file that holds closes alone is a series of `values` with `delay: 1h`, as the close of an hour that is
stamped at its open is known an hour later; bars need open, high, low, close and volume. PAXG, gold on a blockchain, is thin:
minutes in which nobody traded are flat bars of volume 0 in Binance's files, in which nothing fills.

One series may be made of several sources, as where a perpetual was listed later than the spot market, or a venue was left for
another: `splice` lists the earlier ones, each `until` the moment from which the next one's rows are used. Prices before a
joint are multiplied by its `factor`. A build measures it on the thousand rows nearest the joint that both sources have, none
of them sealed: leave it out, and the build tells what to write; write one that those rows do not show, and it is refused. The
factor belongs to the whole file, as one of `adjust` does: levels before it are told on the later scale, returns and ratios
are as they were. What differs between venues besides, above all volume, makes no factor: so the first row after a joint is
left out, and no window, label or return spans both. `rfcat dataset show` tells each joint, its factor and what was measured.
A joint lies before the sealed part, and the seal goes by the markets of all sources.

```yaml
{gold}```

Order books (`kind: depth`), each second of five levels a side. A row holds the book as it stood at the end of its period,
after the last update before it, if that is no older than `max_age`, and what happened in the row: `events` (updates), `ofi_1`,
`ofi_2`, ... (order-flow imbalance of each level, update by update), and where the source has trades `buy_qty` and `sell_qty`
(what buyers and sellers took). A book counts from the time of its event, or of its receipt where that is later and the
receiver's clock does not run behind. Where updates are missing, rows are until the next snapshot; sizes are in the unit of the
file, which on COIN-M is contracts.

```yaml
{books}```

Its files are told apart by what they hold, or by `format` of their source:

{formats}## Slow series

Slow series (`kind: values`): weekly statistics of a provider, a CSV as FRED has it (`DATE,VALUE` or
`observation_date,SERIES`, `.` for a missing value), and one with vintages as ALFRED has it
(`observation_date,realtime_start,value`):

```yaml
{slow}```

- **Each row is known when it was published**, and never on the date that it tells of. `delay` is a fixed time after the stamp;
  `published` is a calendar, daylight saving included, whose release on a weekend or on a federal holiday of the United States
  counts as out on the next working day; `available` names the column that says it row by row. One of them is compulsory.
- **Months, quarters and years** are `period: 1mo`, `3mo` and `12mo`: calendar months, each stamped on its first day, as FRED
  does, or each on its last. A window counts them, so that `ret(cpi.value, 12)` is the change over a year; a month that is not
  there is a gap of one row, and the last value holds until the next is known, or goes out after a period and its delay. There
  is no `at()` of months. Their calendar names a `day` of the month in place of a `weekday`, and `after: 1mo` counts the month
  that a first day tells of: with `day: 15` January is out on 15 February. A month that would be known before it is over is
  refused.
- **The margin is yours.** Publishers are minutes late and close on days that no calendar lists. Write a `time` by which a value
  is always out (16:30 where the publisher says about 16:15), and of a publisher elsewhere a `weekday` after its own holidays.
- **Primary dealer statistics** as of a Wednesday come out on Thursday of the next week at about 16:15 in New York. What takes
  one of them for published earlier is refused. `rfcat data fetch ofr NYPD-PD_AFtD_TOT-A --from 2013-04` and
  `rfcat data fetch nyfed PDFTD-USTET --from 2022-01` download them.
- **Units.** The New York Fed counts millions of dollars, the Office of Financial Research dollars. Both become dollars when
  they are fetched. Files are read as they are; `units: {{value: millions}}` says what theirs count.
- **Missing is missing.** A value that its publisher suppresses (`*`, null, `.`) is missing, counted in the report on the
  data, and never 0.
- **A series that was begun anew** under another symbol is one series with `earlier: [OLD]` in its source, each of which is
  fetched by itself. The later symbol holds from its first row on, also where the earlier one goes on beside it. The moments
  stand in the report on the data and in `describe_market`: what both count may differ there.
- **Revisions.** A decision may use what was published by then. Of a source with `available` the first published value of each
  stamp is the row; a value that comes later than `delay` is missing, and counted. `prior: [1, 12]` adds columns of what the
  observations 1 and 12 before stood at, revised, when a value was published: each release prints the new figure and the
  revised ones before it. `jobs.value - jobs.value_prior_1` and `jobs.value / jobs.value_prior_12 - 1` are reckoned within one
  vintage, also where a base year changed; `ret(jobs.value, 12)` compares first figures of two years. A revision between two
  releases is seen with the next. Every vintage is kept in the built dataset with its moment of publication
  (`vintages/`, those after validation in the vault), and the report and `describe_market` tell how many values were revised
  and by how much.
- **One vintage only** is said of a file without `available`, or in which no value was published twice: its values are as
  revised when it was taken, under dates at which they were others. How much that flatters nobody can tell from it; FRED's
  archive ALFRED has the vintages of most series. A file whose rows were all published at once, or with a column a vintage, is
  refused. Neither provider of dealer statistics keeps vintages: values are kept as they were when you first fetched them.
- **An example.** `strategies/btc_macro.yaml` reads weekly fails and hours of gold beside minutes of Bitcoin, each on its own
  clock. `rfcat start macro` draws such a market, in which fails say nothing, and scores it there.

{sessions}## A drawn market

For practice:

```yaml
{simulated}```

## Keys

{keys}"""
