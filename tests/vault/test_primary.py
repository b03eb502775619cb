"""The primary test against agents that know it: its level holds however the decisions were chosen."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from numpy import float64
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.stats import binom

from factory.backtest import run_backtest
from factory.backtest.frozen import Holds, Moves
from factory.backtest.null import replay
from factory.core.times import MINUTE
from factory.flow import Scored
from factory.learning.decision_table import DecisionTable
from factory.learning.labels import label
from factory.market.contracts import Binary
from factory.market.series import Partition
from factory.pipeline import parse as read
from factory.pipeline.parts.labels import UpDown
from factory.pipeline.parts.trades import UpOrDown
from factory.statistics.intervals import clopper_pearson
from factory.vault.frozen_binary import FrozenBinary, win_tail
from factory.vault.frozen_perpetual import FrozenPerpetual
from factory.vault.levels import level_of_last
from factory.vault.primary import freeze
from tests.backtest.market import example, parse, wander, without
from tests.vault.market import FAST

LEVEL = 0.05


def windows(
    rng: Generator, count: int, expected: int, *, paid: float | NDArray[float64] = 0.5, won: NDArray[np.bool_] | None = None,
    drift: float = 0.0, side: NDArray[np.int8] | None = None, tied: NDArray[np.bool_] | None = None,
) -> FrozenBinary:  # fmt: skip
    prices = np.broadcast_to(np.asarray(paid, float), (count,))
    mean = float(prices.mean()) if count else 0.5
    return FrozenBinary(
        slot=np.arange(count),
        length=5 * MINUTE,
        side=np.ones(count, np.int8) if side is None else side,
        paid=prices,
        won=rng.random(count) < prices if won is None else won,
        tied=np.zeros(count, bool) if tied is None else tied,
        amount=expected * mean * (1 - mean),
        price=mean,
        drift=drift,
        assumed=True,
        seed=int(rng.integers(2**60)),
    )


def fewer_than_by_chance(passes: int, n: int, level: float = LEVEL) -> bool:
    return clopper_pearson(passes, n, 0.98)[0] <= level


def test_fixed_decisions_are_judged_exactly() -> None:
    rng = np.random.default_rng(0)
    won = np.arange(400) < 230
    frozen = windows(rng, 400, 400, paid=0.52, won=won)
    assert frozen.p_values()["p_value"] == pytest.approx(binom.sf(229, 400, 0.52))
    assert frozen.counted == 400
    assert windows(rng, 500, 400, won=np.arange(500) < 300).counted == 400, "what comes after the planned amount does not count"


def test_each_window_is_judged_at_its_own_price() -> None:
    chances = np.array([0.2, 0.5, 0.9])
    three = 0.2 * 0.5 * 0.9
    two = 0.2 * 0.5 * 0.1 + 0.2 * 0.5 * 0.9 + 0.8 * 0.5 * 0.9
    assert win_tail(3, chances) == pytest.approx(three)
    assert win_tail(2, chances) == pytest.approx(three + two)
    assert win_tail(0, chances) == pytest.approx(1)


def stopped_when_ahead(rng: Generator, most: int) -> FrozenBinary:
    """Stops at the first moment at which its own binomial test would pass."""
    won = rng.random(most) < 0.5
    count = np.arange(1, most + 1)
    ahead = np.flatnonzero((count >= 20) & (binom.sf(np.cumsum(won) - 1, count, 0.5) <= LEVEL))
    n = int(ahead[0]) + 1 if len(ahead) else most
    return windows(rng, n, most, won=won[:n])


def test_stopping_when_ahead_earns_nothing() -> None:
    rng = np.random.default_rng(1)
    runs = [stopped_when_ahead(rng, 400) for _ in range(400)]
    judged = sum(one.p_values()["p_value"] <= LEVEL for one in runs)
    alone = sum(binom.sf(one.won.sum() - 1, len(one.won), 0.5) <= LEVEL for one in runs)
    assert not fewer_than_by_chance(alone, 400), "the attack must beat a test of the decisions that were taken"
    assert fewer_than_by_chance(judged, 400)


def test_taking_longer_odds_when_ahead_earns_nothing() -> None:
    """Buys favourites at 0.97 once ahead, whose wins say little."""
    rng = np.random.default_rng(2)
    judged = alone = 0
    for _ in range(800):
        paid, won = np.full(600, 0.5), rng.random(600) < 0.5
        ahead = np.flatnonzero(np.cumsum(won)[20:] - np.arange(21, 601) / 2 > 1.7 * np.sqrt(np.arange(21, 601) / 4))
        if len(ahead):
            paid[ahead[0] + 21 :] = 0.97
            won = np.where(paid > 0.9, rng.random(600) < 0.97, won)
        frozen = FrozenBinary(
            np.arange(600), 5 * MINUTE, np.ones(600, np.int8), paid, won, np.zeros(600, bool), 600 / 4, 0.5, 0.0, True, int(rng.integers(2**60))
        )  # fmt: skip
        judged += frozen.p_values()["p_value"] <= LEVEL
        alone += win_tail(int(won.sum()), paid) <= LEVEL
    assert not fewer_than_by_chance(alone, 800)
    assert fewer_than_by_chance(judged, 800)


def test_drift_and_ties_are_no_skill() -> None:
    rng = np.random.default_rng(3)
    up = rng.random(4_000) < 0.54
    always = windows(rng, 4_000, 4_000, won=up, drift=float(up.mean()) - 0.5).p_values()
    assert always["p_value"] < 0.001
    assert always["drift_p"] > 0.1
    tied = rng.random(4_000) < 0.1
    lucky = windows(rng, 4_000, 4_000, won=tied | (rng.random(4_000) < 0.5), tied=tied).p_values()
    assert lucky["p_value"] < 0.001
    assert lucky["untied_p"] > 0.01


def test_favourites_bought_at_fair_odds_earn_nothing() -> None:
    """Windows at 0.50 or at 0.97 to 0.99, each won as often as its price says; only the favourites are bought."""
    rng = np.random.default_rng(8)
    judged = alone = 0
    for _ in range(300):
        paid = rng.uniform(0.97, 0.99, 44)
        frozen = windows(rng, 44, 44, paid=paid, won=rng.random(44) < paid)
        payoff = frozen.won - paid
        alone += payoff.mean() > 2.4 * payoff.std(ddof=1) / np.sqrt(44) or payoff.std() < 0.02
        judged += frozen.p_values()["p_value"] <= LEVEL
    assert not fewer_than_by_chance(alone, 300), "a t on payoffs must be fooled"
    assert fewer_than_by_chance(judged, 300)


def test_windows_whose_end_nobody_saw_are_lost() -> None:
    """A minute is missing after each fall, so that the windows which are left are the ones that rose."""
    series = wander(4, 30_000)
    fell = np.flatnonzero(series.columns["close"] / series.columns["open"] - 1 < -1e-3) + 1
    series = without(series, [int(row) for row in fell if row < 30_000])
    start, end = int(series.time[0]) // (5 * MINUTE) * 5 * MINUTE + 5 * MINUTE, int(series.time[-1]) + MINUTE
    times = np.arange(start, end, 5 * MINUTE)
    contract = Binary(use="binary", of="btc", window="5m", fee=0, half_spread=0)
    trade, part = parse(example(UpOrDown, edge=0)), UpDown(use="up_down", of="btc", horizon="5m")
    assert isinstance(trade, UpOrDown)
    labels, p = label(part, series, times, None, end), np.full(len(times), 0.6)
    result = run_backtest(trade, contract, series, times, p, start=start, end=end, horizon_ms=5 * MINUTE)
    assert result.metrics["win_rate"] > 0.52
    partition = Partition("made", "sealed", start, end, {"btc": series}, "")
    scored, pipeline = Scored(DecisionTable(times, {}, labels, 0), p, np.ones(len(p)), result), read(FAST)
    frozen = freeze(pipeline, contract, partition, scored, 72.0, 0.5, 1)
    assert isinstance(frozen, FrozenBinary)
    assert frozen.market == "btc"
    inside = times + 5 * MINUTE <= end
    assert np.array_equal(frozen.slot * 5 * MINUTE, times[inside])
    assert frozen.won.sum() == (result.trades.exit_price > 0.5).sum()
    assert frozen.p_values()["p_value"] > 0.5
    assert win_tail(int(frozen.won.sum()), result.trades.price) < 1e-6, "a test of what was settled must be fooled"


def coin_market(rng: Generator, bars: int) -> Moves:
    """Bars whose volatility comes in bursts; inside a bar the price goes straight from open to close."""
    volatility = 5e-4 * np.exp(0.7 * np.sin(np.arange(bars) / 400)) * (1 + 2 * (rng.random(bars) < 0.01))
    close = rng.standard_normal(bars) * volatility
    jump = np.zeros(bars)
    return Moves(np.arange(bars), jump, np.maximum(close, 0), np.minimum(close, 0), close, np.zeros(bars, bool), MINUTE, MINUTE)


def held(moves: Moves, rows: list[int], until: list[int], share: float, seed: int) -> FrozenPerpetual:
    """Long holds without costs, and what they truly earned."""
    n, path = len(rows), np.concatenate([[0.0], np.cumsum(moves.close)])
    row, last = np.array(rows, int), np.array(until, int)
    holds = Holds(row, last, np.ones(n), np.ones(n), np.full(n, np.inf), np.full(n, -np.inf), np.arange(n))
    earned = np.expm1(path[last] - path[row])
    return FrozenPerpetual(moves, holds, earned, share * float(np.sum(moves.close**2)), 0.0, seed, 399)


def markets(count: int) -> Iterator[tuple[Generator, Moves]]:
    for k in range(count):
        rng = np.random.default_rng([4, k])
        yield rng, coin_market(rng, 12_000)


@pytest.mark.slow
def test_stopping_or_slowing_down_when_ahead_earns_nothing_on_a_perpetual() -> None:
    """Holds an hour each, and nothing more, or only the calmest hours, from where it is ahead by its own test."""
    judged = alone = 0
    for rng, moves in markets(200):
        rows = list(range(0, 11_900, 60))
        path = np.concatenate([[0.0], np.cumsum(moves.close)])
        earned = path[np.array(rows) + 60] - path[np.array(rows)]
        z = np.cumsum(earned) / np.sqrt(np.cumsum(earned**2))
        ahead = np.flatnonzero(z[20:] > 1.6)
        n = int(ahead[0]) + 21 if len(ahead) else len(rows)
        frozen = held(moves, rows[:n], [row + 60 for row in rows[:n]], 1.0, int(rng.integers(2**60)))
        judged += frozen.p_values()["p_value"] <= LEVEL
        drawn = replay(moves, frozen.holds, 300, 5, 1).gross
        alone += (1 + (drawn >= frozen.earned.sum()).sum()) / 301 <= LEVEL
    assert not fewer_than_by_chance(alone, 200)
    assert fewer_than_by_chance(judged, 200)


def test_pennies_before_the_roller_are_judged_by_what_could_have_come() -> None:
    """Near take, no stop: where no loss came a t on the wins is sure of them, and the flips are not."""
    rng = np.random.default_rng(5)
    moves = coin_market(rng, 60_000)
    row = np.arange(0, 59_000, 2_000)
    n = len(row)
    holds = Holds(row, row + 1_900, np.ones(n), np.ones(n), np.full(n, 0.003), np.full(n, -np.inf), np.arange(n))
    share = float(replay(moves, holds, 400, 1, 1).variance.sum()) / float(np.sum(moves.close**2))
    frozen = FrozenPerpetual(moves, holds, np.full(n, 0.003), share * float(np.sum(moves.close**2)), 0.0, 3)
    assert frozen.p_values()["p_value"] > 0.01


def test_later_looks_of_relatives_are_given_what_is_left() -> None:
    rng = np.random.default_rng(6)
    first = windows(rng, 2_000, 2_000)
    other = windows(rng, 2_000, 2_000, side=np.where(rng.random(2_000) < 0.5, 1, -1).astype(np.int8))
    assert level_of_last([(first, 0.01)], 1) == 0.01
    assert 0.017 < level_of_last([(first, 0.01), (first, 0.01)], 1) <= 0.021
    assert 0.009 < level_of_last([(first, 0.01), (other, 0.01)], 1) < 0.0125


def test_the_joint_levels_keep_the_pool() -> None:
    """Drawn again with other signs, the chance that any of three relatives passes is the sum of their levels."""
    rng = np.random.default_rng(7)
    sides = [np.where(rng.random(1_000) < 0.8, 1, -1).astype(np.int8) for _ in range(3)]
    looks = [(windows(rng, 1_000, 1_000, side=side), 0.02) for side in sides]
    levels = [level_of_last(looks[: k + 1], 3) for k in range(3)]
    assert levels[0] == 0.02 < levels[1] < levels[2]
    drawn = [look.joint(99, 4_000) for look, _ in looks]
    tails = np.array([binom.sf(np.round(one + 500) - 1, 1_000, 0.5) for one in drawn])
    passed = (tails <= np.array(levels)[:, None]).any(axis=0)
    assert clopper_pearson(int(passed.sum()), 4_000, 0.999)[0] <= 0.06


def test_looks_at_two_markets_keep_their_own_levels() -> None:
    """Drawn as one coin, a second market would be given a level that independent outcomes overspend."""
    rng = np.random.default_rng(5)
    first = replace(windows(rng, 400, 400), market="btc")
    other = replace(windows(rng, 400, 400), market="eth")
    assert level_of_last([(first, 0.025), (replace(other, market="btc"), 0.025)], 3) > 0.04
    assert level_of_last([(first, 0.025), (other, 0.025)], 3) == 0.025
    moves = coin_market(rng, 2_000)
    held = Holds(
        np.array([10]), np.array([500]), np.ones(1), np.ones(1), np.full(1, np.inf), np.full(1, -np.inf), np.zeros(1, int)
    )
    one, two = (FrozenPerpetual(moves, held, np.zeros(1), 0.01, 0.0, 3, 399, market=name) for name in ("btc", "eth"))
    assert one.meets(replace(one, seed=4))
    assert not one.meets(two)


def test_exposure_to_a_drift_is_no_skill() -> None:
    rng = np.random.default_rng(9)
    moves = coin_market(rng, 30_000)
    risen = moves._replace(close=moves.close + 1e-5, high=moves.high + 1e-5, low=moves.low + 1e-5)
    rows = list(range(0, 29_000, 240))
    long = held(risen, rows, [row + 240 for row in rows], 1.0, 3)
    drift = float(np.expm1(risen.close).mean())
    p_values = FrozenPerpetual(risen, long.holds, long.earned, long.amount, drift, 3, 999).p_values()
    assert p_values["p_value"] < 0.05
    assert p_values["drift_p"] > 0.2


def test_an_edge_after_each_decision_is_found() -> None:
    rng = np.random.default_rng(10)
    moves = coin_market(rng, 30_000)
    rows = list(range(0, 29_000, 100))
    path = np.concatenate([[0.0], np.cumsum(moves.close)])
    right = np.sign(path[np.array(rows) + 100] - path[np.array(rows)])
    side = np.where(rng.random(len(rows)) < 0.7, right, -right)
    long = held(moves, rows, [row + 100 for row in rows], 1.0, 3)
    holds = long.holds._replace(side=side)
    earned = side * np.expm1(path[np.array(rows) + 100] - path[np.array(rows)])
    p_values = FrozenPerpetual(moves, holds, earned, long.amount, 0.0, 3, 999).p_values()
    assert max(p_values.values()) <= 0.002
