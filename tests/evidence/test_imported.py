"""Faults of the import mark the trials that trade across or read them, until a person declares them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from factory.core.answers import Answer
from factory.core.errors import SealError
from factory.core.times import DAY, MINUTE, iso
from factory.market.build import build
from factory.market.spec import DatasetSpec, load_spec
from factory.storage.workspace import Workspace
from factory.tasks import perform
from factory.vault.client import vault_client
from factory.vault.reviewer import appoint
from factory.workshop import Workshop
from tests.market.bars import SPEC, START, csv, rows
from tests.market.test_faults import Columns, still

PERPETUAL = (
    "  perp: {use: perpetual, of: btc, taker: 0.0005, maker: 0.0002, slippage: 0.0001, funding: 0.0001, leverage: 5}\nsplit:"
)
AT = 8 * DAY // MINUTE + 780
WHEN = iso(START + AT * MINUTE)
HOLD = """\
pipeline: hold
data: small
features: {r: "ret(btc.close, 60)", vol: "std(ret(btc.close, 1), 60)"}
sample: {use: clock, every: 5m}
label: {use: fixed_return, of: btc, horizon: 4h}
meta: {use: forest, see: [r, vol], trees: 10, leaf: 20}
trade: {use: long_or_short, contract: perp, enter: 0.5, exit: {use: after, hold: 4h}, size: {use: fixed, share: 0.5}}
"""
FLIP = """\
pipeline: flip
data: small
features: {r: "ret(btc.close, 5)"}
sample: {use: clock, every: 5m}
label: {use: up_down, of: btc, horizon: 5m}
meta: {use: forest, see: [r], trees: 10, leaf: 20}
trade: {use: up_or_down, contract: up, edge: 0, size: {use: fixed, share: 0.001}}
"""
BURST = FLIP.replace('"ret(btc.close, 5)"', '"zscore(btc.volume, 60)"').replace("pipeline: flip", "pipeline: burst")


def scaled(at: int) -> Columns:
    columns = rows()
    for name in ("open", "high", "low", "close"):
        columns[name][at:] *= 1000
    columns["volume"][at:] /= 1000
    return columns


def dataset(declared: str = "") -> DatasetSpec:
    text = SPEC.replace("split:", PERPETUAL)
    return load_spec(text.replace("files: btc.csv}", f"files: btc.csv}}{declared}"))


def trial(folder: Path, columns: Columns, pipeline: str, declared: str = "") -> Answer:
    csv(folder / "btc.csv", columns)
    workspace = Workspace.open(folder / "workspace")
    build(workspace, dataset(declared), folder)
    chosen = str(Workshop(workspace, "tester").define(pipeline)["pipeline"])
    return perform(str(workspace.root), "backtest", {"pipeline": chosen})


def lines_of(answer: Mapping[str, Any], severity: str) -> list[str]:
    probes = answer["probes"]
    lines = probes.get(severity, []) if isinstance(probes, Mapping) else []
    return [line for line in lines if line.startswith("data:")]


@pytest.mark.parametrize("pipeline", [HOLD, FLIP], ids=["perpetual", "binary"])
def test_a_trial_that_trades_across_a_jump_is_blocked_until_it_is_declared(tmp_path: Path, pipeline: str) -> None:
    # Every five minutes a window opens; the jump lies inside one.
    at = AT + 2
    when = iso(START + at * MINUTE)
    told = trial(tmp_path, scaled(at), pipeline)
    [line] = lines_of(told, "block")
    assert f"price jumps x1000 at {when}" in line
    assert "lie across it" in line
    assert "probes: data" in str(told["ready"])
    declared = trial(tmp_path, scaled(at), pipeline, f", adjust: [{{at: {when}, factor: 1000}}]")
    assert lines_of(declared, "block") == lines_of(declared, "warn") == []
    assert abs(declared["return"]) < 1


def test_a_blocked_trial_is_refused_a_look_and_a_genuine_jump_is_not(tmp_path: Path) -> None:
    trial(tmp_path, scaled(AT + 2), HOLD)
    workspace = Workspace.open(tmp_path / "workspace")
    appoint(Workshop(workspace, "tester").ledger, "correct horse battery")
    asked = {"pipeline": "hold", "claim": 0.1, "why": "w", "model": "some model", "cutoff": "2023", "agent": "tester"}
    try:
        with pytest.raises(SealError, match=r"data: series\.btc: price jumps x1000"):
            perform(str(workspace.root), "submit", asked)
    finally:
        vault_client(workspace).close()
    again = trial(tmp_path, scaled(AT + 2), HOLD, f", adjust: [{{at: {iso(START + (AT + 2) * MINUTE)}, factor: 1}}]")
    assert lines_of(again, "block") == []


def test_a_jump_before_validation_warns_of_what_features_and_labels_saw(tmp_path: Path) -> None:
    told = trial(tmp_path, scaled(3 * DAY // MINUTE), FLIP)
    assert lines_of(told, "block") == []
    [line] = lines_of(told, "warn")
    assert "features and labels reach across it" in line


def test_a_feature_on_a_faulty_column_is_named_and_others_are_not(tmp_path: Path) -> None:
    columns = rows()
    columns["volume"][: DAY // MINUTE] = 0.0
    told = trial(tmp_path, columns, BURST)
    [line] = lines_of(told, "warn")
    assert "features r: read series 'btc', whose volume is 0 in 11.1% of the bars though prices move" in line
    assert lines_of(told, "block") == []
    assert lines_of(trial(tmp_path, columns, FLIP), "warn") == []


def test_trades_in_bars_that_stood_still_are_counted(tmp_path: Path) -> None:
    columns = rows()
    for name in ("open", "high", "low", "close", "volume"):
        columns[name][AT : AT + 90] = columns[name][AT]
    [line] = lines_of(trial(tmp_path, columns, FLIP), "warn")
    assert "trades are open while bars repeat unchanged" in line
    assert lines_of(trial(tmp_path, still(rows()), FLIP), "warn") == [], "a stretch in train is nobody's trade"


def test_train_tells_what_it_learned_from(tmp_path: Path) -> None:
    csv(tmp_path / "btc.csv", scaled(3 * DAY // MINUTE))
    workspace = Workspace.open(tmp_path / "workspace")
    build(workspace, dataset(), tmp_path)
    pipeline = str(Workshop(workspace, "tester").define(FLIP)["pipeline"])
    told = perform(str(workspace.root), "train", {"pipeline": pipeline})
    assert "reach across it" in lines_of(told, "warn")[0]
    assert np.isfinite(told["forest"]["auc"])
