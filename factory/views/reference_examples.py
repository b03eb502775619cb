"""Dataset files that the pages show, each of which a test builds."""

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

OWN_RUNNING = """\
dataset: running
about: Minutes of Bitcoin, and the order book of each five-minute window every ten seconds.
confirmed: true
series:
  btc: {kind: bars, underlying: BTCUSDT, period: 1m, source: {use: files, files: btc.csv}}
  pm: {kind: odds, underlying: PM-BTC-5M, period: 10s, window: 5m, source: {use: files, files: odds.csv}}
  ended: {kind: outcomes, underlying: PM-BTC-5M, period: 5m, delay: 2m, source: {use: files, files: ended.csv}}
contracts:
  btc-5m:
    use: binary
    of: btc
    window: 5m
    odds: pm
    delay: 1s
    settle: {use: recorded, of: ended}
    fee: 0.07
    rebate: 0.2
    half_spread: 0.005
split:
  train: [2026-08-01, 2026-08-11]
  validation: [2026-08-11, 2026-08-16]
  sealed: [2026-08-16, 2026-08-21]
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
  cpi:
    kind: values
    underlying: CPI
    period: 1mo
    published: {day: 15, time: "08:35", zone: America/New_York, after: 1mo}
    source: {use: files, files: CPIAUCSL.csv}
  jobs:
    kind: values
    underlying: JOBS
    period: 1mo
    delay: 100d
    source: {use: files, files: jobs.csv, available: realtime_start, prior: [1, 12]}
contracts:
  btc-perpetual: {use: perpetual, of: btc, taker: 0.0005, maker: 0.0002, slippage: 0.0001, funding: 0.0001, leverage: 3}
split:
  train: [2022-01-05, 2024-07-01]
  validation: [2024-07-01, 2025-07-01]
  sealed: [2025-07-01, 2026-07-01]
"""
