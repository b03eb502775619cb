"""Down, flat and up the whole way: labels on a book, experts, two forests, trades, null twin, probes and exam."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from factory.core.answers import Answer
from factory.core.errors import PipelineError
from factory.core.times import DAY
from factory.evidence.probes.findings import BLOCK
from factory.evidence.probes.run import probe_validation
from factory.expressions.columns import Columns
from factory.flow import FittedPipeline, Scored, evaluate, fit
from factory.learning.book_labels import mids
from factory.learning.decision_table import read_decisions
from factory.market.build import build
from factory.market.catalog import Catalog
from factory.market.dataset import open_partition
from factory.market.series import Partition
from factory.market.spec import load_spec
from factory.pipeline import Pipeline, parse
from factory.storage.workspace import Workspace
from factory.tasks import perform
from factory.vault import exam
from factory.workshop import Workshop
from tests.workshop.test_networks import SPEC, needs_torch

SPEC_WITH_EDGE = SPEC.replace("edge: 0.25", "edge: 0.1")
PIPELINE = """\
pipeline: three
data: small-book
features: {lean: "mean(imbalance(book, 1), 6)", vol: "std(ret(btc.close, 1), 60)", gone: "mid(book) / mean(mid(book), 30) - 1"}
sample: {use: clock, every: 2m}
label: {use: mid_move, of: btc, book: book, horizon: 5m, flat: 0.33}
experts:
  line: {use: logistic, see: [lean, vol]}
  boost: {use: gradient_boosting, see: [lean, vol, gone], rounds: 10, leaf: 50}
meta: {use: forest, see: [line, boost, gone], trees: 30, leaf: 20, calibrate: sigmoid}
trade: {use: long_or_short, contract: btc-perpetual, enter: 0.4, exit: {use: after, hold: 6m}, size: {use: fixed, share: 0.5}}
"""
AGAINST_PAST = PIPELINE.replace("flat: 0.33", "against: past, flat: 0.33")
EVENTS = PIPELINE.replace("{use: clock, every: 2m}", "{use: events, of: book, every: 240}")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = Workspace.open(tmp_path_factory.mktemp("three"))
    build(workspace, load_spec(SPEC_WITH_EDGE))
    return workspace


@pytest.fixture(scope="module")
def answers(workspace: Workspace) -> dict[str, Answer]:
    workshop = Workshop(workspace, "tester")
    found = {}
    for name, text in (("now", PIPELINE), ("past", AGAINST_PAST), ("events", EVENTS)):
        chosen = str(workshop.define(text)["pipeline"])
        found[name] = perform(str(workspace.root), "backtest", {"pipeline": chosen})
    return found


def scored(workspace: Workspace, text: str) -> tuple[Pipeline, Scored, Partition]:
    pipeline, spec = parse(text), Catalog(workspace).spec("small-book")
    train, validation = (open_partition(workspace, "small-book", part) for part in ("train", "validation"))
    fitted = fit(pipeline, Columns(train))
    return pipeline, evaluate(pipeline, spec.contracts["btc-perpetual"], fitted, Columns(validation)), validation


def test_a_trial_tells_of_all_three_classes(answers: dict[str, Answer]) -> None:
    told = answers["now"]["three_classes"]
    assert set(told) == {"macro_f1", "class_log_loss", "base_class_log_loss", "flat_share"}
    assert told["class_log_loss"] < told["base_class_log_loss"]
    assert answers["now"]["auc"][0] > 0.6
    assert "three_classes" not in str(answers["now"]["probes"])


def test_the_null_twin_tells_what_each_definition_gives_away(answers: dict[str, Answer]) -> None:
    """On a coin market nothing ranks the move from now; the move from the past mean is half known."""
    assert abs(answers["now"]["on_flipped_bars"]["auc"] - 0.5) < 0.01
    assert answers["past"]["on_flipped_bars"]["auc"] > 0.85
    assert answers["past"]["on_flipped_bars"]["excess_auc"] < 0.1 < answers["now"]["on_flipped_bars"]["excess_auc"]


def test_decisions_after_so_many_updates_are_made_when_these_are_known(
    workspace: Workspace, answers: dict[str, Answer]
) -> None:
    train = open_partition(workspace, "small-book", "train")
    rows, book = read_decisions(parse(EVENTS), Columns(train)), train.series["book"]
    updates, day = book.columns["events"], (book.known - 1) // DAY
    passed = []
    for one in np.unique(day):
        seen = np.cumsum(updates[day == one])
        passed += book.known[day == one][np.diff(seen // 240, prepend=0) > 0].tolist()
    passed = np.array(passed)
    minutes = 60_000 * np.unique(-(-passed // 60_000))
    assert rows.time.tolist() == minutes[(minutes >= rows.time[0]) & (minutes <= rows.time[-1])].tolist()
    assert answers["events"]["trades"]


def test_the_threshold_of_train_holds_later(workspace: Workspace) -> None:
    pipeline = parse(PIPELINE)
    train, validation = (open_partition(workspace, "small-book", part) for part in ("train", "validation"))
    history = read_decisions(pipeline, Columns(train))
    assert abs(history.labels.flat.mean() - 0.33) < 0.01
    wild = replace(validation, series={**validation.series, "book": double_moves(validation)})
    for part in (validation, wild):
        assert read_decisions(pipeline, Columns(part), history=history).threshold == history.threshold
    calm, later = (read_decisions(pipeline, Columns(part), history=history).labels for part in (validation, wild))
    assert later.flat.mean() < calm.flat.mean()


def double_moves(partition: Partition) -> object:
    book = partition.series["book"]
    first = float(book.columns["ask_px_1"][0])
    columns = {name: 2 * values - first if "_px_" in name else values for name, values in book.columns.items()}
    return replace(book, columns=columns)


def test_a_side_is_taken_at_its_own_chance_and_pays_half_the_recorded_spread(workspace: Workspace) -> None:
    pipeline, found, validation = scored(workspace, PIPELINE)
    trades = found.result.trades
    up, down = found.p * found.moves, (1 - found.p) * found.moves
    own = np.where(trades.side > 0, up[trades.decision], down[trades.decision])
    assert (own >= pipeline.trade.enter).all()
    assert (own >= np.maximum(up, down)[trades.decision]).all()
    book = validation.series["book"]
    ask, bid = book.columns["ask_px_1"], book.columns["bid_px_1"]
    half, out = ((ask - bid) / (ask + bid))[np.searchsorted(book.known, (trades.entry_ms, trades.exit_ms), side="right") - 1]
    timed = trades.reason == 3
    expected = 0.0001 + half + trades.exit_price / trades.price * (0.0001 + out)
    np.testing.assert_allclose(trades.unit_cost[timed], expected[timed], rtol=0, atol=1e-12)


def test_ranking_tuning_and_predictions_know_three_classes(workspace: Workspace, answers: dict[str, Answer]) -> None:
    pipeline = answers["now"]["pipeline"]
    ranked = perform(str(workspace.root), "rank", {"pipeline": pipeline})
    assert {row[0] for row in ranked["rows"]} == {"line", "boost", "gone", "(noise)"}
    trained = perform(str(workspace.root), "train", {"pipeline": pipeline})
    assert 0.3 < trained["flat_share"] < 0.36
    assert "moves_auc" in trained["forest"]
    tuned = perform(str(workspace.root), "tune", {"pipeline": pipeline, "grid": {"meta.leaf": [20, 200]}})
    assert len(tuned["best"]["rows"]) == 2


@pytest.mark.parametrize("text", [PIPELINE, AGAINST_PAST], ids=["now", "past"])
def test_a_feature_that_knows_the_future_is_refused_under_either_definition(workspace: Workspace, text: str) -> None:
    """The gift of the second definition hides no leak: probes ask by what comes after alone."""
    assert blocked_probes(workspace, text, lambda part: part)[0] == set()
    assert blocked_probes(workspace, text, lean_to_what_comes)[0] & {"P4", "P5"}


def blocked_probes(
    workspace: Workspace, text: str, change: Callable[[Partition], Partition]
) -> tuple[set[str], FittedPipeline]:
    pipeline, contract = parse(text), Catalog(workspace).spec("small-book").contracts["btc-perpetual"]
    past, later = (Columns(change(open_partition(workspace, "small-book", part))) for part in ("train", "validation"))
    fitted = fit(pipeline, past)
    rows = evaluate(pipeline, contract, fitted, later)
    findings = probe_validation(pipeline, fitted.history, rows.rows, (past, later), rows.p, rows.result.metrics["auc"], None)
    return {one.probe for one in findings if one.severity == BLOCK}, fitted


def lean_to_what_comes(partition: Partition) -> Partition:
    """Sizes that lean to where the mid goes in the next five minutes, as where a centred mean smoothed them."""
    book = partition.series["book"]
    mid = mids(book)
    ahead = np.tanh((np.append(mid[30:], np.full(30, mid[-1])) - mid) / 20)
    leaning = {"bid_qty_1": 1 + 0.3 * ahead, "ask_qty_1": 1 - 0.3 * ahead}
    columns = {name: values * leaning.get(name, 1.0) for name, values in book.columns.items()}
    return replace(partition, fingerprint="early", series={**partition.series, "book": replace(book, columns=columns)})


def test_an_exam_judges_the_direction_of_what_moved(workspace: Workspace) -> None:
    pipeline, spec = parse(PIPELINE), Catalog(workspace).spec("small-book")
    contract = spec.contracts["btc-perpetual"]
    fitted = exam.prepare(workspace, pipeline)
    planned = exam.plan(workspace, pipeline, contract, fitted)
    examined = exam.examine(
        pipeline, contract, fitted, planned.partition, planned.information, planned.price, planned.wager, seed=1
    )
    losses = exam.log_losses(examined, fitted.base_rate)
    assert losses["log_loss"] < min(losses["climatology"], losses["null_log_loss"])
    assert abs(losses["null_log_loss"] - np.log(2)) < 0.01
    judged = exam.judge(examined, planned, fitted.base_rate, 0.05, 10.0, 10.0)
    assert judged.checks["model"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("book: book, horizon", "book: boko, horizon", "label.book: no order book 'boko' in small-book; did you mean 'book'?"),
        (
            "flat: 0.33",
            "flat: 0.33, threshold: 0.001",
            "a mid_move needs exactly one of threshold and flat, such as flat: 0.33",
        ),
        ("of: btc, book", "of: book, book", "label.of: no series of bars 'book' in small-book"),
        ("horizon: 5m", "horizon: 30s", "label.horizon: 30s is not whole bars of 1m; write a multiple of 1m"),
        ("{use: clock, every: 2m}", "{use: events, of: btc, every: 5}", "sample.of: no order book 'btc' in small-book"),
        (
            "use: mid_move, of: btc, book: book, horizon: 5m, flat: 0.33",
            "use: up_down, of: btc, horizon: 5m",
            "trade.enter: 0.4 is below one half, so that both sides could be taken; write 0.5 or more",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_its_mend(workspace: Workspace, old: str, new: str, said: str) -> None:
    assert old in PIPELINE
    with pytest.raises(PipelineError) as refused:
        Workshop(workspace, "tester").define(PIPELINE.replace(old, new))
    assert said in str(refused.value)


NETWORK_ALONE = """\
pipeline: net-alone
data: small-book
features: {vol: "std(ret(btc.close, 1), 60)"}
sample: {use: clock, every: 2m}
label: {use: mid_move, of: btc, book: book, horizon: 5m, flat: 0.33}
experts: {net: {use: bin_ctabl, book: book, levels: 5, steps: 20, epochs: 2, cross_fit: holdout}}
meta: {use: forest, see: [net, vol], trees: 20, leaf: 20}
trade: {use: long_or_short, contract: btc-perpetual, enter: 0.4, exit: {use: after, hold: 6m}, size: {use: fixed, share: 0.5}}
"""


@needs_torch
def test_a_network_tells_three_classes_apart_and_its_book_is_probed_without_a_feature_of_it(workspace: Workspace) -> None:
    blocked, fitted = blocked_probes(workspace, NETWORK_ALONE, lambda part: part)
    assert blocked == set()
    assert blocked_probes(workspace, NETWORK_ALONE, lean_to_what_comes)[0] & {"P4", "P5"}
    assert fitted.model is not None
    predicted = fitted.model.oof["net"]
    assert predicted.shape[1] == 3
    np.testing.assert_allclose(predicted[~np.isnan(predicted[:, 0])].sum(axis=1), 1.0, atol=1e-9)
