"""Recorded funding: who pays whom at which stamp, against sums written anew."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy import float64
from numpy.typing import NDArray

from factory.backtest import Levels, Result, read_funding
from factory.core.errors import FlowError
from factory.core.times import HOUR, MINUTE
from factory.market.series import Partition, Series
from tests.backtest.market import START, flat, long_or_short, perpetual, play, wander, without

UP, DOWN = 0.6, 0.4
FUNDED = perpetual(funding="fr.rate")


def after(minutes: int) -> dict[str, str]:
    return {"use": "after", "hold": f"{minutes}m"}


def record(stamps: Sequence[int], rates: Sequence[float], period: int = HOUR) -> Series:
    """A series of rates at some minutes after the start, nothing between."""
    time = START + np.arange(0, max(stamps) * MINUTE + period, period)
    rate = np.full(len(time), np.nan)
    rate[np.searchsorted(time, START + np.array(stamps) * MINUTE)] = rates
    return Series("fr", "values", period, 0, time, time, {"rate": rate})


def fund(leave: dict[str, Any], bars: Series, fr: Series, minutes: Sequence[int], p: Sequence[float], **more: Any) -> Result:
    partition = Partition("made", "train", START, int(bars.time[-1]) + bars.period, {"btc": bars, "fr": fr}, "")
    return play(long_or_short(leave), FUNDED, bars, minutes, p, funding=read_funding(FUNDED, partition), **more)


def hours(count: int) -> Series:
    return flat(*[100] * (count * 60))


@pytest.mark.parametrize(("rate", "p", "paid"), [(0.001, UP, 1), (0.001, DOWN, -1), (-0.001, UP, -1), (-0.001, DOWN, 1)])
def test_law_9_recorded_funding_is_paid_by_one_side_and_received_by_the_other(rate: float, p: float, paid: int) -> None:
    result = fund(after(120), hours(20), record([0, 480, 960], [0, rate, 0]), [420], [p])
    assert result.trades.funding[0] == pytest.approx(paid * 0.5 * 0.001)
    assert result.equity[-1] == pytest.approx(1 - paid * 0.0005)
    assert result.metrics["funding"] == pytest.approx(paid * 0.0005)


@pytest.mark.parametrize("p", [UP, DOWN])
@pytest.mark.parametrize("rate", [0.001, -0.001])
@pytest.mark.parametrize("entry", [480, 480 - 120])
def test_law_9_a_fill_at_a_stamp_pays_what_is_a_cost_and_receives_nothing(entry: int, rate: float, p: float) -> None:
    """Whoever knows the rate at its stamp cannot enter there for it, nor leave there with it."""
    result = fund(after(120), hours(20), record([0, 480, 960], [0, rate, 0]), [entry], [p])
    cost = rate > 0 if p == UP else rate < 0
    assert result.trades.funding[0] == pytest.approx(0.0005 if cost else 0.0)


def test_intervals_are_those_recorded_and_an_absent_stamp_is_no_payment() -> None:
    stamps = [0, 480, 960, 1200, 1440, 1500, 1560, 1620]
    rates = [0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.09]
    for first, last in ((1, 479), (1, 481), (481, 1199), (700, 1441), (961, 1561), (1, 1621)):
        result = fund(after(last - first), hours(28), record(stamps, rates), [first], [UP])
        inside = sum(rate for stamp, rate in zip(stamps, rates, strict=True) if first < stamp < last)
        assert result.trades.funding[0] == pytest.approx(0.5 * inside)


def due(side: int, rates: Series, entry: int, leave: int, missed: dict[int, float]) -> float:
    """What a trade pays a unit of notional, written anew: stamp by stamp."""
    total = 0.0
    for stamp, rate in zip(rates.time.tolist(), rates.columns["rate"].tolist(), strict=True):
        if not np.isnan(rate) and entry <= stamp <= leave:
            total += side * rate if entry < stamp < leave else max(side * rate, 0.0)
    return total + sum(worst for stamp, worst in missed.items() if entry <= stamp <= leave)


@pytest.mark.parametrize("missing", [0.0, 0.05])
@pytest.mark.parametrize("leave", [after(95), {"use": "signal", "keep": 0.5}], ids=["after", "signal"])
def test_every_trade_pays_the_stamps_inside_it(leave: dict[str, Any], missing: float) -> None:
    bars = wander(7, 4_000, missing, step=0.0)
    rng = np.random.default_rng(3)
    stamps = np.sort(np.concatenate([np.arange(0, 2_400, 480), np.arange(2_400, 4_000, 60)]))
    fr = record(stamps.tolist(), rng.normal(0, 1e-3, len(stamps)).tolist())
    minutes = np.arange(0, 3_900, 30)
    p = rng.choice([UP, DOWN, 0.5], len(minutes))
    trades = fund(leave, bars, fr, minutes.tolist(), p.tolist()).trades
    assert len(trades) > 25
    assert (trades.funding < 0).any()
    assert (trades.funding > 0).any()
    wanted = [
        due(int(side), fr, int(entry), int(left), {})
        for side, entry, left in zip(trades.side, trades.entry_ms, trades.exit_ms, strict=True)
    ]
    assert trades.funding / trades.unit == pytest.approx(np.array(wanted), abs=1e-12)
    assert trades.net == pytest.approx(trades.gross - trades.cost - trades.funding, abs=1e-15)


def test_the_twins_of_a_trade_pay_and_receive_too() -> None:
    result = fund(after(120), hours(20), record([0, 480, 960], [0, 0.001, 0]), [420], [DOWN])
    assert result.twin_trades["long"].funding[0] == pytest.approx(0.0005)
    assert result.trades.funding[0] == pytest.approx(-0.0005)


@pytest.mark.parametrize("p", [UP, DOWN])
@pytest.mark.parametrize("rate", [0.001, -0.001])
def test_where_a_stop_may_have_been_before_the_stamp_nothing_is_received(rate: float, p: float) -> None:
    """A bar of a day holds two stamps, and nobody knows when in it the barrier was touched."""
    day = 24 * 60
    rows = {"open": [100.0, 100.0], "high": [100.0, 103.0], "low": [100.0, 97.0], "close": [100.0, 100.0]}
    time = START + np.arange(2) * day * MINUTE
    bars = Series("btc", "bars", day * MINUTE, 0, time, time + day * MINUTE, {k: np.array(v) for k, v in rows.items()})
    fr = record([0, 480, 960, 1440, 1920, 2400], [0, 0, 0, 0, rate, rate])
    near: NDArray[float64] = np.array([0.02])
    trades = fund(
        {"use": "barriers"}, bars, fr, [day], [p], end=START + 2 * day * MINUTE, barriers=Levels(near, near, 10 * day * MINUTE)
    ).trades
    cost = rate > 0 if p == UP else rate < 0
    assert trades.exit_ms[0] == START + 2 * day * MINUTE
    assert trades.funding[0] == pytest.approx(2 * 0.0005 if cost else 0.0)


@pytest.mark.parametrize("p", [UP, DOWN])
def test_what_was_due_and_is_not_recorded_costs_either_side_the_greatest_rate(p: float) -> None:
    stamps, rates = [0, 480, 960, 2400, 2880], [0.001, -0.003, 0.001, 0.0, 0.0]
    result = fund(after(1200), hours(60), record(stamps, rates), [1000], [p])
    assert result.trades.funding[0] == pytest.approx(2 * 0.5 * 0.003)


def test_a_stamp_without_a_bar_is_paid_at_the_next() -> None:
    bars = without(hours(20), range(470, 500))
    result = fund(after(120), bars, record([0, 480, 960], [0, 0.001, 0]), [420], [DOWN])
    assert result.trades.funding[0] == pytest.approx(-0.0005)


def test_recorded_funding_that_does_not_come_is_no_trade() -> None:
    with pytest.raises(FlowError, match=r"the recorded funding of 'fr\.rate' did not come"):
        play(long_or_short(after(120)), FUNDED, hours(3), [1], [UP])


def test_a_farmer_who_knows_a_rate_at_its_stamp_earns_none_of_it() -> None:
    """Fair rates, wild ones, known at their stamp without delay: no hold that begins there receives what it knew."""
    rng = np.random.default_rng(11)
    stamps = np.arange(0, 60 * 400, 60)
    rate = rng.normal(0, 0.01, len(stamps))
    fr = record(stamps.tolist(), rate.tolist())
    p = np.where(rate > 0, DOWN, UP)
    for minutes in (1, 30, 59):
        knows = fund(after(minutes), hours(400), fr, stamps[:-1].tolist(), p[:-1].tolist()).trades
        assert len(knows) == len(stamps) - 1
        assert (knows.funding == 0).all()
    later = fund(after(61), hours(400), fr, stamps[:-2].tolist(), p[:-2].tolist()).trades
    error = 0.5 * 0.01 * np.sqrt(len(later))
    assert abs(later.funding.sum()) < 3 * error, "the next rate says nothing of this one"


def test_rates_that_are_known_later_than_the_decisions_are_never_asked() -> None:
    """What is recorded after a trade has ended changes nothing of it."""
    fr = record([0, 480, 960, 1440], [0.001, 0.002, 0.003, 0.004])
    shifted = replace(fr, columns={"rate": np.where(fr.time > START + 700 * MINUTE, 0.0, fr.columns["rate"])})
    one, other = (fund(after(300), hours(30), rates, [300], [UP]).trades for rates in (fr, shifted))
    assert one.funding[0] == other.funding[0]
