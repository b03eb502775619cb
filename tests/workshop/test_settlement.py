"""A binary contract that other rows than its bars settle, from the dataset file to the score."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from factory.backtest.null_labels import Questions
from factory.core.errors import FlowError
from factory.core.times import DAY, MINUTE
from factory.evidence.null_twin import label_questions
from factory.evidence.probes.strike import check_known_strike
from factory.expressions.columns import Columns
from factory.flow import evaluate, fit
from factory.learning.decision_table import read_decisions
from factory.market.build import build
from factory.market.contracts import Binary
from factory.market.dataset import open_partition
from factory.market.series import Partition
from factory.market.settlement import settle_windows
from factory.market.spec import load_spec
from factory.storage.cache import UNLIMITED, Cache
from factory.storage.workspace import Workspace
from factory.tasks import perform
from factory.vault.frozen_binary import FrozenBinary
from factory.vault.primary import freeze
from factory.vault.sealed_data import open_sealed
from factory.workshop import Workshop
from tests.market.bars import DAYS, SPEC, START, csv, rows

WINDOW = 5 * MINUTE
OUTCOMES = (
    "  done: {kind: outcomes, underlying: PM-DONE, period: 5m, delay: 0, source: {use: files, files: done.csv}}\ncontracts:"
)
SETTLED = SPEC.replace("contracts:", OUTCOMES).replace("price: 0.5", "price: 0.5, settle: {use: recorded, of: done}")
PIPELINE = """\
pipeline: settled
data: small
features: {move: "ret(btc.close, 5)", vol: "std(ret(btc.close, 1), 30)"}
sample: {use: clock, every: 5m}
label: {use: up_down, of: btc, horizon: 5m}
meta: {use: forest, see: [move, vol], trees: 10, leaf: 50}
trade: {use: up_or_down, contract: up, edge: 0, size: {use: fixed, share: 0.001}}
"""
STARTS = START + WINDOW * np.arange(DAYS * DAY // WINDOW)


def flips(share: float, seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).random(len(STARTS)) < share


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """Bars, and outcomes that differ from them in a tenth of the windows; each fortieth is void."""
    bars = rows()
    csv(tmp_path / "btc.csv", bars)
    up = (bars["close"].reshape(-1, 5)[:, -1] >= bars["open"].reshape(-1, 5)[:, 0]).astype(float)
    up = np.where(flips(0.1), 1 - up, up)
    up[::40] = 0.5
    csv(tmp_path / "done.csv", {"timestamp": STARTS, "up": up})
    return tmp_path


def opened(sources: Path, text: str = SETTLED) -> Workshop:
    workspace = Workspace.open(sources / "workspace")
    build(workspace, load_spec(text), sources)
    return Workshop(workspace, "tester")


def truth(partition: Partition, times: np.ndarray) -> np.ndarray:
    done = partition.series["done"]
    return done.columns["up"][np.searchsorted(done.time, times)]


def test_labels_trades_and_the_exam_take_their_truth_from_what_was_recorded(sources: Path) -> None:
    workshop = opened(sources)
    pipeline = workshop.resolve(str(workshop.define(PIPELINE)["pipeline"]))
    train, validation = (open_partition(workshop.workspace, "small", name) for name in ("train", "validation"))
    rows = read_decisions(pipeline, Columns(validation, None))
    told = truth(validation, rows.time)
    np.testing.assert_array_equal(rows.labels.y, np.where(told == 0.5, -1, told))
    contract = validation.contracts["up"]
    assert isinstance(contract, Binary)
    scored = evaluate(pipeline, contract, fit(pipeline, Columns(train, None)), Columns(validation, None))
    trades = scored.result.trades
    np.testing.assert_array_equal(
        trades.exit_price, np.where(trades.side > 0, truth(validation, trades.entry_ms), 1 - truth(validation, trades.entry_ms))
    )
    assert (trades.exit_price == 0.5).any(), "void windows pay half"
    frozen = freeze(pipeline, contract, validation, scored, 1e9, 0.5, 0)
    np.testing.assert_array_equal(frozen.won, trades.exit_price == 1)  # type: ignore[attr-defined]


def test_how_often_bars_say_otherwise_stands_on_every_answer(sources: Path) -> None:
    workshop = opened(sources)
    pipeline = str(workshop.define(PIPELINE)["pipeline"])
    told = perform(str(workshop.workspace.root), "backtest", {"pipeline": pipeline})
    spec = workshop.catalog.spec("small")
    inside = (spec.bounds("train")[0] <= STARTS) & (spec.bounds("validation")[1] - WINDOW >= STARTS)
    compared = inside & (np.arange(len(STARTS)) % 40 != 0)
    otherwise = (flips(0.1) & compared).sum()
    says = f"settled as recorded in done, of which bars miss {otherwise / compared.sum():.2%} of {compared.sum():,} windows"
    assert told["price"] == f"at an assumed price of 0.50, {says}"
    assert says in workshop.describe("small")["contracts"]["up"]
    assert workshop.show(pipeline)["score"]["price"] == told["price"]


@pytest.mark.parametrize("which", ["random", "after falls"])
def test_windows_without_an_outcome_are_told_before_a_look_is_spent_on_them(sources: Path, which: str) -> None:
    """How many there are, whether bars went another way in them, and what they leave of a claim."""
    bars = rows()
    rose = bars["close"][4::5] >= bars["open"][::5]
    lost = np.random.default_rng(1).random(len(STARTS)) < (0.3 if which == "random" else np.where(rose, 0.0, 0.6))
    up = np.where(rose, 1.0, 0.0)
    csv(sources / "done.csv", {"timestamp": STARTS[~lost], "up": up[~lost]})
    workshop = opened(sources)
    counted = workshop.catalog.meta("small")["settled"]["up"]
    spec = workshop.catalog.spec("small")
    inside = (spec.bounds("train")[0] <= STARTS) & (spec.bounds("validation")[1] - WINDOW >= STARTS)
    holes = int((lost & inside).sum())
    assert holes - 2 <= counted["unsettled"] <= holes, "the last ones are not yet known"
    line = workshop.describe("small")["contracts"]["up"]
    assert f"{counted['unsettled']:,} have no outcome" in line
    assert "one that is wanted counts as lost in a look" in line
    assert ("are no random ones" in line) == (which == "after falls")
    pipeline = str(workshop.define(PIPELINE)["pipeline"])
    told = perform(str(workshop.workspace.root), "backtest", {"pipeline": pipeline})
    entry = workshop.ledger.find_trial(pipeline, workshop.score_key(workshop.resolve(pipeline)))
    assert entry is not None
    unsettled, trades = entry.payload["metrics"]["unsettled"], entry.payload["metrics"]["trades"]
    share = unsettled / (unsettled + trades)
    assert told["unsettled"] == f"{unsettled:.0f} wanted windows have no outcome ({share:.1%}); a look counts such as lost"
    validation = open_partition(workshop.workspace, "small", "validation")
    contract = validation.contracts["up"]
    assert isinstance(contract, Binary)
    one = workshop.resolve(pipeline)
    train = open_partition(workshop.workspace, "small", "train")
    scored = evaluate(one, contract, fit(one, Columns(train, None)), Columns(validation, None))
    frozen = freeze(one, contract, validation, scored, 1e9, 0.5, 0)
    assert isinstance(frozen, FrozenBinary)
    assert len(frozen.paid) == trades + unsettled, "planned as they are examined"


def test_labels_change_with_what_settles_them_whatever_was_cached(sources: Path) -> None:
    workshop = opened(sources)
    before = workshop.catalog.fingerprint("small", "train")
    build(workshop.workspace, load_spec(SETTLED.replace(", settle: {use: recorded, of: done}", "")), sources)
    assert workshop.catalog.fingerprint("small", "train") != before


def test_p12_blocks_labels_that_a_known_strike_predicts_at_a_fixed_price(sources: Path) -> None:
    """Averages settle, and the outcomes are all that is recorded of it: the last minute's move is half over at the start."""
    bars = rows()
    mean = (bars["open"] + bars["high"] + bars["low"] + bars["close"]) / 4
    up = np.full(len(STARTS), np.nan)
    up[1:] = mean[4::5][1:] >= mean[4::5][:-1]
    csv(sources / "done.csv", {"timestamp": STARTS[1:], "up": up[1:]})
    workshop = opened(sources)
    pipeline = workshop.resolve(str(workshop.define(PIPELINE)["pipeline"]))
    perform(str(workshop.workspace.root), "backtest", {"pipeline": pipeline.id})
    entry = workshop.ledger.find_trial(pipeline.id, workshop.score_key(pipeline))
    assert entry is not None
    (line,) = [line for line in entry.payload["probes"]["block"] if line.startswith("P12")]
    assert "the side that is ahead when the window opens wins" in line


def test_p12_lets_honest_outcomes_pass(sources: Path) -> None:
    workshop = opened(sources)
    pipeline = workshop.resolve(str(workshop.define(PIPELINE)["pipeline"]))
    perform(str(workshop.workspace.root), "backtest", {"pipeline": pipeline.id})
    entry = workshop.ledger.find_trial(pipeline.id, workshop.score_key(pipeline))
    assert entry is not None
    assert not entry.payload["probes"].get("block")
    kept = Cache(workshop.workspace.runs, limit=UNLIMITED).get(workshop.run_id(pipeline, "trial"))
    assert kept is not None
    assert set(np.unique(kept["y"])) == {-1, 0, 1}


def test_the_sealed_part_is_settled_by_the_same_record(sources: Path) -> None:
    workshop = opened(sources)
    pipeline = workshop.resolve(str(workshop.define(PIPELINE)["pipeline"]))
    sealed = open_sealed(workshop.workspace, "small")
    rows = read_decisions(pipeline, Columns(sealed, None))
    told = truth(sealed, rows.time)
    known = rows.time + WINDOW <= sealed.end
    np.testing.assert_array_equal(rows.labels.y[known], np.where(told == 0.5, -1, told)[known])
    contract = sealed.contracts["up"]
    train = open_partition(workshop.workspace, "small", "train")
    trades = evaluate(pipeline, contract, fit(pipeline, Columns(train, None)), Columns(sealed, None)).result.trades
    paid = truth(sealed, trades.entry_ms)
    np.testing.assert_array_equal(trades.exit_price, np.where(trades.side > 0, paid, 1 - paid))


def test_a_contract_on_other_terms_than_its_dataset_has_is_refused(sources: Path) -> None:
    workshop = opened(sources)
    pipeline = workshop.resolve(str(workshop.define(PIPELINE)["pipeline"]))
    train, validation = (open_partition(workshop.workspace, "small", name) for name in ("train", "validation"))
    other = validation.contracts["up"].model_copy(update={"fee": 0.0})
    with pytest.raises(FlowError, match=r"trade\.contract: the terms of up are not those of dataset small"):
        evaluate(pipeline, other, fit(pipeline, Columns(train, None)), Columns(validation, None))


AVERAGED = SPEC.replace(
    "contracts:",
    "  oracle: {kind: values, underlying: ORACLE, period: 1m, delay: 0, source: {use: files, files: oracle.csv}}\n"
    "  pm: {kind: odds, underlying: PM, period: 5m, source: {use: files, files: pm.csv}}\ncontracts:",
).replace("price: 0.5", "odds: pm, settle: {use: twap, of: oracle, lookback: 3m}")


def test_what_averages_give_away_is_no_excess_over_flipped_bars(sources: Path) -> None:
    bars = rows()
    csv(sources / "oracle.csv", {"timestamp": bars["timestamp"], "price": bars["open"]})
    csv(sources / "pm.csv", {"timestamp": STARTS, "up": np.full(len(STARTS), 0.5)})
    workshop = opened(sources, AVERAGED)
    ahead = PIPELINE.replace('move: "ret(btc.close, 5)"', 'move: "oracle.price / mean(oracle.price, 3) - 1"')
    pipeline = workshop.resolve(str(workshop.define(ahead)["pipeline"]))
    validation = open_partition(workshop.workspace, "small", "validation")
    table = read_decisions(pipeline, Columns(validation, None))
    known = table.take(table.labels.y >= 0)
    contract = validation.contracts["up"]
    assert isinstance(contract, Binary)
    lead = settle_windows(contract, validation.series, known.time, validation.end).lead
    questions = label_questions(pipeline, validation, known)
    assert isinstance(questions, Questions)
    np.testing.assert_array_equal(questions.above, -lead)
    assert np.mean((lead > 0) == (known.labels.y == 1)) > 0.55, "the side that is ahead wins"
    told = perform(str(workshop.workspace.root), "backtest", {"pipeline": pipeline.id})
    assert told["auc"][0] > 0.55
    assert told["on_flipped_bars"]["auc"] > 0.55, "geometry alone ranks so"
    assert abs(told["on_flipped_bars"]["excess_auc"]) < 0.04
    assert "P12" in str(told["probes"]), "and odds that stay at one half do not have it priced in"
    side_ahead = np.where(lead > 0, 0.5 + 0.13, 0.5 - 0.13)
    priced = np.full(len(STARTS), 0.5)
    priced[np.searchsorted(STARTS, known.time)] = side_ahead
    fair = replace(validation.series["pm"], time=STARTS, known=STARTS, columns={"up": priced})
    assert check_known_strike(contract, replace(validation, series={**validation.series, "pm": fair}), known) == []
