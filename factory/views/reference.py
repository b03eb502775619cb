"""What people read of the feature language and of dataset files, made from the registries and the models.

``python -m factory.views.reference`` writes the pages of a checkout's ``docs``.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

import factory
from factory.core.plainyaml import spell
from factory.core.times import to_duration
from factory.expressions.operators import OPERATORS
from factory.expressions.recipes import RECIPES
from factory.expressions.signature import Operator, Param
from factory.market.book_columns import FORMATS
from factory.market.contracts import Binary, ByPoint, ByRecord, ByTwap, Perpetual, Settlement
from factory.market.files import Download, Files, Splice
from factory.market.publication import Publication
from factory.market.series_kinds import SERIES_KINDS
from factory.market.series_spec import SeriesSpec
from factory.market.sources import PROVIDERS
from factory.market.sources.polymarket import POLYMARKET
from factory.market.spec import DatasetSpec, Simulated, Split
from factory.market.templates import starter_spec
from factory.pipeline import load_shipped, render
from factory.pipeline.parts.catalog import KINDS, list_parts
from factory.pipeline.parts.describe import describe_allowed
from factory.storage.workspace import write_text
from factory.views import reference_sessions
from factory.views.listing import BOOK_NEEDS

MADE = "<!-- Made by `python -m factory.views.reference`; change the registries and models instead. -->"
UNSPOKEN = "a name"
"""What :func:`~factory.pipeline.parts.describe.describe_allowed` says of a type that it does not know."""
KINDS_OF_VALUES = {
    **{"str": "text", "bool": "true or false", "str or list of str": "text, or a list", "moment": "a date or a moment"},
    **{"pair of moments": "[from, to], to excluded", "Simulated": "keys, see `simulated`", "Split": "keys, see `split`"},
    **{
        "mapping of str to SeriesSpec": "NAME: keys, see `series.NAME`",
        "Files, Download": "keys, see `source`",
        "Publication": "keys, see `published`",
        "list of Splice": "list of keys, see `series.NAME.splice`",
    },
    "kind of series": " | ".join(SERIES_KINDS),
    "mapping of str to Contract": "NAME: keys, see `contracts.NAME`",
    "settlement": "keys, see `settle`",
}
"""What the docstrings of models call a type, in words."""
AT_LEAST = re.compile(r"^a (whole )?number, [0-9.]+$")
DECLARED = re.compile(r"^(?P<names>\w+(?:, \w+)*) : (?P<kind>.+)$")

SIMULATED = """\
dataset: practice
about: A drawn market with a small planted edge.
confirmed: true
simulated: {seed: 11, start: 2024-01-01, days: 120, edge: 0.04}
series:
  btc: {kind: bars, underlying: PRACTICE-BTC, period: 1m}
  eth: {kind: bars, underlying: PRACTICE-ETH, period: 1m}
contracts:
  btc-5m: {use: binary, of: btc, window: 5m, price: 0.5, fee: 0.07, half_spread: 0.005}
split:
  train: [2024-01-01, 2024-03-01]
  validation: [2024-03-01, 2024-04-01]
  sealed: [2024-04-01, 2024-04-30]
"""
OWN_ROWS = """\
time,open,high,low,close,volume
2023-01-01 00:00:00,1196.11,1196.42,1195.58,1195.97,812.4
2023-01-01 00:05:00,1195.97,1196.80,1195.90,1196.55,430.1
"""
OWN_CSV = """\
dataset: eth
about: Five-minute bars of Ether and Bitcoin from CSV files of my own.
confirmed: true
series:
  eth: {kind: bars, underlying: ETHUSDT, period: 5m, source: {use: files, files: eth.csv, zone: UTC}}
  btc: {kind: bars, underlying: BTCUSDT, period: 5m, source: {use: files, files: btc.csv, zone: UTC}}
contracts:
  # Fees and slippage are shares of notional a side, funding each 8 hours, leverage the most that any strategy may take.
  eth-perpetual: {use: perpetual, of: eth, taker: 0.0005, maker: 0.0002, slippage: 0.0002, funding: 0.0001, leverage: 3}
  # Pays 1 where Ether ends the hour at or above its start, and is bought at an assumed 0.50 and half a spread.
  eth-1h: {use: binary, of: eth, window: 1h, price: 0.5, fee: 0.07, half_spread: 0.01}
split:
  train: [2023-01-01, 2024-01-01]
  validation: [2024-01-01, 2024-07-01]
  sealed: [2024-07-01, 2025-01-01]
looks: 3
"""
OWN_COMMANDS = """\
rfcat data check eth.csv --source '{zone: UTC}'
rfcat data check btc.csv --source '{zone: UTC}'
rfcat dataset build eth.yaml
rfcat dataset show eth
"""
OWN_FILES = """\
dataset: mine
about: Minutes of my own and what a prediction market asked.
confirmed: true
series:
  btc: {kind: bars, underlying: BTCUSDT, period: 1m, source: {use: files, files: ["btc-*.csv", "more/*.parquet"], zone: UTC}}
  pm: {kind: odds, underlying: PM-BTC-5M, period: 5m, source: {use: files, files: odds.csv, time: at, zone: UTC}}
  ended: {kind: outcomes, underlying: PM-BTC-5M, period: 5m, delay: 2m, source: {use: files, files: ended.csv, time: at}}
contracts:
  btc-5m: {use: binary, of: btc, window: 5m, odds: pm, fee: 0.07, half_spread: 0.005}
split:
  train: [2024-01-01, 2024-06-01]
  validation: [2024-06-01, 2024-09-01]
  sealed: [2024-09-01, 2025-01-01]
looks: 3
baseline: pm.up
"""
OWN_GOLD = """\
dataset: gold
about: Five-minute bars of Bitcoin, and hours of gold, spot before the perpetual was listed.
confirmed: true
series:
  btc: {kind: bars, underlying: BTCUSDT, period: 5m, source: {use: files, files: btc.csv, zone: UTC}}
  gold:
    kind: values
    underlying: PAXGUSDT
    period: 1h
    delay: 1h
    source: {use: files, files: perpetual.csv, columns: {close: close}}
    splice: [{until: 2025-04-10, factor: 0.9996, source: {use: files, files: spot-closes.csv}}]
contracts:
  btc-perpetual: {use: perpetual, of: btc, taker: 0.0005, maker: 0.0002, slippage: 0.0002, funding: 0.0001, leverage: 3}
split:
  train: [2025-01-01, 2025-07-01]
  validation: [2025-07-01, 2025-10-01]
  sealed: [2025-10-01, 2026-01-01]
looks: 3
"""

OWN_SETTLED = """\
dataset: settled
about: Minutes of Bitcoin, and windows of five that an oracle settles, by averages from 2026-08-07 on.
confirmed: true
series:
  btc: {kind: bars, underlying: BTCUSDT, period: 1m, source: {use: files, files: btc.csv}}
  oracle: {kind: values, underlying: BTC-ORACLE, period: 1s, delay: 2s, source: {use: files, files: oracle.csv}}
  pm: {kind: odds, underlying: PM-BTC-5M, period: 5m, source: {use: files, files: odds.csv}}
contracts:
  btc-5m:
    use: binary
    of: btc
    window: 5m
    odds: pm
    settle: {use: twap, of: oracle, lookback: 60s, from: 2026-08-07}
    fee: 0.07
    half_spread: 0.005
split:
  train: [2026-08-01, 2026-08-05]
  validation: [2026-08-05, 2026-08-08]
  sealed: [2026-08-08, 2026-08-11]
"""

OWN_FUNDING = """\
dataset: funded
about: Hours of a Bitcoin perpetual and the funding that it paid.
confirmed: true
series:
  btc: {kind: bars, underlying: BTCUSDT, period: 1h, source: {use: files, files: btc.csv, zone: UTC}}
  paid: {kind: values, underlying: BTC-FUNDING, period: 1h, delay: 1m, source: {use: files, files: funding.csv, zone: UTC}}
contracts:
  btc-perpetual: {use: perpetual, of: btc, taker: 0.0005, maker: 0.0002, slippage: 0.0001, funding: paid.rate, leverage: 3}
split:
  train: [2024-01-01, 2024-03-01]
  validation: [2024-03-01, 2024-04-01]
  sealed: [2024-04-01, 2024-05-01]
"""
OWN_BOOKS = """\
dataset: books
about: Minutes of Bitcoin and its order book each second.
confirmed: true
series:
  btc: {kind: bars, underlying: BTCUSDT, period: 1m, source: {use: files, files: btc.csv, zone: UTC}}
  book: {kind: depth, underlying: BTCUSDT, period: 1s, levels: 5, max_age: 10s, source: {use: files, files: "book-*.parquet"}}
contracts:
  btc-perpetual: {use: perpetual, of: btc, taker: 0.0005, maker: 0.0002, slippage: 0.0001, funding: 0.0001, leverage: 3}
split:
  train: [2024-08-01, 2024-08-04]
  validation: [2024-08-04, 2024-08-07]
  sealed: [2024-08-07, 2024-08-10]
"""

SLOW = """\
dataset: macro
about: Hours of Bitcoin, and what primary dealers failed to deliver each week.
confirmed: true
series:
  btc: {kind: bars, underlying: BTCUSDT, period: 1h, source: {use: files, files: btc.csv}}
  fails:
    kind: values
    underlying: TREASURY-FAILS
    period: 7d
    published: {weekday: thursday, time: "16:30", zone: America/New_York, after: 7d}
    source:
      use: nyfed
      symbol: PDFTD-USTET
  rate: {kind: values, underlying: RATE, period: 7d, delay: 9d, source: {use: files, files: RATE.csv}}
  jobs:
    kind: values
    underlying: JOBS
    period: 7d
    delay: 60d
    source: {use: files, files: jobs.csv, available: realtime_start}
contracts:
  btc-perpetual: {use: perpetual, of: btc, taker: 0.0005, maker: 0.0002, slippage: 0.0001, funding: 0.0001, leverage: 3}
split:
  train: [2022-01-05, 2024-07-01]
  validation: [2024-07-01, 2025-07-01]
  sealed: [2025-07-01, 2026-07-01]
"""

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
  `bid_size`, `ask_size`, `quote_age` (seconds from the quote to the start), `fee`, `minimum_size` and `twap` (seconds over
  which the settling prices are averaged, 0 where they are not). It is known at its stamp, so a file of quotes from *within*
  the windows, such as a minute before they close, must not be stamped at their starts: give it the stamps at which they were
  quoted, as a series of `values`. Prices of 0 or 1 are refused, and so are columns whose names say that the end tells them
  (`up_price_final`, `winner`). A `tick` is read only where `columns` names it: it becomes finer once a price comes near 0 or 1,
  so that one which was noted after the window tells how far it went.
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
windows, and a fixed price of 0.50 would give that away. Such a contract is refused without recorded odds, and a trial whose
labels a known strike predicts at an assumed price is blocked (probe P12).
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
  stamp is the row; revisions of it are left out, and counted in the report, as one that comes later than `delay` is. Neither
  provider of dealer statistics keeps vintages: values are kept as they were when you first fetched them, and what was revised
  before that is not known.

{sessions}## A drawn market

For practice:

```yaml
{simulated}```

## Keys

{keys}"""


def language_page() -> str:
    """Write the page on the feature language and the parts of a pipeline."""
    return LANGUAGE.format(
        made=MADE,
        sessions=reference_sessions.LANGUAGE,
        operators="".join(_operators()),
        recipes="".join(_recipes()),
        pipelines="".join(f"```yaml\n{render(one)}```\n\n" for one in load_shipped().values()),
        parts="".join(_parts()).rstrip("\n") + "\n",
    )


def datasets_page() -> str:
    """Write the page on dataset files."""
    models = (
        ("", DatasetSpec),
        ("series.NAME", SeriesSpec),
        ("series.NAME.published", Publication),
        ("series.NAME.source with use: files", Files),
        ("series.NAME.source from a provider", Download),
        ("series.NAME.splice", Splice),
        ("simulated", Simulated),
        ("split", Split),
        ("contracts.NAME with use: binary", Binary),
        ("contracts.NAME.settle with use: point", ByPoint),
        ("contracts.NAME.settle with use: twap", ByTwap),
        ("contracts.NAME.settle with use: recorded", ByRecord),
        ("contracts.NAME with use: perpetual", Perpetual),
    )
    after = {SeriesSpec: _series_kinds(), Download: _providers()}
    keys = "".join(_model(place, model) + after.get(model, "") for place, model in models).rstrip("\n") + "\n"
    own = {
        "rows": OWN_ROWS,
        "csv": OWN_CSV,
        "commands": OWN_COMMANDS,
        "files": OWN_FILES,
        "gold": OWN_GOLD,
        "funding": OWN_FUNDING,
        "books": OWN_BOOKS,
        "slow": SLOW,
        "formats": _book_formats(),
        "sessions": reference_sessions.DATASETS.format(example=reference_sessions.OWN_SESSIONS),
        "odds": POLYMARKET.name,
        "settled": OWN_SETTLED,
    }
    return DATASETS.format(made=MADE, starter=starter_spec("btc"), **own, simulated=SIMULATED, keys=keys)


PAGES = {"language.md": language_page, "datasets.md": datasets_page}
"""What makes each page of ``docs``."""


def markdown_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table in Markdown; a bar in a cell is no column."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |\n" for line in lines) + "\n"


def key_meanings(model: type[BaseModel]) -> dict[str, tuple[str, str]]:
    """Read the kind and meaning of each key from the docstrings of a model and of its base classes."""
    meanings: dict[str, tuple[str, str]] = {}
    for one in reversed(model.__mro__):
        names: list[str] = []
        for line in (one.__doc__ or "").partition("Parameters\n")[2].splitlines():
            if declared := DECLARED.match(line.strip()):
                names = declared["names"].split(", ")
                told = dict.fromkeys(names, (declared["kind"], ""))
                meanings |= {name: pair for name, pair in told.items() if name not in meanings}
            elif line.startswith("        ") and ":class:" not in line:
                meanings |= {name: (meanings[name][0], f"{meanings[name][1]} {line.strip()}".strip()) for name in names}
    return {name: (kind, _plain(text)) for name, (kind, text) in meanings.items()}


def _operators() -> Iterator[str]:
    for family in dict.fromkeys(one.family for one in OPERATORS.values()):
        mark = f" {BOOK_NEEDS}" if family == "book" else ""
        yield f"### {family}{mark}\n\n"
        rows = [
            (f"`{one.signature}`", one.doc, _ranges(one), f"`{one.example}`")
            for one in OPERATORS.values()
            if one.family == family
        ]
        yield markdown_table(("operator", "gives", "literals", "example"), rows)


def _ranges(operator: Operator) -> str:
    return ", ".join(f"{one.name} {_bounds(one)}" for one in operator.params if one.kind in ("window", "number", "duration"))


def _bounds(param: Param) -> str:
    if param.kind == "duration":
        return f"{to_duration(int(param.low))} to {to_duration(int(param.high))}"
    return "any" if (param.low, param.high) == (-1e9, 1e9) else f"{param.low:.12g} to {param.high:.12g}"


def _recipes() -> Iterator[str]:
    for family in dict.fromkeys(one.family for one in RECIPES.values()):
        rows = [(one.name, one.doc, f"`{one.on('btc').text}`") for one in RECIPES.values() if one.family == family]
        yield f"### {family}\n\n{markdown_table(('recipe', 'gives', 'expression'), rows)}"


def _parts() -> Iterator[str]:
    for stage in KINDS:
        yield f"## {stage}\n\n"
        for one in list_parts(stage):
            yield f"**{one.kind or stage}**: {one.about} Such as `{one.example}`.\n\n"
            rows = [(f"`{key.name}`", key.allowed, key.default or "must be given", key.means) for key in one.parameters]
            yield markdown_table(("key", "may be", "left out", "means"), rows)


def _series_kinds() -> str:
    """Write a table of what each kind of series holds, and what may be done with it."""
    rows = []
    for kind in SERIES_KINDS.values():
        uses = {
            "fills, settlement and labels": kind.is_traded,
            "prices of binary contracts": kind.gives_odds,
            "funding of perpetuals": kind.gives_funding,
        }
        columns = "whatever the source has" if kind.takes_any_column else " ".join(kind.columns)
        rows.append(
            (f"`{kind.name}`", kind.about, columns, ", ".join(["features", *(use for use, may in uses.items() if may)]))
        )
    return markdown_table(("kind", "its rows", "columns", "for"), rows)


def _providers() -> str:
    """Write a table of where rows can be downloaded from."""
    rows = [
        (
            f"`{one.name}`", one.about, f"`rfcat data fetch {one.command} {one.example}`", ", ".join(one.kinds),
            " ".join(one.periods), one.unit or "as traded", one.page,
        )
        for one in PROVIDERS.values()
    ]  # fmt: skip
    return markdown_table(("use", "rows", "downloaded by", "kinds", "periods", "unit", "documentation"), rows)


def _book_formats() -> str:
    """Write a table of the formats that order books are read from."""
    return markdown_table(("format", "its files"), [(f"`{name}`", about) for name, about in FORMATS.items()])


def _model(place: str, model: type[BaseModel]) -> str:
    told = key_meanings(model)
    about = _plain((model.__doc__ or "").splitlines()[0])
    rows = []
    for name, field in model.model_fields.items():
        key = field.alias or name
        kind, text = told.get(key, ("", ""))
        rows.append((f"`{key}`", _values(name, field, kind), _default(field), text or "Which kind it is."))
    rows.sort(key=lambda row: row[0] != "`use`")
    keys = markdown_table(("key", "may be", "left out", "means"), rows)
    return f"### {f'`{place}`' if place else 'The file'}\n\n{about}\n\n{keys}"


def _values(name: str, field: FieldInfo, kind: str) -> str:
    """Say what a key may hold: what its type says, else what the docstring calls it."""
    if name == "use":
        return " or ".join(get_args(field.annotation) or PROVIDERS)
    words, kind = describe_allowed(field), _plain(kind.removesuffix(" or None"))
    if {*words.split(" or ")} <= {UNSPOKEN, ""}:
        return KINDS_OF_VALUES.get(kind, kind)
    return f"{words} or more" if AT_LEAST.match(words) else words


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "must be given"
    if isinstance(field.default, float):
        return f"{field.default:.4g}"
    if isinstance(field.default, Settlement):
        return "by bars"
    return "none" if field.default is None else spell(field.default).lower() or "empty"


def _plain(text: str) -> str:
    """Rewrite docstring markup as Markdown."""
    return re.sub(r":\w+:`~?([^`]+)`", r"`\1`", text).replace("``", "`")


def main() -> None:
    """Write the pages of the checkout."""
    for name, page in PAGES.items():
        write_text(Path(factory.__file__).parents[1] / "docs" / name, page())


if __name__ == "__main__":
    main()
