"""A small drawn market and small pipelines on it, so that whole trials take seconds."""

SPEC = """\
dataset: small-sim
confirmed: true
simulated: {seed: 3, start: 2024-01-01, days: 90, edge: 0.2}
series:
  btc: {kind: bars, underlying: SMALL-BTC, period: 1m}
  eth: {kind: bars, underlying: SMALL-ETH, period: 1m}
  gold: {kind: bars, underlying: SMALL-GOLD, period: 1h}
contracts:
  polymarket-btc-5m: {use: binary, of: btc, window: 5m, price: 0.5, fee: 0.07, half_spread: 0.005}
  btc-perpetual: {use: perpetual, of: btc, taker: 0.0005, maker: 0.0002, slippage: 0.0001, funding: 0.0001, leverage: 5}
split:
  train: [2024-01-01, 2024-02-15]
  validation: [2024-02-15, 2024-03-10]
  sealed: [2024-03-10, 2024-03-31]
looks: 5
"""

BINARY = """\
pipeline: small-up-or-down
data: small-sim
features:
  move5: ret(btc.close, 5) / std(ret(btc.close, 1), 60)
  lead15: (ret(eth.close, 15) - ret(btc.close, 15)) / std(ret(btc.close, 1), 60)
  burst: mean(btc.volume, 15) / mean(btc.volume, 120)
  gold_day: zscore(gold.close, 24)
sample: {use: clock, every: 5m}
label: {use: up_down, of: btc, horizon: 5m}
experts:
  line: {use: logistic, see: [move5, lead15, burst]}
  trees: {use: gradient_boosting, see: [lead15, burst], rounds: 20, leaf: 50}
meta: {use: forest, see: [line, trees, lead15, burst], trees: 40, leaf: 50, calibrate: isotonic}
trade: {use: up_or_down, contract: polymarket-btc-5m, edge: 0.01, size: {use: fixed, share: 0.002}}
tune: {meta.leaf: [50, 200]}
"""

PERPETUAL = """\
pipeline: small-long-short
data: small-sim
features:
  logp: log(btc.close)
  vol: std(ret(btc.close, 1), 60) * 8
  move: ret(btc.close, 60)
  burst: zscore(btc.volume, 60)
sample: {use: cusum, of: logp, threshold: vol}
label: {use: triple_barrier, of: btc, take: 1, stop: 1, unit: vol, horizon: 4h}
experts:
  trend: {use: logistic, see: [move, burst]}
meta: {use: forest, see: [trend, move, vol], trees: 30, leaf: 20}
trade: {use: long_or_short, contract: btc-perpetual, enter: 0.52, exit: {use: barriers}, size: {use: volatility, yearly: 0.15, leverage: 2}}
refit: {every: 7d, window: 30d}
"""
