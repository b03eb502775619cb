"""Decisions inside windows that are quoted at their chance, from the dataset file to the exam."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from factory.backtest import run_backtest
from factory.backtest.binary import settle_running
from factory.backtest.quotes import read_quotes
from factory.core.errors import DataError, PipelineError
from factory.core.times import MINUTE
from factory.evidence.null_twin import label_questions, null_twin
from factory.evidence.probes.strike import check_known_strike
from factory.expressions.columns import Columns
from factory.flow import Scored, evaluate
from factory.learning.decision_table import DecisionTable, read_decisions
from factory.learning.running import label_running
from factory.market.build import build
from factory.market.contracts import Binary
from factory.market.dataset import open_partition
from factory.market.spec import load_spec
from factory.pipeline import Pipeline, parse
from factory.pipeline.parts.trades import UpOrDown
from factory.storage.workspace import Workspace
from factory.tasks import perform
from factory.vault import exam
from factory.vault.forward import watch_decisions
from factory.vault.frozen_binary import FrozenBinary
from factory.vault.primary import freeze, measure_information
from factory.vault.sealed_data import open_sealed
from factory.workshop import Workshop
from tests.market.running_windows import PIPELINE, SPEC, draw_partition, draw_windows

EAGER = PIPELINE.replace("edge: 0.02", "edge: 0")
RESTING = EAGER.replace("share: 0.001}}", "share: 0.001}, order: {use: limit}}")
REBATED = SPEC.replace("half_spread: 0.005", "half_spread: 0.005, rebate: 0.9")


def opened(folder: Path, text: str = SPEC) -> Workshop:
    workspace = Workspace.open(folder / "workspace")
    build(workspace, load_spec(text), folder)
    return Workshop(workspace, "tester")


@pytest.fixture(scope="module")
def fair(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """Nobody knows more than the quotes; makers get most of the fee back."""
    folder = tmp_path_factory.mktemp("fair")
    draw_windows(folder)
    return opened(folder, REBATED)


@pytest.fixture(scope="module")
def tipped(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    folder = tmp_path_factory.mktemp("tipped")
    draw_windows(folder, edge=0.3)
    return opened(folder)


def defined(workshop: Workshop, text: str) -> Pipeline:
    return workshop.resolve(str(workshop.define(text)["pipeline"]))


def examined(workshop: Workshop, pipeline: Pipeline) -> tuple[exam.Examined, exam.Judgement]:
    """All of a look but its row."""
    sealed = open_sealed(workshop.workspace, "running")
    fitted = exam.prepare(workshop.workspace, pipeline)
    planned = exam.plan(workshop.workspace, pipeline, sealed.contracts["up"], fitted)
    looked = exam.examine(
        pipeline, sealed.contracts["up"], fitted, sealed, planned.information, planned.price, planned.wager, seed=1
    )
    return looked, exam.judge(looked, planned, fitted.base_rate, 0.01, 0.0, 50)


@pytest.mark.parametrize("text", [EAGER, RESTING], ids=["market", "limit"])
def test_where_quotes_are_fair_nothing_is_earned_and_nothing_certified(fair: Workshop, text: str) -> None:
    looked, judgement = examined(fair, defined(fair, text))
    metrics = looked.scored.result.metrics
    assert metrics["trades"] > 500
    assert metrics["mean_low"] < 0
    assert metrics["mean_high"] < 0.01
    assert not judgement.passed
    assert not judgement.checks["primary"]


@pytest.mark.parametrize("text", [PIPELINE, RESTING], ids=["market", "limit"])
def test_what_knows_more_than_the_quotes_earns_and_passes(tipped: Workshop, text: str) -> None:
    looked, judgement = examined(tipped, defined(tipped, text))
    assert looked.scored.result.metrics["mean_net"] > 0.03
    assert judgement.passed, judgement.checks
    trades = looked.scored.result.trades
    assert len(np.unique(trades.exit_ms)) == len(trades), "one outcome, one trade"
    frozen = looked.frozen
    assert isinstance(frozen, FrozenBinary)
    assert (np.diff(frozen.slot) > 0).all()
    np.testing.assert_array_equal(frozen.paid, trades.price + trades.unit_cost)
    watched = watch_decisions(looked.scored.result, looked.contract, {})
    assert watched.state == "earned"
    assert watched.rate == pytest.approx(trades.paid[trades.exit_price != 0.5].mean())


def test_the_whole_way_of_a_trial_inside_windows(tipped: Workshop) -> None:
    pipeline, root = defined(tipped, PIPELINE), str(tipped.workspace.root)
    told = perform(root, "backtest", {"pipeline": pipeline.id, "agent": "tester"})
    assert told["decisions"]["passed_over"] > told["decisions"]["taken"] > 1_000
    assert "price" not in told, "recorded, not assumed"
    assert told["on_flipped_bars"]["auc"] > 0.7, "geometry alone ranks windows that are half over"
    assert "block" not in told["probes"], "what the price ranks is no leak"
    assert tipped.show(pipeline.id)["score"]["trades"] == told["trades"]
    resting = defined(tipped, RESTING)
    lapsed = perform(root, "backtest", {"pipeline": resting.id, "agent": "tester"})["decisions"]
    assert lapsed["lapsed"] > 100
    for one in (pipeline, resting):
        page = perform(root, "card", {"pipeline": one.id, "form": "page"})
        assert page


def test_what_is_over_of_the_move_is_known_to_flipped_bars(fair: Workshop) -> None:
    pipeline = defined(fair, PIPELINE)
    validation = open_partition(fair.workspace, "running", "validation")
    rows = read_decisions(pipeline, Columns(validation, None))
    rows = rows.take(rows.labels.y >= 0)
    opens, bars = validation.series["btc"].columns["open"], validation.series["btc"].time
    strike, now = (opens[np.searchsorted(bars, at)] for at in (rows.time // (5 * MINUTE) * (5 * MINUTE), rows.time))
    questions = label_questions(pipeline, validation, rows)
    np.testing.assert_allclose(questions.above, -np.log(now / strike), atol=1e-12)  # type: ignore[union-attr]
    scored = evaluate(pipeline, validation.contracts["up"], exam.prepare(fair.workspace, pipeline), Columns(validation, None))
    twin = null_twin(pipeline, validation.contracts["up"], validation, scored, None)
    assert scored.result.metrics["auc"] > 0.75
    assert abs(scored.result.metrics["auc"] - twin["auc"]) < 0.02, "all of it is geometry"


def test_a_decision_reads_no_quote_that_was_taken_after_it(fair: Workshop) -> None:
    pipeline = defined(fair, PIPELINE)
    validation = open_partition(fair.workspace, "running", "validation")
    rows = read_decisions(pipeline, Columns(validation, None))
    pm = validation.series["pm"]
    np.testing.assert_array_equal(rows.features["price"], pm.columns["up"][np.searchsorted(pm.time, rows.time)])
    late = {name: np.where(pm.time > rows.time[500], 0.5, values) for name, values in pm.columns.items()}
    changed = replace(validation, series={**validation.series, "pm": replace(pm, columns=late)})
    again = read_decisions(pipeline, Columns(changed, None))
    np.testing.assert_array_equal(again.features["price"][:501], rows.features["price"][:501])


def test_p12_blocks_quotes_that_are_older_than_their_stamps_say(fair: Workshop) -> None:
    pipeline = defined(fair, PIPELINE)
    train = open_partition(fair.workspace, "running", "train")
    contract, rows = train.contracts["up"], read_decisions(pipeline, Columns(train, None))
    assert check_known_strike(contract, train, rows) == []
    pm, minute = train.series["pm"], train.series["pm"].time // MINUTE % 5
    stale = {
        name: np.where(minute > 0, np.concatenate([values[:1], values[:-1]]), values) for name, values in pm.columns.items()
    }
    old = replace(train, series={**train.series, "pm": replace(pm, columns=stale)})
    (finding,) = check_known_strike(contract, old, rows)
    assert "the side that is ahead at the decision wins" in finding.says


def test_p12_looks_at_old_quotes_by_themselves(fair: Workshop) -> None:
    """Few minutes are quoted a minute late: on the whole prices are fair, and those are the ones to choose."""
    pipeline = defined(fair, PIPELINE)
    train = open_partition(fair.workspace, "running", "train")
    contract, rows, pm = train.contracts["up"], read_decisions(pipeline, Columns(train, None)), train.series["pm"]
    rng = np.random.default_rng(1)
    late = (pm.time // MINUTE % 5 == 3) & (rng.random(len(pm)) < 0.2)
    before = {name: np.concatenate([values[:1], values[:-1]]) for name, values in pm.columns.items()}
    stale = {name: np.where(late, before[name], values) for name, values in pm.columns.items()}
    silent = replace(train, series={**train.series, "pm": replace(pm, columns=stale)})
    assert check_known_strike(contract, silent, rows), "they repeat the quote before them"
    # Of other prices than the row before, as where a recorder took the quote in between, and all a little old.
    moved = {name: np.where(late, np.clip(values + 1e-4, 1e-4, 1 - 1e-4), values) for name, values in stale.items()}
    hidden = replace(train, series={**train.series, "pm": replace(pm, columns=moved)})
    assert check_known_strike(contract, hidden, rows) == [], "few enough to be lost among the others"
    age = np.where(late, 60.0, rng.uniform(0, 1, len(pm)))
    told = replace(train, series={**train.series, "pm": replace(pm, columns={**moved, "quote_age": age})})
    assert check_known_strike(contract, told, rows)


def test_windows_without_an_outcome_count_as_lost_once_however_many_decisions_wanted_them(tipped: Workshop) -> None:
    pipeline = defined(tipped, EAGER)
    validation = open_partition(tipped.workspace, "running", "validation")
    btc = validation.series["btc"]
    missing = np.isin(btc.time // (5 * MINUTE), np.unique(btc.time // (5 * MINUTE))[::10]) & (btc.time // MINUTE % 5 == 4)
    gapped = replace(btc, columns={name: np.where(missing, np.nan, values) for name, values in btc.columns.items()})
    holed = replace(validation, series={**validation.series, "btc": gapped})
    fitted, contract = exam.prepare(tipped.workspace, pipeline), validation.contracts["up"]
    looked = exam.examine(pipeline, contract, fitted, holed, 1e9, 0.5, 0.0, 1)
    frozen, trades = looked.frozen, looked.scored.result.trades
    assert isinstance(frozen, FrozenBinary)
    assert (np.diff(frozen.slot) > 0).all()
    assert len(frozen.slot) - len(trades) == pytest.approx(missing.sum() * 8 / 28, rel=0.5)
    assert not frozen.won[np.isin(frozen.slot, btc.time[missing] // (5 * MINUTE))].any()


@pytest.mark.parametrize("order", ["market", "limit"])
def test_bets_without_skill_pass_no_more_often_than_their_level(order: str) -> None:
    """For free: chosen by what chance says, the first of each window, they win no more often than their prices say."""
    free = {"use": "binary", "of": "btc", "window": "5m", "odds": "pm", "fee": 0, "half_spread": 0}
    contract = Binary.model_validate(free)
    pipeline, passed, counted = parse(EAGER if order == "market" else RESTING), 0, 0
    assert isinstance(pipeline.trade, UpOrDown)
    for seed in range(150):
        market = draw_partition(contract, 2, seed)
        pm, bars = market.series["pm"], market.series["btc"]
        if order == "market":  # a share costs its very chance
            pm = replace(pm, columns={"up": pm.columns["up"]})
        market = replace(market, series={**market.series, "pm": pm})
        p = np.clip(pm.columns["up"] + np.random.default_rng(seed).normal(0, 0.05, len(pm)), 0, 1)
        quotes = read_quotes(contract, market.series, pm.time, pipeline.trade.order)
        result = run_backtest(
            pipeline.trade, contract, bars, pm.time, p, start=market.start, end=market.end, horizon_ms=5 * MINUTE,
            quotes=quotes, outcomes=settle_running(contract, market, pm.time),
        )  # fmt: skip
        scored = Scored(DecisionTable(pm.time, {}, label_running(contract, market, pm.time)[0], 0), p, np.ones(len(p)), result)
        known = measure_information(pipeline, contract, market, scored)
        frozen = freeze(pipeline, contract, market, scored, known, 0.5, 0)
        passed, counted = passed + (frozen.p_values()["p_value"] <= 0.05), counted + frozen.counted
    assert counted > 150 * 200
    assert passed <= 16  # 17 or more of 150 have a chance of 0.001 at 5 %
    assert order == "limit" or passed >= 1


@pytest.mark.parametrize(
    ("spec", "pipeline", "line"),
    [
        (
            SPEC.replace("odds: pm", "price: 0.5"),
            PIPELINE,
            "sample.every: 1m decides inside windows of 5m, whose strike is known by then, and up has a fixed price",
        ),
        (SPEC, PIPELINE.replace("window_end", "up_down"), r"write 5m or a multiple, or write label: \{use: window_end"),
        (
            SPEC.replace("PM-BTC-5M, period: 1m, window: 5m", "PM-BTC-5M, period: 5m"),
            PIPELINE,
            r"sample.every: 1m decides more often than pm quotes, each 5m; write \{use: clock, every: 5m\}",
        ),
        (SPEC, PIPELINE.replace("horizon: 5m", "horizon: 10m"), "window_end over 10m is not what up settles"),
    ],
)
def test_what_would_be_priced_too_low_is_refused_where_it_is_bound(tmp_path: Path, spec: str, pipeline: str, line: str) -> None:
    draw_windows(tmp_path)
    if "period: 5m" in spec.split("tip")[0]:
        lines = (tmp_path / "pm.csv").read_text().splitlines()
        (tmp_path / "pm.csv").write_text("\n".join(lines[:1] + lines[1::5]) + "\n")
    workshop = opened(tmp_path, spec)
    with pytest.raises(PipelineError, match=line):
        workshop.define(pipeline)


def test_terms_of_fills_inside_windows_belong_to_recorded_prices_and_leave_old_hashes_alone() -> None:
    spec = load_spec(SPEC)
    written = spec.contracts["up"].model_dump(mode="json")
    assert not {"delay", "rebate", "touched"} & {*written}
    coarse = SPEC.replace("PM-BTC-5M, period: 1m, window: 5m", "PM-BTC-5M, period: 5m")
    assert "window" not in load_spec(coarse).series["pm"].model_dump()
    with pytest.raises(DataError, match=r"pm quotes windows of 1m and cannot price those of 5m; .* series\.pm\.window: 5m"):
        load_spec(SPEC.replace("period: 1m, window: 5m", "period: 1m"))
    for wrong, line in (
        ("7m", "contracts.up.odds: pm quotes windows of 7m"),
        ("90s", "window: 90s is no multiple of the period"),
    ):
        with pytest.raises(DataError, match=line):
            load_spec(SPEC.replace("window: 5m, source", f"window: {wrong}, source"))
    with pytest.raises(DataError, match="window: 'values' has none, odds do; remove it"):
        load_spec(SPEC.replace("underlying: TIP,", "underlying: TIP, window: 5m,"))
    for key in ("delay: 2s", "rebate: 0.2", "touched: 0.5"):
        load_spec(SPEC.replace("half_spread: 0.005", f"half_spread: 0.005, {key}"))
        with pytest.raises(DataError, match=f"contracts.up.{key.split(':')[0]}: needs recorded prices"):
            load_spec(SPEC.replace("odds: pm", f"{key}"))
    with pytest.raises(DataError, match="delay: 281s leaves no time of a window of 5m to fill in"):
        load_spec(SPEC.replace("odds: pm", "odds: pm, delay: 281s"))
    assert isinstance(spec.contracts["up"], Binary)
