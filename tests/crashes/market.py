"""A market of ten drawn days that is built in a tenth of a second, and what is made of it."""

from tests.vault.market import FAST, SPEC

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
PIPELINE = FAST.replace("fast-up-or-down", "plain").replace("vault-sim", "scored") + "tune: {meta.leaf: [100, 200]}\n"
