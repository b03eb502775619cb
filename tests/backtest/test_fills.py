"""Fills that cannot flatter, each checked with a pencil: half of the equity, from a price of 100."""

from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from factory.backtest import REASONS, Levels, Result
from factory.backtest.perpetual import WAIT
from factory.core.times import MINUTE
from factory.market.contracts import Binary, Perpetual
from factory.market.series import Series
from tests.backtest.market import (
    CONTRACTS,
    NAN,
    START,
    Bar,
    after,
    bars,
    flat,
    long_or_short,
    perpetual,
    play,
    up_or_down,
    with_volume,
)

AFTER_2M = {"use": "after", "hold": "2m"}
BARRIERS = {"use": "barriers"}
STILL: Bar = (100, 100, 100, 100)
STALE = flat(*[100] * 20)


def levels(up: float, down: float, minutes: int = 60, n: int = 1) -> Levels:
    return Levels(np.full(n, up), np.full(n, down), minutes * MINUTE)


def stopped(contract: Perpetual, series: Series, p: float = 0.6, overshoot: float = 0.001) -> Result:
    series = replace(series, overshoot=overshoot)
    result = play(long_or_short(BARRIERS), contract, series, [0], [p], barriers=levels(0.02, 0.02))
    assert REASONS[result.trades.reason[0]] == "stop"
    return result


@pytest.mark.parametrize(
    ("p", "bar", "price"), [(0.6, (100, 100, 97, 99), 98 * 0.999), (0.4, (100, 103, 100, 101), 102 * 1.001)]
)
def test_a_stop_fills_beyond_its_price_by_the_measured_overshoot(p: float, bar: Bar, price: float) -> None:
    result = stopped(perpetual(), bars([STILL, bar, STILL]), p)
    assert result.trades.exit_price[0] == pytest.approx(price)
    assert result.trades.payoff[0] == pytest.approx(-abs(price - 100) / 100)


@pytest.mark.parametrize(("slippage", "lost"), [(0.0, 0.001), (0.0004, 0.001), (0.003, 0.003)])
def test_a_stop_loses_the_greater_of_overshoot_and_slippage(slippage: float, lost: float) -> None:
    trades = stopped(perpetual(taker=0.0005, slippage=slippage), bars([STILL, (100, 100, 97, 99), STILL])).trades
    at_its_price = 0.5 * -0.02 - 0.5 * (0.0005 + slippage) - 0.49 * 0.0005
    assert trades.net[0] == pytest.approx(at_its_price - 0.49 * lost, abs=2e-6)


def test_a_bar_that_opens_beyond_the_stop_fills_beyond_its_open() -> None:
    assert stopped(perpetual(), flat(100, 90, 90)).trades.exit_price[0] == pytest.approx(90 * 0.999)


def test_a_liquidation_fills_beyond_its_price_and_takes_no_more_than_there_is() -> None:
    tenfold = long_or_short({"use": "signal", "keep": 0.5}, use="volatility", yearly=5, leverage=10)
    rows = bars([STILL, (100, 100, 94, 100), STILL])
    for overshoot, left in ((0.0, 1 - 10 * (1 - 90 / 95)), (0.01, 1 - 10 * (1 - 90 / 95 * 0.99)), (0.1, 0)):
        series, contract = replace(rows, overshoot=overshoot), perpetual(maintenance=0.05)
        result = play(tenfold, contract, series, [0], [0.6], volatility=np.array([0.1]))
        assert REASONS[result.trades.reason[0]] == "liquidated"
        assert result.equity[-1] == pytest.approx(left, abs=1e-12)


def test_other_exits_know_no_overshoot() -> None:
    rises = replace(bars([STILL, (100, 103, 100, 103), STILL]), overshoot=0.01)
    taken = play(long_or_short(BARRIERS), perpetual(), rises, [0], [0.6], barriers=levels(0.02, 0.02))
    timed = play(long_or_short(AFTER_2M), perpetual(), replace(flat(100, 100, 101), overshoot=0.01), [0], [0.6])
    assert (taken.trades.exit_price[0], timed.trades.exit_price[0]) == (pytest.approx(102), 101)


def test_kelly_knows_what_a_stop_loses() -> None:
    trade = long_or_short(BARRIERS, use="kelly", fraction=0.01, cap=1)
    still = replace(flat(*[100] * 3), overshoot=0.005)
    result = play(trade, perpetual(taker=0.001, slippage=0.001), still, [0], [0.6], barriers=levels(0.03, 0.02))
    assert result.trades.size[0] == pytest.approx(0.01 * (0.6 / (0.024 + 0.004) - 0.4 / 0.026))


@pytest.mark.parametrize("quiet", [1, WAIT])
def test_an_entry_waits_for_somebody_to_trade(quiet: int) -> None:
    jump = flat(*[100] * (quiet + 1), *[110] * 9)
    series = with_volume(jump, 1, *[0] * quiet, 1)
    trades = play(long_or_short(AFTER_2M), perpetual(), series, [1], [0.6]).trades
    assert (trades.price[0], trades.entry_ms[0]) == (110, after([1 + quiet])[0])
    assert trades.exit_ms[0] - trades.entry_ms[0] == 2 * MINUTE


@pytest.mark.parametrize("stale", [0.0, NAN])
def test_a_decision_whose_entry_waits_too_long_is_dropped(stale: float) -> None:
    series = with_volume(flat(*[100] * 20), 1, *[stale] * (WAIT + 1), 1)
    result = play(long_or_short(AFTER_2M), perpetual(), series, [1, 9], [0.6, 0.6])
    assert (result.counts["dropped"], result.counts["taken"]) == (1, 1)
    assert result.trades.decision[0] == 1


def test_an_exit_waits_however_long_and_keeps_its_reason() -> None:
    series = with_volume(flat(*[100] * 12, 103, 103), 1, 1, *[0] * 10, 1)
    trades = play(long_or_short(AFTER_2M), perpetual(), series, [0], [0.6]).trades
    assert (trades.exit_price[0], trades.exit_ms[0]) == (103, START + 12 * MINUTE)
    assert REASONS[trades.reason[0]] == "time"


def test_a_signal_that_comes_before_the_entry_is_heard_after_it() -> None:
    series = with_volume(flat(*[100] * 3, 101, 102, 103), 1, 0, 0, 1)
    trades = play(long_or_short({"use": "signal", "keep": 0.5}), perpetual(), series, [1, 2], [0.6, 0.4]).trades
    assert (trades.entry_ms[0], trades.exit_ms[0]) == tuple(after([3, 4]))


def test_nothing_is_touched_in_a_bar_without_volume() -> None:
    rows = bars([STILL, (100, 120, 80, 100), (100, 100.5, 97, 97), STILL])
    result = play(long_or_short(BARRIERS), perpetual(), with_volume(rows, 1, 0, 1), [0], [0.6], barriers=levels(0.02, 0.02))
    assert result.trades.exit_ms[0] == START + 3 * MINUTE
    assert result.metrics["max_drawdown"] == pytest.approx(0.01)


@pytest.mark.parametrize(("volume", "dropped"), [((0, 1), 1), ((1, 1, 1, 1, 0, 1), 1), ((1, 0, 0, 0, 1), 0)])
def test_a_window_is_settled_only_where_somebody_traded_at_both_its_ends(volume: tuple[float, ...], dropped: int) -> None:
    series = with_volume(flat(*[100] * 4, 101, 101), *volume)
    result = play(up_or_down(), CONTRACTS["up_or_down"], series, [0], [0.6])
    assert (result.counts["dropped"], result.counts["taken"]) == (dropped, 1 - dropped)


def test_a_series_that_tells_no_volume_fills_in_every_bar() -> None:
    told, untold = (play(long_or_short(AFTER_2M), perpetual(), one, [0], [0.6]) for one in (with_volume(STALE, 1), STALE))
    assert told.metrics == untold.metrics


@pytest.mark.parametrize(("p", "entry", "left"), [(0.6, 100.5, 109.5), (0.4, 100.0, 110.0)])
def test_prices_are_on_the_tick_to_the_worse_side(p: float, entry: float, left: float) -> None:
    series = flat(100.2, 100.2, 109.9)
    trades = play(long_or_short(AFTER_2M), perpetual(tick=0.5), series, [0], [p]).trades
    assert (trades.price[0], trades.exit_price[0]) == (entry, left)


def test_a_price_on_the_tick_stays_as_it_is() -> None:
    prices = np.arange(4_000_000, 4_000_100) / 100
    trades = play(
        long_or_short({"use": "after", "hold": "1m"}), perpetual(tick=0.01), flat(*prices), range(99), [0.6] * 99
    ).trades
    assert np.array_equal(trades.price, prices[:99])


def test_barriers_fill_on_the_tick_too() -> None:
    for bar, price in (((100, 103, 100, 103), 101.5), ((100, 100, 97, 97), 98.0)):
        result = play(
            long_or_short(BARRIERS), perpetual(tick=0.5), bars([STILL, bar, STILL]), [0], [0.6], barriers=levels(0.018, 0.018)
        )
        assert result.trades.exit_price[0] == price


def test_a_binarys_ask_is_on_the_tick() -> None:
    contract = Binary(use="binary", of="btc", window="5m", fee=0, half_spread=0.004, tick=0.01)
    trades = play(up_or_down(), contract, flat(100, 100, 100, 100, 101), [0], [0.6]).trades
    assert trades.unit_cost[0] == pytest.approx(0.01)
    assert trades.payoff[0] == pytest.approx(0.49)


@pytest.mark.parametrize(("share", "lots"), [(0.5, 49), (0.0102, 1), (0.0099, 0)])
def test_a_perpetual_is_traded_in_whole_lots_rounded_down(share: float, lots: int) -> None:
    contract = perpetual(lot=1, equity=10_000, minimum_notional=1)
    result = play(long_or_short(AFTER_2M, share=share), contract, flat(101, 101, 101), [0], [0.6])
    assert list(result.trades.size) == ([pytest.approx(lots * 101 / 10_000)] if lots else [])
    assert result.counts["too_small"] == (lots == 0)


def test_a_binary_is_bought_in_whole_lots_rounded_down() -> None:
    contract = Binary(use="binary", of="btc", window="5m", fee=0, half_spread=0, lot=1, equity=100, minimum_notional=1)
    trades = play(up_or_down(share=0.0177), contract, flat(*[100] * 5), [0], [0.6]).trades
    assert (trades.size[0], trades.unit[0]) == (pytest.approx(0.015), pytest.approx(0.03))


@pytest.mark.parametrize(("least", "taken"), [(50, 1), (51, 0)])
def test_an_order_below_the_least_notional_is_not_placed_and_is_counted(least: float, taken: int) -> None:
    on_perpetual = play(long_or_short(AFTER_2M, share=0.005), perpetual(minimum_notional=least), STALE, [0], [0.6])
    binary = Binary(use="binary", of="btc", window="5m", fee=0, half_spread=0, minimum_notional=least)
    on_binary = play(up_or_down(share=0.005), binary, STALE, [0], [0.6])
    for result in (on_perpetual, on_binary):
        assert (result.counts["taken"], result.counts["too_small"]) == (taken, 1 - taken)


def test_every_contract_refuses_dust_unless_a_person_says_otherwise() -> None:
    dust = play(long_or_short(AFTER_2M, share=0.0004), perpetual(), STALE, [0], [0.6])
    assert dust.counts["too_small"] == 1
    for share in (5e-324, 0.00009):
        with pytest.raises(ValidationError, match=r"greater than or equal to 0\.0001"):
            up_or_down(share=share)


@pytest.mark.parametrize("price", [0.5, 0.03])
def test_what_one_share_earns_does_not_depend_on_the_stake(price: float) -> None:
    contract = Binary(use="binary", of="btc", window="5m", price=price, fee=0.07, half_spread=0.005, minimum_notional=1e-300)
    series = flat(*[price for i in range(40) for price in (100, 100, 100, 100, 101 if i % 4 else 99)])
    small, large = (play(up_or_down(share=share), contract, series, range(0, 200, 5), [0.6] * 40) for share in (0.0001, 0.01))
    assert np.array_equal(small.trades.payoff, large.trades.payoff)
    assert small.metrics["break_even"] == large.metrics["break_even"]


def test_what_one_unit_earns_does_not_depend_on_the_notional() -> None:
    series, minutes = flat(*[100 + i % 7 for i in range(100)]), range(0, 90, 3)
    contract = perpetual(taker=0.001, funding=0.001, minimum_notional=1e-300)
    small, large = (play(long_or_short(AFTER_2M, share=share), contract, series, minutes, [0.6] * 30) for share in (0.0001, 1))
    assert small.trades.payoff == pytest.approx(large.trades.payoff, rel=1e-12)
    assert small.metrics["mean_cost"] == large.metrics["mean_cost"]
    assert large.trades.payoff == pytest.approx(large.trades.net / large.trades.unit, rel=1e-9)
