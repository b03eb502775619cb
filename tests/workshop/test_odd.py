"""Odd but legal requests end in an answer or in one clear line."""

from pathlib import Path

import numpy as np
import pytest

from factory.core.errors import FactoryError, FlowError, PipelineError
from factory.core.times import DAY, MINUTE
from factory.expressions.columns import Columns
from factory.learning.decision_table import read_decisions
from factory.market.build import build
from factory.market.dataset import open_partition
from factory.market.spec import load_spec
from factory.pipeline import parse
from factory.storage.workspace import Workspace
from factory.tasks import perform
from factory.workshop import Workshop
from tests.market.bars import DAYS, SPEC, csv, rows

LATE = SPEC.replace("period: 1m,", "period: 1m, delay: 5s,")
PERPETUAL_SPEC = SPEC.replace(
    "split:",
    "  perp: {use: perpetual, of: btc, taker: 0.0005, maker: 0.0002, slippage: 0.0001, funding: 0.0001, leverage: 5}\nsplit:",
)
LATE_PIPELINE = """\
pipeline: late
data: small
features: {logp: log(btc.close), vol: "std(ret(btc.close, 1), 60) * 4", close: btc.close}
sample: {use: cusum, of: logp, threshold: vol}
label: {use: triple_barrier, of: btc, take: 1, stop: 1, unit: vol, horizon: 1h}
meta: {use: forest, see: [close, vol], trees: 10, leaf: 20}
trade: {use: long_or_short, contract: perp, enter: 0.5, exit: {use: barriers}, size: {use: fixed, share: 0.5}}
"""

CLOCKED = """\
pipeline: clocked
data: small
features: {vol: "std(ret(btc.close, 1), 60)", r: "ret(btc.close, 5)"}
sample: {use: clock, every: 5m}
label: {use: up_down, of: btc, horizon: 5m}
meta: {use: forest, see: [r, vol], trees: 10, leaf: 20}
trade: {use: up_or_down, contract: up, edge: 0, size: {use: fixed, share: 0.001}}
"""


def one_line(error: pytest.ExceptionInfo[FactoryError]) -> str:
    [line] = error.value.lines
    return line


@pytest.mark.parametrize(
    ("grid", "told"),
    [
        ({"trade.size.leverage": [2, 50]}, r"trade\.size\.leverage: 50 is above what btc-perpetual allows"),
        ({"label.horizon": ["4h", "2d"]}, r"label\.horizon: 2d spans past the gap"),
    ],
)
def test_a_cell_that_the_dataset_refuses_is_told_before_any_is_tried(
    workshop: Workshop, perpetual: str, do, grid: dict, told: str
) -> None:
    with pytest.raises(PipelineError, match=told):
        do("tune", pipeline=perpetual, grid=grid)
    assert workshop.ledger.position().seq == 0


def test_a_search_of_no_cells_is_refused(binary: str, do) -> None:
    with pytest.raises(FlowError, match="cells: 0"):
        do("tune", pipeline=binary, cells=0)


def test_a_search_without_a_label_is_refused_as_training_is(workshop: Workshop, perpetual: str, do) -> None:
    flat = workshop.resolve_or_derive(perpetual, changes={"features.flat": "btc.close - btc.close", "label.unit": "flat"})
    for kind in ("tune", "train"):
        more = {"grid": {"meta.leaf": [20, 30]}} if kind == "tune" else {}
        with pytest.raises(FlowError) as error:
            do(kind, pipeline=flat, **more)
        assert one_line(error).startswith("label: 0 of 1646 decisions have one, at least 200 are needed")


def test_screening_nothing_is_refused(workshop: Workshop, do) -> None:
    with pytest.raises(PipelineError, match="features: empty"):
        do("rank", features=[])


def test_a_feature_may_be_called_noise(workshop: Workshop, binary: str, do) -> None:
    child = workshop.resolve_or_derive(
        binary, changes={"features.noise": "ret(btc.close, 3)", "meta.see": ["line", "trees", "noise"]}
    )
    do("backtest", pipeline=child)
    for raw in (False, True):
        names = [row[0] for row in do("rank", pipeline=child, raw=raw)["rows"]]
        assert len(names) == len(set(names))
        assert {"noise", "(noise)"} < set(names)


def test_a_refit_window_with_too_few_labels_is_named(workshop: Workshop, perpetual: str, do) -> None:
    short = workshop.resolve_or_derive(perpetual, changes={"refit": {"every": "2d", "window": "2d"}})
    with pytest.raises(FlowError) as error:
        do("backtest", pipeline=short)
    assert one_line(error).startswith("refit.window: 2d before")


def test_a_threshold_that_is_never_positive_is_named(workshop: Workshop, perpetual: str, do) -> None:
    never = workshop.resolve_or_derive(perpetual, changes={"features.below": "0 - btc.close", "sample.threshold": "below"})
    with pytest.raises(FlowError) as error:
        do("train", pipeline=never)
    assert "above 0" in one_line(error)


def test_law_1_events_of_bars_that_are_published_late_are_decided_at_the_next_bar(tmp_path: Path) -> None:
    csv(tmp_path / "btc.csv", rows())
    workspace = Workspace.open(tmp_path / "workspace")
    build(workspace, load_spec(LATE), tmp_path)
    partition = open_partition(workspace, "small", "train")
    decisions = read_decisions(parse(LATE_PIPELINE), Columns(partition, None))
    assert len(decisions.time) > 200
    assert (decisions.time % MINUTE == 0).all()
    assert (decisions.labels.y >= 0).mean() > 0.9
    before = partition.series["btc"].columns["close"][np.searchsorted(partition.series["btc"].time, decisions.time) - 2]
    np.testing.assert_array_equal(decisions.features["close"], before)


def test_law_8_trades_of_unknown_volatility_are_a_group_of_their_own(tmp_path: Path) -> None:
    keep = np.ones(DAYS * DAY // MINUTE, bool)
    keep[8 * DAY // MINUTE + 700] = False
    csv(tmp_path / "btc.csv", rows(), keep)
    workspace = Workspace.open(tmp_path / "workspace")
    build(workspace, load_spec(SPEC), tmp_path)
    workshop = Workshop(workspace, "tester")
    pipeline = str(workshop.define(CLOCKED)["pipeline"])
    trades = perform(str(workspace.root), "backtest", {"pipeline": pipeline})["trades"]
    shown = workshop.show(pipeline, "volatility")["rows"]
    assert [row[0] for row in shown].count("unknown") == 1
    assert not any("nan" in row[0] for row in shown)
    assert len(shown) == 6
    assert sum(row[1] for row in shown) == trades


def test_a_validation_without_a_label_is_scored_and_cannot_be_ranked(tmp_path: Path) -> None:
    csv(tmp_path / "btc.csv", rows())
    workspace = Workspace.open(tmp_path / "workspace")
    build(workspace, load_spec(PERPETUAL_SPEC.replace("2024-01-10", "2024-01-09")), tmp_path)
    slow = LATE_PIPELINE.replace("{use: cusum, of: logp, threshold: vol}", "{use: clock, every: 7m}").replace("1h", "1d")
    pipeline = str(Workshop(workspace, "tester").define(slow)["pipeline"])
    told = perform(str(workspace.root), "backtest", {"pipeline": pipeline})
    assert told["trades"] > 0
    assert "auc" not in told
    with pytest.raises(FlowError, match="label: no decision in validation has one"):
        perform(str(workspace.root), "rank", {"pipeline": pipeline})
