"""Attacks on the exam by funding: fair rates earn no certificate, and who merely holds one side has no skill."""

from dataclasses import replace

import numpy as np
import pytest
from numpy import float64
from numpy.random import Generator
from numpy.typing import NDArray

from factory.backtest import read_funding, run_backtest
from factory.backtest.frozen import NO_PAYMENTS, Payments
from factory.backtest.null import replay
from factory.core.times import HOUR, MINUTE
from factory.flow import Scored
from factory.learning.decision_table import DecisionTable
from factory.learning.labels import label
from factory.market.series import Partition, Series
from factory.pipeline import Pipeline
from factory.pipeline import parse as read
from factory.pipeline.parts.labels import UpDown
from factory.vault.frozen_perpetual import FrozenPerpetual, hold_returns
from factory.vault.primary import freeze, measure_information
from factory.vault.unseen import worst_losses
from tests.backtest.market import perpetual, wander
from tests.vault.test_primary import LEVEL, coin_market, fewer_than_by_chance, held
from tests.vault.test_unseen import falling, holds, trade

FUNDED = perpetual(funding="fr.rate")
FARMER = """\
pipeline: farmer
data: made
features:
  rate: fr.rate
sample: {use: clock, every: 2h}
label: {use: up_down, of: btc, horizon: 5m}
meta: {use: forest, see: [rate], trees: 10, leaf: 100}
trade: {use: long_or_short, contract: perp, enter: 0.55, exit: EXIT, size: {use: fixed, share: 0.5}}
"""
AFTER, SIGNAL = "{use: after, hold: 80m}", "{use: signal, keep: 0.5}"


def market(seed: int, minutes: int, rates: NDArray[float64], step: float = 1e-5) -> Partition:
    """Bars that hardly move, and a rate each hour."""
    bars = wander(seed, minutes, step=step)
    time = bars.time[0] + HOUR * np.arange(len(rates))
    fr = Series("fr", "values", HOUR, 0, time, time, {"rate": rates})
    return Partition("made", "sealed", int(bars.time[0]), int(bars.time[-1]) + MINUTE, {"btc": bars, "fr": fr}, "")


def look(partition: Partition, p: NDArray[float64], leave: str = AFTER) -> tuple[Pipeline, Scored]:
    """What a pipeline with these chances at each even hour's half does on a market."""
    bars, pipeline = partition.series["btc"], read(FARMER.replace("EXIT", leave))
    times = np.asarray(bars.time[30::120])[: len(p)]
    labels = label(UpDown(use="up_down", of="btc", horizon="5m"), bars, times, None, partition.end)
    result = run_backtest(
        pipeline.trade, FUNDED, bars, times, p,
        start=partition.start, end=partition.end, horizon_ms=5 * MINUTE, funding=read_funding(FUNDED, partition),
    )  # fmt: skip
    return pipeline, Scored(DecisionTable(times, {}, labels, 0), p, np.ones(len(p)), result)


def examine(partition: Partition, p: NDArray[float64], seed: int, leave: str = AFTER) -> FrozenPerpetual:
    pipeline, scored = look(partition, p, leave)
    amount = measure_information(pipeline, FUNDED, partition, scored)
    frozen = freeze(pipeline, FUNDED, partition, scored, amount, 0.0, seed)
    assert isinstance(frozen, FrozenPerpetual)
    return replace(frozen, most_draws=399)


def fair_rates(rng: Generator, count: int) -> NDArray[float64]:
    """Rates of wild size and no mean, of which nothing is known before."""
    return rng.standard_normal(count) * 1e-3 * np.exp(rng.standard_normal(count) / 2)


@pytest.mark.slow
def test_fair_rates_earn_no_certificates() -> None:
    """Payments dwarf the market's own moves: a null without them is fooled, that of the exam is not."""
    judged = alone = 0
    for k in range(200):
        rng = np.random.default_rng([12, k])
        partition = market(k, 9_000, fair_rates(rng, 150))
        frozen = examine(partition, np.where(rng.random(70) < 0.5, 0.6, 0.4), k)
        judged += max(frozen.p_values().values()) <= LEVEL
        bare = float(replay(frozen.moves, frozen.holds, 100, k, 1).variance.sum())
        alone += replace(frozen, payments=NO_PAYMENTS, amount=bare).p_values()["p_value"] <= LEVEL
    assert not fewer_than_by_chance(alone, 200)
    assert fewer_than_by_chance(judged, 200)


@pytest.mark.parametrize("leave", [AFTER, SIGNAL])
def test_who_is_paid_for_always_holding_one_side_has_no_skill(leave: str) -> None:
    """Rates that kept one sign for as long as was looked: their turn has not come yet."""
    rng = np.random.default_rng(5)
    partition = market(5, 9_000, np.full(150, 5e-4) * rng.uniform(0.5, 1.5, 150))
    p_values = examine(partition, np.full(74, 0.4), 3, leave).p_values()
    assert p_values["p_value"] < 0.01
    assert p_values["drift_p"] > 0.1


def test_who_knows_which_side_will_be_paid_is_found() -> None:
    """As from a predicted rate that the exchange publishes, right in 85 of 100."""
    rng = np.random.default_rng(6)
    rates = fair_rates(rng, 150)
    due = rates[1::2][:74]
    right = rng.random(len(due)) < 0.85
    p_values = examine(market(6, 9_000, rates), np.where((due > 0) == right, 0.4, 0.6), 3).p_values()
    assert max(p_values.values()) <= 0.01


def test_the_rates_of_a_draw_are_the_same_for_all_who_meet_them() -> None:
    rng = np.random.default_rng(7)
    moves = coin_market(rng, 3_000)
    still = moves._replace(close=0 * moves.close, high=0 * moves.high, low=0 * moves.low)
    long = held(still, [10, 500, 1_200], [400, 1_100, 2_000], 1.0, 3).holds
    payments = Payments(np.array([10, 300, 400, 800, 1_500, 2_500]), np.array([0.5, 0.01, 0.02, 0.04, 0.08, 0.9]))
    short = long._replace(side=-long.side)
    one, other = (replay(still, side, 200, 1, 1, payments, shared=True).gross for side in (long, short))
    assert np.array_equal(one, -other)
    wanted = {a + b + c + d for a in (-0.01, 0.01) for b in (-0.02, 0.02) for c in (-0.04, 0.04) for d in (-0.08, 0.08)}
    assert {round(float(drawn), 9) for drawn in one} == {round(total, 9) for total in wanted}
    alone = replay(still, long, 4_000, 1, 1, payments)
    assert np.array_equal(alone.gross, replay(still, long, 4_000, 1, 2, payments).gross)
    squares = np.array([0.01**2 + 0.02**2, 0.04**2, 0.08**2])
    assert alone.variance == pytest.approx(squares, rel=0.1)
    assert abs(alone.gross.mean()) < 4 * np.sqrt(squares.sum() / 4_000)


def test_each_hold_earns_the_payments_that_were_due_in_it() -> None:
    rng = np.random.default_rng(8)
    rates = fair_rates(rng, 150)
    partition = market(8, 9_000, rates, step=1e-9)
    frozen = examine(partition, np.repeat([0.4, 0.6], 37), 3, SIGNAL)
    assert len(frozen.holds.row) == 74
    due = -frozen.holds.side * np.array([rates[1:][2 * k] + (rates[1:][2 * k + 1]) for k in range(74)])
    inside = np.abs(due - frozen.earned) < 1e-6
    assert inside.sum() >= 72, "but where a trade ends beside the last bar"


def test_what_holds_earn_is_what_their_trades_did() -> None:
    rng = np.random.default_rng(9)
    partition = market(9, 9_000, fair_rates(rng, 150), step=1e-3)
    pipeline, scored = look(partition, rng.choice([0.4, 0.6], 70), SIGNAL)
    frozen = freeze(pipeline, FUNDED, partition, scored, 1.0, 0.0, 3)
    assert isinstance(frozen, FrozenPerpetual)
    assert frozen.market == "btc"
    trades = scored.result.trades
    assert len(frozen.holds.row) > len(trades)
    earned = hold_returns(frozen.holds, trades, frozen.payments)
    assert np.bincount(frozen.holds.trade, earned) == pytest.approx(trades.payoff, abs=1e-12)


def test_a_rate_greater_than_any_before_is_assumed_of_each_stamp() -> None:
    before = int(falling().time[0]) + 30 * MINUTE
    payments = Payments(np.array([5, 11, 12, 31]), np.array([-0.002, 0.001, 0.001, 0.5]))
    args = (falling(), before, holds(-np.inf, 1), trade(1))
    assert worst_losses(*args, payments)[0] == pytest.approx(worst_losses(*args)[0] + 2 * 2 * 0.002)
