"""A small market with a plain edge, and a pipeline that trains in a second."""

from pathlib import Path

import numpy as np

from factory.core.hashes import write_hashes
from factory.market.build import build
from factory.market.spec import load_spec
from factory.storage.workspace import Workspace
from factory.tasks import perform
from factory.workshop import Workshop

SPEC = """\
dataset: vault-sim
confirmed: true
simulated: {seed: 5, start: 2024-01-01, days: 60, edge: 0.12}
series:
  btc: {kind: bars, underlying: VAULT-BTC, period: 1m}
  eth: {kind: bars, underlying: VAULT-ETH, period: 1m}
contracts:
  updown: {use: binary, of: btc, window: 5m, price: 0.5, fee: 0.0, half_spread: 0.0}
split:
  train: [2024-01-01, 2024-01-31]
  validation: [2024-01-31, 2024-02-15]
  sealed: [2024-02-15, 2024-03-01]
looks: 5
"""

FAST = """\
pipeline: fast-up-or-down
data: vault-sim
features:
  lead: (ret(eth.close, 15) - ret(btc.close, 15)) / std(ret(btc.close, 1), 60)
  burst: mean(btc.volume, 15) / mean(btc.volume, 240)
sample: {use: clock, every: 5m}
label: {use: up_down, of: btc, horizon: 5m}
experts:
  line: {use: logistic, see: [lead]}
meta: {use: forest, see: [line, burst], trees: 10, leaf: 100, calibrate: sigmoid}
trade: {use: up_or_down, contract: updown, edge: 0.02, size: {use: fixed, share: 0.001}}
"""


def break_sealed(vault: Path, name: str = "vault-sim") -> None:
    """Let every exam on a dataset break: a file of the sealed part is whole, and too short."""
    np.save(vault / name / "series" / "eth" / "close.npy", np.zeros(3))
    write_hashes(vault / name)


def score_fast(folder: Path) -> Workspace:
    """Make a workspace with the market, and the pipeline as its first trial."""
    workspace = Workspace.open(folder)
    build(workspace, load_spec(SPEC))
    made = Workshop(workspace, "tester").define(FAST)
    perform(str(workspace.root), "backtest", {"pipeline": made["pipeline"], "agent": "tester"})
    return workspace
