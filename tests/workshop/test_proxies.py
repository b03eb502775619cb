"""Experts that learn another market's windows in the label's place."""

from pathlib import Path

import numpy as np
import pytest

from factory.core.errors import PipelineError
from factory.core.times import DAY, MINUTE
from factory.expressions.columns import Columns
from factory.flow import evaluate, fit
from factory.learning.decision_table import DecisionTable, concatenate, read_decisions
from factory.market.build import build
from factory.market.dataset import open_partition
from factory.market.series import Partition
from factory.market.spec import load_spec
from factory.storage.workspace import Workspace
from factory.tasks import perform
from factory.tuning import cross_validate
from factory.workshop import Workshop
from tests.market.bars import DAYS, SPEC, START, csv, rows

QUARTER = 15 * MINUTE
OUTCOMES = (
    "  done: {kind: values, underlying: PM-15, period: 15m, delay: 15m, source: {use: files, files: done.csv}}\ncontracts:"
)
LONGER = (
    "\n  quarter: {use: binary, of: btc, window: 15m, fee: 0.07, half_spread: 0.005, settle: {use: recorded, of: done}}\nsplit:"
)
PAIRED = SPEC.replace("contracts:", OUTCOMES).replace("\nsplit:", LONGER)
PIPELINE = """\
pipeline: paired
data: small
features: {move: "ret(btc.close, 5)", drawn: "ret(btc.close, 15)", vol: "std(ret(btc.close, 1), 30)"}
sample: {use: clock, every: 5m}
label: {use: up_down, of: btc, horizon: 5m}
experts:
  own: {use: logistic, see: [move, vol]}
  proxy: {use: logistic, see: [move, drawn], target: quarter}
meta: {use: forest, see: [own, proxy], trees: 10, leaf: 50}
trade: {use: up_or_down, contract: up, edge: 0, size: {use: fixed, share: 0.001}}
"""
STARTS = START + QUARTER * np.arange(DAYS * DAY // QUARTER)


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    """Outcomes of windows of fifteen minutes, each tenth of which nobody recorded."""
    bars = rows()
    csv(tmp_path / "btc.csv", bars)
    up = (bars["close"].reshape(-1, 15)[:, -1] >= bars["open"].reshape(-1, 15)[:, 0]).astype(float)
    csv(tmp_path / "done.csv", {"timestamp": STARTS, "up": up}, np.arange(len(STARTS)) % 10 != 3)
    workspace = Workspace.open(tmp_path / "workspace")
    build(workspace, load_spec(PAIRED), tmp_path)
    return Workshop(workspace, "tester")


def decide(workshop: Workshop, name: str = "train", text: str = PIPELINE) -> tuple[Partition, DecisionTable]:
    partition = open_partition(workshop.workspace, "small", name)
    return partition, read_decisions(workshop.resolve(str(workshop.define(text)["pipeline"])), Columns(partition, None))


def test_a_target_is_how_the_running_window_ends_known_when_it_is_over(workshop: Workshop) -> None:
    partition, rows = decide(workshop)
    done, told = partition.series["done"], rows.targets["quarter"]
    running = rows.time // QUARTER * QUARTER
    expected = done.columns["up"][np.searchsorted(done.time, running)]
    known = np.isfinite(expected) & (running + QUARTER <= partition.end)
    np.testing.assert_array_equal(told.y, np.where(known, expected, -1))
    np.testing.assert_array_equal(told.start, running)
    np.testing.assert_array_equal(told.end[known], running[known] + QUARTER)
    assert (told.y < 0).any()


def test_what_a_row_reaches_holds_the_window_that_runs(workshop: Workshop) -> None:
    _, rows = decide(workshop)
    start, end = rows.reach
    assert (start <= rows.time).all()
    assert (np.diff(start) >= 0).all()
    assert (start < rows.time).any(), "a window that runs has begun before"
    assert (end >= rows.labels.end).all()
    assert (end > rows.labels.end).any()


def test_a_proxy_predicts_every_row_and_learns_of_none_that_has_no_outcome(workshop: Workshop) -> None:
    train, rows = decide(workshop)
    pipeline = workshop.resolve(str(workshop.define(PIPELINE)["pipeline"]))
    fitted = fit(pipeline, Columns(train, None))
    assert fitted.model is not None
    known = rows.labels.known
    assert len(fitted.model.oof["proxy"]) == known.sum()
    assert np.isfinite(fitted.model.oof["proxy"]).all()
    own, proxy = fitted.model.oof["own"], fitted.model.oof["proxy"]
    assert not np.array_equal(own, proxy)
    ran, told = rows.take(known).features["drawn"], rows.take(known).targets["quarter"].y
    late = (rows.time[known] % QUARTER == 2 * QUARTER // 3) & (told >= 0)
    agrees = (proxy[late] > 0.5) == (told[late] > 0)
    assert agrees.mean() > 0.7, "two thirds of a window's move are over by its last decision"
    assert np.isfinite(ran).all()
    contract = train.contracts["up"]
    validation = open_partition(workshop.workspace, "small", "validation")
    assert np.isfinite(evaluate(pipeline, contract, fitted, Columns(validation, None)).p).all()


def test_law_6_no_row_trains_what_predicts_a_row_that_its_window_reaches(workshop: Workshop) -> None:
    """Outcomes that are drawn at random cannot be predicted out of fold, whatever neighbours share a window."""
    _, rows = decide(workshop)
    pipeline = workshop.resolve(str(workshop.define(PIPELINE)["pipeline"]))
    coin = np.random.default_rng(5).integers(0, 2, len(STARTS)).astype(np.int8)
    told = rows.targets["quarter"]
    drawn = type(told)(coin[(told.start - START) // QUARTER], told.start, told.end)
    number = (rows.time // QUARTER).astype(float)
    unsafe = type(rows)(
        rows.time,
        {**rows.features, "move": np.sin(number * 7), "drawn": np.cos(number * 7)},
        rows.labels,
        0,
        {},
        0.0,
        {"quarter": drawn},
    )
    from factory.learning.model import fit_model

    sharp = pipeline.changed(
        {"experts.proxy": {"use": "extra_trees", "see": ["move", "drawn"], "leaf": 1, "target": "quarter"}}
    )
    model = fit_model(sharp, unsafe, "made", None)
    kept = unsafe.take(unsafe.labels.known)
    right = (model.oof["proxy"] > 0.5) == (kept.targets["quarter"].y > 0)
    assert abs(right.mean() - 0.5) < 4 * 0.5 / np.sqrt(len(np.unique(kept.targets["quarter"].start)))


def test_targets_join_and_a_search_purges_by_what_they_reach(workshop: Workshop) -> None:
    _, rows = decide(workshop)
    whole = concatenate(rows.take(np.arange(500)), rows.take(np.arange(500, len(rows.time))))
    for name in ("y", "start", "end"):
        np.testing.assert_array_equal(getattr(whole.targets["quarter"], name), getattr(rows.targets["quarter"], name))
    pipeline = workshop.resolve(str(workshop.define(PIPELINE)["pipeline"]))
    assert 0.4 < cross_validate(pipeline, rows, "made", None).auc < 0.6


def test_a_recipe_with_a_proxy_is_refitted_on_what_was_settled_by_then(workshop: Workshop) -> None:
    text = f"{PIPELINE}refit: {{every: 1d, window: 3d}}\n"
    told = perform(str(workshop.workspace.root), "backtest", {"pipeline": str(workshop.define(text)["pipeline"])})
    assert told["refits"]["fitted"] >= 1


def test_a_trial_is_scored_anew_where_the_windows_that_a_proxy_learns_change(workshop: Workshop, tmp_path: Path) -> None:
    pipeline = workshop.resolve(str(workshop.define(PIPELINE)["pipeline"]))
    before = workshop.score_key(pipeline)
    build(
        workshop.workspace,
        load_spec(PAIRED.replace("settle: {use: recorded, of: done}", "price: 0.5").replace("15m, fee", "1h, fee")),
        tmp_path,
    )
    assert workshop.score_key(pipeline) != before


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "target: quarter",
            "target: quarters",
            r"experts\.proxy\.target: no binary contract 'quarters' in small; did you mean 'quarter'",
        ),
        ("target: quarter", "target: 15m", r"experts\.proxy\.target"),
    ],
)
def test_a_target_that_is_no_contract_is_refused(workshop: Workshop, old: str, new: str, told: str) -> None:
    with pytest.raises(PipelineError, match=told):
        workshop.define(PIPELINE.replace(old, new))


def test_a_pipeline_without_targets_has_the_id_that_it_had(workshop: Workshop) -> None:
    plain = PIPELINE.replace(", target: quarter", "")
    assert "target" not in workshop.resolve(str(workshop.define(plain)["pipeline"])).plain()["experts"]["proxy"]
