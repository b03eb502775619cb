"""A market of ten drawn days that is built in a tenth of a second, and what is made of it."""

from tests.vault.market import SPEC

PASSPHRASE = "correct horse battery"
TINY = """\
dataset: tiny
confirmed: true
simulated: {seed: 5, start: 2024-01-01, days: 10}
series:
  btc: {kind: bars, underlying: TINY-BTC, period: 1m}
contracts:
  updown: {use: binary, of: btc, window: 5m, price: 0.5, fee: 0.0, half_spread: 0.0}
split:
  train: [2024-01-01, 2024-01-05]
  validation: [2024-01-05, 2024-01-08]
  sealed: [2024-01-08, 2024-01-11]
"""
DEARER = TINY.replace("fee: 0.0", "fee: 0.01")
EXTENDED = (
    TINY.replace("days: 10", "days: 13")
    .replace("validation: [2024-01-05, 2024-01-08]", "validation: [2024-01-05, 2024-01-11]")
    .replace("sealed: [2024-01-08, 2024-01-11]", "sealed: [2024-01-11, 2024-01-14]")
)
TAKEN = EXTENDED.replace("dataset: tiny", "dataset: taken")
"""Opens what `TINY` seals."""

SCORED = SPEC.replace("vault-sim", "scored").replace("VAULT-", "SCORED-")
PIPELINE = """\
pipeline: plain
data: scored
features:
  lead: (ret(eth.close, 15) - ret(btc.close, 15)) / std(ret(btc.close, 1), 60)
  burst: mean(btc.volume, 15) / mean(btc.volume, 240)
sample: {use: clock, every: 5m}
label: {use: up_down, of: btc, horizon: 5m}
experts:
  line: {use: logistic, see: [lead]}
meta: {use: forest, see: [line, burst], trees: 10, leaf: 100, calibrate: sigmoid}
trade: {use: up_or_down, contract: updown, edge: 0.02, size: {use: fixed, share: 0.001}}
tune: {meta.leaf: [100, 200]}
"""
