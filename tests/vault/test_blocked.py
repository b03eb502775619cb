"""A probe that blocks, from the trial to the refusal, and a person who waives it."""

from pathlib import Path

import numpy as np
import pytest

from factory.core.errors import SealError
from factory.market.build import build
from factory.storage.workspace import Workspace
from factory.tasks import perform
from factory.vault.client import vault_client
from factory.vault.grants import waive
from factory.vault.reviewer import appoint, unlock
from factory.workshop import Workshop
from tests.market.bars import csv, rows, spec

PASSPHRASE = "correct horse battery"

TIDE = """\
pipeline: tide
data: small
features: {sin: hour_sin(), cos: hour_cos()}
sample: {use: clock, every: 5m}
label: {use: up_down, of: btc, horizon: 5m}
meta: {use: forest, see: [sin, cos], trees: 10, leaf: 50}
trade: {use: up_or_down, contract: up, edge: 0, size: {use: fixed, share: 0.001}}
"""


def test_p3_refuses_what_ranks_labels_however_they_are_shifted(tmp_path: Path) -> None:
    """A price that swings once a day: the hour ranks its labels, and ranks them shifted by any time as well."""
    columns = rows()
    minute = np.arange(len(columns["close"]))
    swing = 0.02 * np.sin(2 * np.pi * minute / 1_440)
    close = 100 * np.exp(swing + 1e-5 * np.random.default_rng(0).normal(size=len(minute)))
    opened = np.concatenate(([100.0], close[:-1]))
    high, low = np.maximum(opened, close) * 1.0002, np.minimum(opened, close) * 0.9998
    csv(tmp_path / "btc.csv", {**columns, "open": opened, "high": high, "low": low, "close": close})
    workspace = Workspace.open(tmp_path / "workspace")
    workshop = Workshop(workspace, "tester")
    build(workspace, spec(), tmp_path)
    pipeline = str(workshop.define(TIDE)["pipeline"])
    told = perform(str(workspace.root), "backtest", {"pipeline": pipeline})
    assert "P5: AUC" in str(told["probes"]["block"])
    appoint(workshop.ledger, PASSPHRASE)

    def submit() -> str:
        asked = {"pipeline": pipeline, "claim": 0.1, "why": "tides", "model": "some model", "cutoff": "2023", "agent": "tester"}
        with pytest.raises(SealError) as refused:
            perform(str(workspace.root), "submit", asked)
        return str(refused.value)

    try:
        assert "P5: AUC" in submit()
        waive(workshop.ledger, unlock(workshop.ledger, PASSPHRASE), pipeline, "P5", "it is a tide")
        assert "P6: features.cos" in submit()
        waive(workshop.ledger, unlock(workshop.ledger, PASSPHRASE), pipeline, "P6", "the same tide")
        assert "P3: labels shifted in time are still ranked" in submit()
    finally:
        vault_client(workspace).close()
    assert workshop.ledger.of_kinds(("look",)) == []
