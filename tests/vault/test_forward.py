"""After a PASS: newer bars, evidence at any time, and what it may earn."""

import re

import numpy as np
import pytest

from factory.backtest import run_backtest
from factory.backtest.quotes import read_quotes
from factory.core.errors import FlowError, SealError
from factory.core.progress import no_progress
from factory.core.times import now_ms
from factory.expressions.columns import Columns
from factory.flow import evaluate
from factory.market.build import build, read_series
from factory.market.contracts import Binary, Perpetual
from factory.market.series import Partition, Series
from factory.market.settlement import Outcomes
from factory.market.spec import DatasetSpec, load_spec
from factory.pipeline import parse
from factory.pipeline.parts.trades import UpOrDown
from factory.tasks import perform
from factory.vault import exam
from factory.vault.forward import (
    catch_up,
    extend_simulated,
    find_apart,
    forward,
    forward_grade,
    watch_decisions,
    watch_mean,
    watch_wins,
)
from factory.vault.pools import SEAL_ROWS, find_pool
from factory.workshop import Workshop
from tests.server.test_cli import rfcat
from tests.vault.market import FAST, SPEC

SIMULATED = load_spec(SPEC)
OHLCV = ("open", "high", "low", "close", "volume")
REAL = SIMULATED.model_copy(update={"simulated": None})
QUOTED = Binary(use="binary", of="btc", window="5m", odds="odds", fee=0, half_spread=0)
ASSUMED = SIMULATED.contracts["updown"]
PERPETUAL = Perpetual(use="perpetual", of="btc", taker=0, maker=0, slippage=0, funding=0, leverage=5)


def test_what_passed_is_watched_on_bars_that_came_later(workshop: Workshop, submit) -> None:
    look, root = submit()["look"], workshop.workspace.root
    told = rfcat(root, "forward", look, "--days", "20")
    assert "earned" in told
    assert "simulated bars earn no grade" in told
    (row,) = workshop.ledger.of_kinds(("forward",))
    assert (row.payload["look"], row.payload["state"]) == (look, "earned")
    assert row.payload["from"].startswith("2024-03-01")
    assert row.payload["wins"] / row.payload["decisions"] > 0.5
    assert "whole" in rfcat(root, "ledger", "verify")
    assert "real" not in rfcat(root, "forward", "look-999", status=1)


def test_a_perpetual_is_watched_by_what_it_earned(workshop: Workshop, submit) -> None:
    both = "contracts:\n  perp: {use: perpetual, of: btc, taker: 0, maker: 0, slippage: 0, funding: 0, leverage: 5}\n"
    build(workshop.workspace, load_spec(SPEC.replace("contracts:\n", both)))
    made = workshop.define(
        FAST.replace("pipeline: fast-up-or-down", "pipeline: fast-long-short").replace(
            "trade: {use: up_or_down, contract: updown, edge: 0.02, size: {use: fixed, share: 0.001}}",
            "trade: {use: long_or_short, contract: perp, enter: 0.52, exit: {use: after, hold: 5m}, size: {use: fixed, share: 0.1}}",
        )
    )["pipeline"]
    perform(str(workshop.workspace.root), "backtest", {"pipeline": made, "agent": "tester"})
    told = submit(made, claim=0.0001)
    assert told["verdict"] == "PASS"
    longer = extend_simulated(workshop.catalog.spec("vault-sim"), 20)
    watched = forward(workshop.workspace, workshop.ledger, told["look"], longer, workshop.workspace.root)
    assert "break_even" not in watched
    assert watched["mean_net"] > 0
    assert watched["state"] == "earned"


def test_bars_that_a_forward_test_told_of_have_no_looks_left(workshop: Workshop, submit) -> None:
    look = submit()["look"]
    forward(workshop.workspace, workshop.ledger, look, extend_simulated(SIMULATED, 10), workshop.workspace.root)
    longer = SPEC.replace("days: 60", "days: 70").replace(
        "validation: [2024-01-31, 2024-02-15]\n  sealed: [2024-02-15, 2024-03-01]",
        "validation: [2024-01-31, 2024-03-01]\n  sealed: [2024-03-01, 2024-03-11]",
    )
    pool = find_pool(workshop.ledger.of_kinds(SEAL_ROWS), load_spec(longer), now_ms())
    assert pool.retired
    assert pool.left == 0


def test_a_strategy_that_is_refitted_learns_from_the_sealed_rows_before_it_goes_on(workshop: Workshop) -> None:
    """Its window reaches back eight days: without the sealed rows there would be nothing to learn from."""
    changes = {"refit": {"every": "5d", "window": "8d"}}
    refitted = workshop.resolve(workshop.define(parent="fast-up-or-down", changes=changes)["pipeline"])
    longer = extend_simulated(SIMULATED, 10)
    series, _ = read_series(workshop.workspace, longer, workshop.workspace.root, no_progress)
    start, end = SIMULATED.split.span("sealed")[1], longer.split.span("sealed")[1]
    partition = Partition("vault-sim", "forward", start, end, series, "newer")
    before = exam.prepare(workshop.workspace, refitted)
    known = catch_up(refitted, before, SIMULATED.bounds("sealed")[0], partition)
    sealed = known.history.time >= SIMULATED.bounds("sealed")[0]
    assert sealed.sum() == len(known.history.time) - len(before.history.time) == 14 * 288
    assert (known.history.labels.end <= start).all()
    assert len(evaluate(refitted, longer.contracts["updown"], known, Columns(partition, None)).p) == 10 * 288
    with pytest.raises(FlowError, match="holds 0 labelled decisions"):
        evaluate(refitted, longer.contracts["updown"], before, Columns(partition, None))
    frozen = exam.prepare(workshop.workspace, workshop.resolve(parse(FAST).id))
    assert catch_up(refitted, frozen, start, partition) is frozen


def test_only_what_passed_is_watched_and_only_on_newer_bars(workshop: Workshop, submit) -> None:
    with pytest.raises(SealError, match="unknown"):
        forward(workshop.workspace, workshop.ledger, "look-1", extend_simulated(SIMULATED, 5), workshop.workspace.root)
    look = submit()["look"]
    with pytest.raises(SealError, match="newer than 2024-03-01"):
        forward(workshop.workspace, workshop.ledger, look, SIMULATED, workshop.workspace.root)
    costlier = load_spec(SPEC.replace("fee: 0.0", "fee: 0.01"))
    with pytest.raises(SealError, match="contracts unchanged"):
        forward(workshop.workspace, workshop.ledger, look, extend_simulated(costlier, 5), workshop.workspace.root)


def test_days_drawn_later_leave_the_sealed_ones_as_they_are() -> None:
    longer = extend_simulated(SIMULATED, 7)
    assert longer.split.span("sealed")[1] - SIMULATED.split.span("sealed")[1] == 7 * 86_400_000
    assert longer.split.train == SIMULATED.split.train


def test_evidence_settles_at_what_it_reaches_first() -> None:
    good, bad = binary(0.60, 3_000, 3), binary(0.40, 3_000, 4)
    for watch in (lambda payoff: watch_wins(payoff, 0.5), lambda payoff: watch_mean(payoff, 0.5)):
        assert watch(good).state == "earned"
        assert watch(bad).state == "stopped"
        turned = watch(np.concatenate([good, bad]))
        assert (turned.state, turned.end) == ("earned", watch(good).end)
        assert watch(good[:0]).state == "going on"
        assert watch(good[:5]).state == "going on"


def binary(rate: float, n: int, seed: int) -> np.ndarray:
    """Payoffs of shares that cost a half."""
    return np.where(np.random.default_rng(seed).random(n) < rate, 0.5, -0.5)


def test_many_small_wins_do_not_hide_a_few_great_losses() -> None:
    """Nine of ten decisions win; what they lose in the tenth makes the mean negative."""
    payoff = np.where(np.random.default_rng(5).random(4_000) < 0.9, 0.01, -0.12)
    assert watch_mean(payoff, 0.04).state == "stopped"


def test_decisions_that_overlap_an_earlier_one_are_left_out() -> None:
    entry = np.array([0, 60, 240, 300, 310, 700], np.int64)
    assert find_apart(entry, entry + 300).tolist() == [0, 3, 5]
    assert find_apart(entry[:0], entry[:0]).tolist() == []


def test_a_coin_is_rarely_taken_for_an_edge_however_often_one_looks() -> None:
    states = [watch_wins(binary(0.5, 400, seed), 0.5).state for seed in range(120)]
    assert states.count("earned") <= 12  # 5 % are allowed; 13 or more of 120 have chance 0.006 at that rate


@pytest.mark.parametrize("side", [1, 0])
def test_void_windows_make_no_evidence_of_favourites_at_fair_prices(side: int) -> None:
    """The price of a favourite has the chance of a void window in it: of the others it wins more often than that says."""
    n, price, void, rng = 2_000, 0.97, 0.03, np.random.default_rng(6)
    start = 1_704_067_200_000 + 300_000 * np.arange(n)
    flat = Series("btc", "bars", 300_000, 0, start, start + 300_000, {name: np.full(n, 1.0) for name in OHLCV})
    up = price if side else 1 - price
    pm = Series("odds", "odds", 300_000, 0, start, start, {"up": np.full(n, up)})
    quotes = read_quotes(QUOTED, {"btc": flat, "odds": pm}, start)
    trade = UpOrDown.model_validate({"use": "up_or_down", "contract": "x", "edge": 0, "size": {"use": "fixed", "share": 0.001}})
    states = []
    for _ in range(40):
        won = rng.random(n) < (price - 0.5 * void) / (1 - void)
        paid_out = np.where(rng.random(n) < void, 0.5, won if side else ~won)
        ended = Outcomes(paid_out, np.zeros(n, bool), start + 300_000, np.zeros(n))
        result = run_backtest(
            trade, QUOTED, flat, start, np.full(n, float(side)), start=start[0], end=start[-1] + 300_000, horizon_ms=300_000,
            quotes=quotes, outcomes=ended,
        )  # fmt: skip
        assert result.metrics["trades"] == n
        states.append(watch_decisions(result, QUOTED, {}).state)
    assert states.count("earned") <= 6  # 5 % are allowed; 7 or more of 40 have chance 0.003 at that rate


@pytest.mark.parametrize(
    ("state", "spec", "contract", "grade", "why"),
    [
        ("earned", REAL, QUOTED, "A", ""),
        ("going on", REAL, QUOTED, "B", ""),
        ("stopped", REAL, QUOTED, "B", ""),
        ("earned", REAL, ASSUMED, "B", "recorded odds"),
        ("earned", REAL, PERPETUAL, "A", ""),
        ("going on", REAL, PERPETUAL, "B", ""),
        ("earned", SIMULATED, QUOTED, "B", "simulated"),
    ],
)
def test_grade_a_needs_newer_real_bars_and_of_a_binary_recorded_odds(
    state: str, spec: DatasetSpec, contract: Binary | Perpetual, grade: str, why: str
) -> None:
    actual, told = forward_grade(state, "B", spec, contract)
    assert actual == grade
    assert re.search(why, told or "")
