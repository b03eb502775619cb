"""What the pages say of markets that close."""

OWN_SESSIONS = """\
dataset: shares
about: Minutes of a fund on New York's exchange and five minutes of a currency, from CSV files of my own.
confirmed: true
series:
  # A four-for-one split: prices before it are divided by 4, and volumes multiplied.
  spy:
    {kind: bars, underlying: SPY, period: 1m, calendar: XNYS, adjust: [{at: 2023-06-12, factor: 0.25}],
     source: {use: files, files: spy.csv, zone: America/New_York}}
  eur: {kind: bars, underlying: EURUSD, period: 5m, calendar: 24/5, source: {use: files, files: eurusd.csv, zone: UTC}}
contracts:
  # Held without funding; fees and slippage are shares of notional a side.
  spy: {use: perpetual, of: spy, taker: 0.00005, maker: 0.00005, slippage: 0.0001, funding: 0, leverage: 2}
split:
  train: [2023-01-01, 2024-01-01]
  validation: [2024-01-01, 2024-07-01]
  sealed: [2024-07-01, 2025-01-01]
"""

DATASETS = """\
## Markets that close

Shares, futures and currencies have nights, week-ends and holidays, and a night is no gap. Bars of such a market name its
`calendar`, as [exchange_calendars](https://github.com/gerrymanoim/exchange_calendars) does: `XNYS`, `XLON`, `XTKS` and so on.
Two have other hours there than people trade, and are kept here as these are: `24/5` is the week of currencies, each day from
17:00 to 17:00 New York, Sunday to Friday; `CMES` are futures of CME, 17:00 to 16:00 Chicago with the library's holidays and
early closes.

```yaml
{example}```

- **Expected** are the bars of sessions and no others: a half-day ends early, a holiday has none, daylight saving moves the
  hours of UTC, a lunch break is left out. Rows outside sessions, as before the open and after the close, are counted in the
  report as `rows outside sessions` and never used. A minute that a session lacks is a gap.
- **Bars are counted from the open** of the session, and again from the end of its break; the last one is shorter where the
  period does not divide the session, as the half hour at the end of New York's hourly bars. They are known when they end.
  Bars that begin elsewhere are refused. The period divides a day.
- **Daily bars** (`period: 1d`) are one a session, stamped with its date, with midnight where the exchange is, or with its open;
  they are known at its close. A date may also be that of a day from midnight to midnight: where the market opens again before
  such a day is over, as those of `24/5` and `CMES` do, bars stamped with dates are known when its trading is over too.
- **Stamps at the close** are refused where they show: stretches of trading then have a bar at their end and none at their
  beginning. Taken for opens, each bar would fill at a price of a period before. `stamped: close` in the source says so, also of
  a market that never closes, in whose stamps nothing shows it.
- **A split** is declared with `adjust:`, as in the example; a jump of 40 % over a night is reported as a fault without it.
- **Holidays are fixed at the build.** What a later version of the library knows changes nothing until a dataset is built
  anew, and then its fingerprint.
- **Positions** may be held over a night: they see the next open, and a stop that it has jumped over fills there. Orders that
  nobody fills end with the trading. Windows of binary contracts are counted from the open.

"""

LANGUAGE = """\
- **Markets that close** (`calendar:` of a dataset file): a window counts rows, so that it goes on over the night, and the first
  return of a day is that over the night. `at(1d, ...)` is one bar a session, known at its close; bars of an hour are counted
  from its open; a day of `vwap_day` is a session. The last value before the close holds until the next one is known, so that
  it may be read at night on another market; an expression of several series lives on the finest rows, of equals those of the
  market that is open longer.
- **Decisions on such a market** stand at its bars: a clock counts from each open, and after a break anew. A horizon shorter
  than a day must end before the trading does, and where a position is then left a bar must follow to leave at: later there is
  no decision. The label of a longer one ends with the last bar that ends by then, and a position is left at the open after
  that. What becomes known at the close is acted on at the next open. `hour()` and its like are of UTC.
"""
