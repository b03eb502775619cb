"""Networks on an order book inside a pipeline: shown the past alone, trained, scored, and refused with the mend."""

from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from factory.core.errors import FlowError, PipelineError
from factory.expressions.columns import Columns
from factory.learning.book_windows import STANDARD_ROWS, read_windows
from factory.learning.decision_table import concatenate, read_decisions
from factory.learning.model import fit_model
from factory.market.build import build
from factory.market.dataset import open_partition
from factory.market.series import Partition
from factory.market.spec import load_spec
from factory.pipeline import Pipeline, parse
from factory.statistics.roc_auc import auc
from factory.storage.workspace import Workspace
from factory.tasks import perform
from factory.workshop import Workshop

SPEC = """\
dataset: small-book
confirmed: true
simulated: {market: book, seed: 3, start: 2024-01-01, days: 8, edge: 0.25}
series:
  btc: {kind: bars, underlying: SMALL-BOOK, period: 1m}
  book: {kind: depth, underlying: SMALL-BOOK, period: 10s, levels: 5}
contracts:
  btc-perpetual: {use: perpetual, of: btc, taker: 0.0001, maker: 0, slippage: 0, book: book, funding: 0.0001, leverage: 5}
split:
  train: [2024-01-01, 2024-01-04]
  validation: [2024-01-04, 2024-01-06]
  sealed: [2024-01-06, 2024-01-09]
looks: 5
"""
NETWORK = """\
pipeline: small-net
data: small-book
features: {lean: "imbalance(book, 1)", vol: "std(ret(btc.close, 1), 60)"}
sample: {use: clock, every: 2m}
label: {use: up_down, of: btc, horizon: 10m}
experts:
  line: {use: logistic, see: [lean, vol]}
  net: {use: bin_ctabl, book: book, levels: 5, steps: 20, epochs: 2}
meta: {use: forest, see: [line, net], trees: 10, leaf: 20}
trade: {use: long_or_short, contract: btc-perpetual, enter: 0.55, exit: {use: after, hold: 10m}, size: {use: fixed, share: 0.5}}
"""
needs_torch = pytest.mark.skipif(find_spec("torch") is None, reason="needs torch: the extra `deep`")


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = Workspace.open(tmp_path_factory.mktemp("book"))
    build(workspace, load_spec(SPEC))
    return workspace


@pytest.fixture(scope="module")
def train(book: Workspace) -> Partition:
    return open_partition(book, "small-book", "train")


@pytest.fixture
def workshop(book: Workspace, tmp_path: Path) -> Workshop:
    workspace = Workspace.open(tmp_path / "workspace")
    (workspace.datasets / "small-book").symlink_to(book.datasets / "small-book")
    return Workshop(workspace, "tester")


def decisions(partition: Partition) -> np.ndarray:
    return np.arange(partition.start, partition.end, 600_000, dtype=np.int64)


def test_law_1_a_window_holds_only_rows_that_were_known(train: Partition) -> None:
    part, times = parse(NETWORK).experts["net"], decisions(train)
    windows, there = read_windows(part, Columns(train), times)
    known = train.series["book"].known
    assert (known[windows.ends[there] - 1] <= times[there]).all()
    assert (known[windows.ends[there]] > times[there]).all(), "up to the last of them"
    assert not there[0], "rows before are too few to be standardised by"
    assert there[times >= train.start + 10_000 * (STANDARD_ROWS + part.steps)].all()


def test_law_2_what_comes_later_changes_no_window(train: Partition) -> None:
    part, times = parse(NETWORK).experts["net"], decisions(train)
    windows, there = read_windows(part, Columns(train), times)
    cut = int(np.searchsorted(train.series["book"].time, times[len(times) // 2]))
    wild = {
        name: np.where(np.arange(len(values)) >= cut, values * 1.5, values)
        for name, values in train.series["book"].columns.items()
    }
    altered = replace(train, series={**train.series, "book": replace(train.series["book"], columns=wild)})
    others, _ = read_windows(part, Columns(altered), times)
    before = np.flatnonzero(there & (windows.ends <= cut))
    np.testing.assert_array_equal(windows.batch(before), others.batch(before))
    assert not np.array_equal(windows.batch(np.flatnonzero(there)), others.batch(np.flatnonzero(there)))


def test_law_8_a_decision_whose_window_spans_a_gap_is_dropped_and_counted(train: Partition) -> None:
    pipeline, series = parse(NETWORK), train.series["book"]
    whole = read_decisions(pipeline, Columns(train))
    gap = slice(15_000, 15_006)
    holed = {
        name: np.where(np.isin(np.arange(len(values)), np.r_[gap]), np.nan, values) for name, values in series.columns.items()
    }
    cut = replace(train, series={**train.series, "book": replace(series, columns=holed)})
    kept = read_decisions(pipeline, Columns(cut))
    lost = set(whole.time) - set(kept.time)
    assert kept.dropped - whole.dropped == len(lost) > 0
    first, last = series.known[15_000], series.known[15_005 + pipeline.experts["net"].steps + STANDARD_ROWS]
    assert all(first <= at <= last for at in lost)


def test_a_book_shorter_than_a_window_shows_nothing(train: Partition) -> None:
    part, times = parse(NETWORK).experts["net"], decisions(train)
    book = train.series["book"]
    rows = slice(0, part.steps - 1)
    short = replace(
        book,
        time=book.time[rows],
        known=book.known[rows],
        columns={name: values[rows] for name, values in book.columns.items()},
    )
    cut = replace(train, series={**train.series, "book": short}, fingerprint="short")
    windows, there = read_windows(part, Columns(cut), times)
    assert len(windows) == len(times)
    assert not there.any()


def test_rows_are_chosen_and_joined_with_their_windows(book: Workspace, train: Partition) -> None:
    pipeline = parse(NETWORK)
    parts = [train, open_partition(book, "small-book", "validation")]
    first, second = (read_decisions(pipeline, Columns(part)) for part in parts)
    both = concatenate(first, second)
    some = np.arange(0, len(both.time), 7)
    np.testing.assert_array_equal(both.take(some).windows["net"].batch(np.arange(3)), first.windows["net"].batch(some[:3]))
    last = len(both.time) - 1
    np.testing.assert_array_equal(
        both.windows["net"].batch(np.array([last])), second.windows["net"].batch(np.array([len(second.time) - 1]))
    )


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"experts.net.book": "btc"}, "experts.net.book: no order book 'btc' in small-book; allowed: book"),
        ({"experts.net.levels": 10}, "experts.net.levels: 10, and book has 5; write levels: 5"),
    ],
)
def test_a_book_that_is_not_there_is_refused(workshop: Workshop, changes: dict[str, object], told: str) -> None:
    with pytest.raises(PipelineError) as refused:
        workshop.define(parse(NETWORK).changed(changes).plain())
    assert told in str(refused.value)


@pytest.mark.skipif(find_spec("torch") is not None, reason="is about what comes without torch")
def test_without_torch_one_line_names_the_extra(workshop: Workshop) -> None:
    made = workshop.define(NETWORK)
    with pytest.raises(FlowError, match=r'pip install "random-forest-cat\[deep\]"'):
        perform(str(workshop.workspace.root), "backtest", {"pipeline": made["pipeline"], "agent": "tester"})


@needs_torch
def test_a_network_is_scored_and_the_same_again_is_the_same(workshop: Workshop, book: Workspace, train: Partition) -> None:
    made = workshop.define(NETWORK)
    told = perform(str(workshop.workspace.root), "backtest", {"pipeline": made["pipeline"], "agent": "tester"})
    assert told["auc"][0] > 0.55
    rows = read_decisions(parse(NETWORK), Columns(train))
    models = [fit_model(parse(NETWORK), rows, train.fingerprint, None) for _ in range(2)]
    np.testing.assert_array_equal(models[0].predict(parse(NETWORK), rows), models[1].predict(parse(NETWORK), rows))
    assert not (workshop.workspace.cache / "checkpoints").exists() or not any(
        (workshop.workspace.cache / "checkpoints").iterdir()
    )


@needs_torch
def test_law_6_rows_that_a_held_out_network_was_fitted_on_teach_the_forest_nothing(train: Partition) -> None:
    pipeline = Pipeline.of(parse(NETWORK).plain() | {}).changed({"experts.net.cross_fit": "holdout"})
    rows = read_decisions(pipeline, Columns(train))
    model = fit_model(pipeline, rows, train.fingerprint, None)
    fitted_on = np.isnan(model.oof["net"])
    assert 0.5 < fitted_on.mean() < 0.65
    assert fitted_on[: int(0.5 * len(fitted_on))].all()
    assert model.meta.holdout["rows"] <= 0.2 * (~fitted_on).sum() + 1


@needs_torch
def test_a_held_out_network_is_told_by_the_rows_that_it_predicted(workshop: Workshop, train: Partition) -> None:
    pipeline = parse(NETWORK).changed({"experts.net.cross_fit": "holdout"})
    told = perform(
        str(workshop.workspace.root), "train", {"pipeline": workshop.define(pipeline.plain())["pipeline"], "agent": "t"}
    )
    scores = {row[0]: row[1:] for row in told["experts"]["rows"]}
    rows = read_decisions(pipeline, Columns(train))
    rows = rows.take(rows.labels.y >= 0)
    p = fit_model(pipeline, rows, train.fingerprint, None).oof["net"]
    held = ~np.isnan(p)
    area = auc(rows.labels.y[held], p[held])
    assert area
    assert scores["net"][0] == pytest.approx(area.value, abs=1e-3)
    assert 0 < scores["net"][1] < 2


@needs_torch
def test_what_a_network_sees_cannot_be_shuffled(workshop: Workshop) -> None:
    root = str(workshop.workspace.root)
    made = perform(root, "backtest", {"pipeline": workshop.define(NETWORK)["pipeline"], "agent": "tester"})
    with pytest.raises(FlowError, match="what net sees of its book is no feature"):
        perform(root, "rank", {"pipeline": made["pipeline"], "raw": True, "agent": "tester"})
    assert perform(root, "rank", {"pipeline": made["pipeline"], "agent": "tester"})["rows"]


def test_what_is_missing_to_train_is_told_where_a_network_is_defined(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("factory.learning.networks.architecture.find_spec", lambda name: None)
    (line,) = workshop.define(NETWORK)["warnings"]
    assert (
        line
        == 'experts: networks need torch, which is not installed; a person runs .venv/bin/pip install -e ".[deep]" in a checkout, or pip install "random-forest-cat[deep]"'
    )
    monkeypatch.setattr("factory.learning.networks.architecture.find_spec", lambda name: name)
    assert "warnings" not in workshop.define(NETWORK)
