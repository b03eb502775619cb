"""Two pipelines to start from, and a dataset for them."""

from factory.core.times import moment
from factory.market.spec import DatasetSpec, load_spec
from factory.pipeline import Pipeline, parse

UP_DOWN = """
pipeline: btc-up-or-down-5m
about: Will BTC end the next five-minute window at or above its start? Buy the side that is priced too low.
data: btc-sim
features:
  r1: ret(btc.close, 1)
  r15: ret(btc.close, 15)
  vol30: std(ret(btc.close, 1), 30)
  rsi14: rsi(btc.close, 14)
  hourly: at(1h, zscore(btc.close, 24))
  eth_lead: ret(eth.close, 5) - ret(btc.close, 5)
sample: {use: clock, every: 5m}
label: {use: up_down, of: btc, horizon: 5m}
experts:
  drift: {use: logistic, see: [r1, r15, vol30]}
  trees: {use: gradient_boosting, see: [r1, r15, rsi14, eth_lead]}
meta: {use: forest, see: [drift, trees, vol30, hourly], trees: 300, leaf: 100, calibrate: isotonic}
trade: {use: up_or_down, contract: polymarket-btc-5m, edge: 0.02, size: {use: kelly, fraction: 0.2, cap: 0.01}}
tune: {meta.leaf: [50, 100, 200]}
"""

LONG_SHORT = """
pipeline: btc-long-short
about: Long or short the BTC perpetual at its own discretion, when CUSUM events coincide with agreement among experts.
data: btc-sim
features:
  logp: log(btc.close)
  vol: std(ret(btc.close, 1), 240) * 15.5
  r60: ret(btc.close, 60)
  burst: zscore(btc.volume, 240)
sample: {use: cusum, of: logp, threshold: vol}
label: {use: triple_barrier, of: btc, take: 1, stop: 1, unit: vol, horizon: 4h}
experts:
  trend: {use: gradient_boosting, see: [r60, vol]}
  revert: {use: logistic, see: [r60, burst]}
meta: {use: forest, see: [trend, revert, vol], trees: 300, leaf: 50}
trade:
  use: long_or_short
  contract: btc-perpetual
  enter: 0.55
  exit: {use: barriers}
  size: {use: volatility, yearly: 0.15, leverage: 2}
refit: {every: 30d, window: 180d}
"""

DATASET = """
dataset: btc-sim
confirmed: true
simulated: {seed: 7, start: 2024-01-01, days: 731}
series:
  btc: {kind: bars, underlying: SIM-BTC, period: 1m}
  eth: {kind: bars, underlying: SIM-ETH, period: 1m}
  gold: {kind: bars, underlying: SIM-GOLD, period: 1h}
contracts:
  polymarket-btc-5m: {use: binary, of: btc, window: 5m, price: 0.5, fee: 0.07, half_spread: 0.005}
  btc-perpetual: {use: perpetual, of: btc, taker: 0.0005, maker: 0.0002, slippage: 0.0001, funding: 0.0001, leverage: 5}
split:
  train: [2024-01-01, 2025-01-01]
  validation: [2025-01-01, 2025-07-01]
  sealed: [2025-07-01, 2026-01-01]
"""

BARS = ["open", "high", "low", "close", "volume"]
META = {"series": {name: {"columns": BARS, "first": moment("2024-01-01")} for name in ("btc", "eth", "gold")}}


def up_down() -> Pipeline:
    """The binary example."""
    return parse(UP_DOWN)


def long_short() -> Pipeline:
    """The perpetual example."""
    return parse(LONG_SHORT)


def dataset() -> DatasetSpec:
    """Two years, of which the gap takes 3.66 days twice."""
    return load_spec(DATASET)
