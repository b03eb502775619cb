"""Refits that cannot be learned from: the model before goes on, counted and said; the first is an error with its dates."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from factory.core.errors import FlowError
from factory.core.times import DAY, moment
from factory.expressions.columns import Columns
from factory.learning.decision_table import DecisionTable, read_decisions
from factory.learning.refits import predict_with_refits
from factory.market.build import build
from factory.market.dataset import open_partition
from factory.market.spec import load_spec
from factory.pipeline import parse
from factory.storage.workspace import Workspace
from factory.tasks import perform
from factory.vault import exam
from factory.workshop import Workshop
from tests.market.bars import SPEC, csv, rows
from tests.workshop.market import BINARY

DAYS = 50
HOLED = (
    SPEC.replace("2024-01-10, 2024-01-13", "2024-02-10, 2024-02-20")
    .replace("2024-01-07", "2024-01-11")
    .replace("2024-01-10]", "2024-02-10]")
)
DAILY = """\
pipeline: daily
data: small
features: {vol: "std(ret(btc.close, 1), 60)", r: "ret(btc.close, 5)"}
sample: {use: clock, every: 5m}
label: {use: up_down, of: btc, horizon: 5m}
experts: {line: {use: logistic, see: [r, vol]}}
meta: {use: forest, see: [line, r, vol], trees: 5, leaf: 20}
trade: {use: up_or_down, contract: up, edge: 0, size: {use: fixed, share: 0.001}}
refit: {every: 1d, window: 2d}
"""
PIPELINE = parse(BINARY).changed({"refit": {"every": "5d", "window": "5d"}, "meta.trees": 5, "experts.trees.rounds": 2})


@pytest.fixture(scope="module")
def walk(built: Workspace) -> Any:
    """Walks the small market forward with labels that a test may change."""
    parts = [open_partition(built, "small-sim", name) for name in ("train", "validation")]
    history, later = (read_decisions(PIPELINE, Columns(part, None)) for part in parts)

    def run(first: int = 0, before: int = 0) -> Any:
        """All labels of decisions in [first, before) are up."""
        return predict_with_refits(PIPELINE, up(history, first, before), up(later, first, before), Columns(parts[1], None))

    run.start, run.time = parts[1].start, later.time
    return run


def up(of: DecisionTable, first: int, before: int) -> DecisionTable:
    y = np.where((of.time >= first) & (of.time < before) & (of.labels.y >= 0), 1, of.labels.y).astype(np.int8)
    return replace(of, labels=replace(of.labels, y=y))


def test_a_window_of_one_class_leaves_the_model_before_it_in_place(walk: Any) -> None:
    plain, fits = walk()
    every, steps = 5 * DAY, -(-(walk.time[-1] - walk.start) // (5 * DAY))
    assert fits.listing() == {"refits": {"fitted": steps}}
    second = walk.start + every
    p, fits = walk(second, second + every)
    assert fits.listing() == {"refits": {"fitted": steps - 1, "kept": 1, "why": {"one class": 1}}}
    third = (walk.time >= second + every) & (walk.time < second + 2 * every)
    assert np.array_equal(p[~third], plain[~third])
    assert not np.array_equal(p[third], plain[third])


def test_a_first_window_of_one_class_is_named_with_its_dates(walk: Any) -> None:
    with pytest.raises(
        FlowError, match=r"^refit\.window: 5d before 2\S+, from 2\S+, cannot be learned from: label: all \d+ labels"
    ):
        walk(walk.start - 6 * DAY, walk.start)


def workshop_with(tmp_path: Path, *holes: tuple[str, str]) -> Workshop:
    """A market of minutes with some stretches missing."""
    columns = rows(DAYS)
    keep = np.ones(len(columns["timestamp"]), bool)
    for first, before in holes:
        keep &= (columns["timestamp"] < moment(first)) | (columns["timestamp"] >= moment(before))
    csv(tmp_path / "btc.csv", columns, keep)
    workspace = Workspace.open(tmp_path / "workspace")
    build(workspace, load_spec(HOLED), tmp_path)
    return Workshop(workspace, "tester")


def test_a_window_over_a_hole_is_kept_and_said_in_trial_and_exam(tmp_path: Path) -> None:
    workshop = workshop_with(tmp_path, ("2024-01-20T12:00:00Z", "2024-01-22"))
    pipeline = workshop.resolve(str(workshop.define(DAILY)["pipeline"]))
    told = perform(str(workshop.workspace.root), "backtest", {"pipeline": pipeline.id})
    assert told["refits"] == {"fitted": 27, "kept": 1, "why": {"missing rows": 1}}
    known = workshop.find_trial(pipeline)
    assert known is not None
    assert known["refits"] == told["refits"]
    learned = exam.prepare(workshop.workspace, pipeline)
    planned = exam.plan(workshop.workspace, pipeline, workshop.catalog.spec("small").contracts["up"], learned)
    assert planned.scored.fits.listing()["refits"] == told["refits"]
    assert len(planned.scored.result.trades) == told["trades"]


def test_a_first_window_over_a_hole_is_not_called_too_short(tmp_path: Path) -> None:
    workshop = workshop_with(tmp_path, ("2024-01-10T06:00:00Z", "2024-01-11"))
    pipeline = workshop.define(DAILY)["pipeline"]
    with pytest.raises(FlowError) as error:
        perform(str(workshop.workspace.root), "backtest", {"pipeline": pipeline})
    assert error.value.lines == (
        "refit.window: 2d before 2024-01-12, from 2024-01-10, holds 72 labelled decisions, at least 200 are "
        "needed, and 38% of its btc rows are missing; use a window that reaches past them",
    )
