"""Trades that can be checked with a pencil: half of the equity, from a price of 100."""

import numpy as np
import pytest

from factory.backtest import REASONS, Levels, Result
from factory.core.errors import FlowError
from factory.core.times import HOUR, MINUTE
from tests.backtest.market import NAN, START, Bar, after, bars, flat, long_or_short, perpetual, play, wander, without

AFTER_2M = {"use": "after", "hold": "2m"}
BARRIERS = {"use": "barriers"}
SIGNAL = {"use": "signal", "keep": 0.5}
STILL: Bar = (100, 100, 100, 100)


def levels(up: float, down: float, minutes: int = 60, n: int = 1) -> Levels:
    return Levels(np.full(n, up), np.full(n, down), minutes * MINUTE)


def reasons(result: Result) -> list[str]:
    return [REASONS[reason] for reason in result.trades.reason]


def test_a_long_earns_the_rise_less_fee_and_slippage_on_both_sides() -> None:
    result = play(long_or_short(AFTER_2M), perpetual(taker=0.001, slippage=0.0005), flat(100, 104, 110), [0], [0.6])
    trades = result.trades
    assert (trades.price[0], trades.exit_price[0], trades.exit_ms[0]) == (100, 110, START + 2 * MINUTE)
    assert trades.gross[0] == pytest.approx(0.5 * 0.10)
    assert trades.cost[0] == pytest.approx(0.5 * 0.0015 + 0.55 * 0.0015)
    assert result.equity[-1] == pytest.approx(1 + 0.05 - 0.001575)


def test_a_short_earns_the_fall() -> None:
    result = play(long_or_short(AFTER_2M), perpetual(taker=0.001), flat(100, 95, 90), [0], [0.4])
    assert result.trades.side[0] == -1
    assert result.trades.net[0] == pytest.approx(0.5 * 0.10 - 0.5 * 0.001 - 0.45 * 0.001)


def test_equity_compounds() -> None:
    result = play(long_or_short(AFTER_2M), perpetual(), flat(100, 100, 110, 110, 121), [0, 2], [0.6, 0.6])
    assert result.equity == pytest.approx([1, 1.05, 1.05 * 1.05])
    assert result.trades.net == pytest.approx([0.05, 0.0525])


@pytest.mark.parametrize(("p", "side"), [(0.55, 1), (0.45, -1), (0.549, 0), (0.451, 0)])
def test_entering_at_the_threshold_is_symmetric(p: float, side: int) -> None:
    result = play(long_or_short(AFTER_2M), perpetual(), flat(100, 100, 100), [0], [p])
    assert list(result.trades.side) == ([side] if side else [])
    assert result.counts["no_edge"] == (side == 0)


def test_a_take_profit_is_a_limit_that_pays_maker_and_no_slippage() -> None:
    rows: list[Bar] = [STILL, (100, 103, 100, 103), STILL]
    result = play(
        long_or_short(BARRIERS), perpetual(taker=0.001, maker=0.0002, slippage=0.0005), bars(rows), [0], [0.6],
        barriers=levels(0.02, 0.02),
    )  # fmt: skip
    assert reasons(result) == ["take"]
    assert result.trades.exit_price[0] == pytest.approx(102)
    assert result.trades.exit_ms[0] == START + 2 * MINUTE
    assert result.trades.cost[0] == pytest.approx(0.5 * 0.0015 + 0.51 * 0.0002)


@pytest.mark.parametrize("p", [0.6, 0.4])
def test_law_9_stop_and_target_in_one_bar_is_the_stop(p: float) -> None:
    rows: list[Bar] = [STILL, (100, 103, 97, 100), STILL]
    result = play(long_or_short(BARRIERS), perpetual(), bars(rows), [0], [p], barriers=levels(0.02, 0.02))
    assert reasons(result) == ["stop"]
    assert result.trades.net[0] == pytest.approx(-0.5 * 0.02)


def test_law_9_a_touch_fills_the_stop_and_not_the_limit() -> None:
    touches_both: list[Bar] = [STILL, (100, 102, 99, 100), (100, 101, 98, 100)]
    result = play(long_or_short(BARRIERS), perpetual(), bars(touches_both), [0], [0.6], barriers=levels(0.02, 0.02))
    assert reasons(result) == ["stop"]
    assert result.trades.exit_ms[0] == START + 3 * MINUTE


def test_a_bar_that_opens_beyond_the_stop_fills_at_its_open() -> None:
    result = play(long_or_short(BARRIERS), perpetual(), flat(100, 90, 90), [0], [0.6], barriers=levels(0.02, 0.02))
    assert result.trades.exit_price[0] == 90


def test_a_bar_that_opens_beyond_the_target_fills_at_the_target() -> None:
    result = play(long_or_short(BARRIERS), perpetual(), flat(100, 120, 120), [0], [0.6], barriers=levels(0.02, 0.02))
    assert result.trades.exit_price[0] == pytest.approx(102)


def test_a_short_takes_its_profit_at_the_lower_barrier_and_stops_at_the_upper() -> None:
    unlike = levels(0.03, 0.01)
    falls = play(long_or_short(BARRIERS), perpetual(), bars([STILL, (100, 100, 98, 98)]), [0], [0.4], barriers=unlike)
    rises = play(long_or_short(BARRIERS), perpetual(), bars([STILL, (100, 104, 100, 104)]), [0], [0.4], barriers=unlike)
    assert (reasons(falls), reasons(rises)) == (["take"], ["stop"])
    assert falls.trades.exit_price[0] == pytest.approx(99)
    assert rises.trades.exit_price[0] == pytest.approx(103)


@pytest.mark.parametrize("distance", [0.0, -0.01, float("nan")])
@pytest.mark.parametrize("p", [0.9, 0.1])
def test_a_decision_whose_barriers_are_nowhere_is_dropped(distance: float, p: float) -> None:
    for both in ((distance, distance), (distance, 0.01), (0.01, distance)):
        result = play(long_or_short({"use": "barriers"}), perpetual(), flat(100, 100, 100), [0], [p], barriers=levels(*both))
        assert result.counts["dropped"] == 1
        assert len(result.trades) == 0


def test_an_untouched_barrier_trade_ends_at_the_horizons_open() -> None:
    result = play(long_or_short(BARRIERS), perpetual(), flat(100, 100, 100, 101, 150), [0], [0.6], barriers=levels(0.2, 0.2, 3))
    assert reasons(result) == ["time"]
    assert (result.trades.exit_price[0], result.trades.exit_ms[0]) == (101, START + 3 * MINUTE)


def test_a_signal_exit_leaves_when_unsupported_and_may_turn_at_once() -> None:
    result = play(long_or_short(SIGNAL), perpetual(), flat(100, 101, 102, 103, 104), [0, 1, 2, 3], [0.6, 0.51, 0.4, 0.55])
    assert list(result.trades.side) == [1, -1, 1]
    assert list(result.trades.entry_ms) == list(after([0, 2, 3]))
    assert list(result.trades.exit_ms) == list(after([2, 3, 5]))
    assert reasons(result) == ["signal", "signal", "end"]
    assert result.counts["passed_over"] == 1


def test_law_9_one_position_at_a_time_and_the_rest_is_counted() -> None:
    result = play(long_or_short(AFTER_2M), perpetual(), flat(*[100] * 9), range(6), [0.6, 0.6, 0.5, 0.6, 0.6, 0.5])
    counts = {"decisions": 6, "taken": 2, "passed_over": 2, "no_edge": 2, "dropped": 0, "ruined": 0, "too_small": 0}
    assert result.counts == counts


@pytest.mark.parametrize(("rate", "p", "paid"), [(0.001, 0.6, 1), (0.001, 0.4, 0), (-0.001, 0.6, 0), (-0.001, 0.4, 1)])
def test_law_9_assumed_funding_is_paid_by_one_side_and_received_by_none(rate: float, p: float, paid: int) -> None:
    hours = flat(*[100] * (17 * 60))
    hold = {"use": "after", "hold": "8h"}
    into_one = play(long_or_short(hold), perpetual(funding=rate), hours, [1], [p])
    from_one_to_the_next = play(long_or_short(hold), perpetual(funding=rate), hours, [480], [p])
    assert into_one.trades.funding[0] == pytest.approx(paid * 0.5 * 0.001)
    assert from_one_to_the_next.trades.funding[0] == pytest.approx(paid * 0.5 * 0.001)
    assert into_one.equity[-1] == pytest.approx(1 - paid * 0.0005)


def test_funding_missed_inside_a_gap_is_charged_at_the_next_bar() -> None:
    hours = without(flat(*[100] * (20 * 60)), range(470, 1000))
    result = play(long_or_short({"use": "after", "hold": "17h"}), perpetual(funding=0.001), hours, [1], [0.6])
    assert result.trades.funding[0] == pytest.approx(2 * 0.5 * 0.001)


def test_law_8_nothing_is_entered_at_a_missing_bar() -> None:
    result = play(long_or_short(AFTER_2M), perpetual(), without(flat(*[100] * 5), [1]), [1], [0.6])
    assert result.counts["dropped"] == 1
    assert len(result.trades) == 0


def test_law_8_an_exit_due_inside_a_gap_waits_for_the_next_bar() -> None:
    result = play(long_or_short(AFTER_2M), perpetual(), without(flat(100, 100, 7, 7, 103), [2, 3]), [0], [0.6])
    assert (result.trades.exit_price[0], result.trades.exit_ms[0]) == (103, START + 4 * MINUTE)


def test_law_8_a_barrier_crossed_inside_a_gap_fills_where_trading_resumes() -> None:
    series = without(flat(100, 90, 80, 80), [1])
    result = play(long_or_short(BARRIERS), perpetual(), series, [0], [0.6], barriers=levels(0.02, 0.02))
    assert (result.trades.exit_price[0], result.trades.exit_ms[0]) == (80, START + 3 * MINUTE)


def test_a_gap_at_the_end_closes_at_the_last_price_there_was() -> None:
    result = play(long_or_short(SIGNAL), perpetual(), without(flat(100, 104, 7, 7), [2, 3]), [0], [0.6])
    assert (result.trades.exit_price[0], reasons(result)) == (104, ["end"])


@pytest.mark.parametrize(("p", "price"), [(0.6, (100 - 10) / (1 - 0.05)), (0.4, (100 + 10) / (1 + 0.05))])
def test_liquidation_comes_when_equity_falls_to_maintenance(p: float, price: float) -> None:
    to = price - 0.01 if p > 0.5 else price + 0.01
    rows: list[Bar] = [STILL, (100, max(100, to), min(100, to), 100), STILL]
    tenfold = long_or_short(SIGNAL, use="volatility", yearly=5, leverage=10)
    result = play(tenfold, perpetual(maintenance=0.05), bars(rows), [0], [p], volatility=np.array([0.1]))
    assert reasons(result) == ["liquidated"]
    assert result.trades.exit_price[0] == pytest.approx(price)
    assert result.equity[-1] == pytest.approx(1 - 10 * abs(price / 100 - 1))


@pytest.mark.parametrize("still", [1, 2], ids=["while held", "at the exit"])
@pytest.mark.parametrize(("p", "jump"), [(0.6, 50.0), (0.4, 200.0)])
def test_a_jump_past_liquidation_loses_the_equity_and_no_more(p: float, jump: float, still: int) -> None:
    tenfold = long_or_short(AFTER_2M, use="volatility", yearly=5, leverage=10)
    contract = perpetual(taker=0.001, slippage=0.001)
    result = play(tenfold, contract, flat(*[100] * still, *[jump] * 5), [0, 3, 4], [p] * 3, volatility=np.full(3, 0.1))
    assert result.equity[-1] == pytest.approx(0, abs=1e-12)
    assert result.trades.net.sum() == pytest.approx(-1, abs=1e-12)
    assert result.counts["ruined"] == 2
    assert result.metrics["max_drawdown"] == pytest.approx(1)


def test_law_9_leverage_is_the_lesser_of_the_contracts_and_the_sizes() -> None:
    for own, allowed, expected in ((2, 5, 2), (8, 5, 5)):
        trade = long_or_short(AFTER_2M, use="volatility", yearly=5, leverage=own)
        result = play(trade, perpetual(leverage=allowed), flat(*[100] * 3), [0], [0.6], volatility=np.array([0.1]))
        assert result.trades.size[0] == expected


def test_a_volatility_target_divides_by_what_was_realised() -> None:
    trade = long_or_short(AFTER_2M, use="volatility", yearly=0.15, leverage=2)
    minutes, volatility = [0, 2, 4, 6], np.array([0.5, 0.05, NAN, 0.0])
    result = play(trade, perpetual(), flat(*[100] * 9), minutes, [0.6] * 4, volatility=volatility)
    assert result.trades.size == pytest.approx([0.3, 2])
    assert result.counts["dropped"] == 2


def test_kelly_between_barriers_weighs_both_distances_and_the_costs() -> None:
    trade = long_or_short(BARRIERS, use="kelly", fraction=0.01, cap=1)
    result = play(trade, perpetual(taker=0.001), flat(*[100] * 3), [0], [0.6], barriers=levels(0.03, 0.02))
    assert result.trades.size[0] == pytest.approx(0.01 * (0.6 / 0.022 - 0.4 / 0.028))


def test_kelly_without_barriers_takes_a_deviation_over_the_hold() -> None:
    trade = long_or_short({"use": "after", "hold": "4h"}, use="kelly", fraction=0.01, cap=1)
    result = play(trade, perpetual(), flat(*[100] * 300), [0], [0.6], volatility=np.array([0.5]))
    move = 0.5 * np.sqrt(4 / (365 * 24))
    assert result.trades.size[0] == pytest.approx(0.01 * 0.2 / move)


def test_costs_above_the_target_leave_no_stake() -> None:
    trade = long_or_short(BARRIERS, use="kelly", fraction=0.2, cap=1)
    result = play(trade, perpetual(taker=0.02), flat(*[100] * 3), [0], [0.9], barriers=levels(0.03, 0.03))
    assert result.counts["no_edge"] == 1


def test_what_a_trade_needs_and_did_not_get_is_named() -> None:
    series = flat(*[100] * 5)
    with pytest.raises(FlowError, match=r"trade\.exit\.use: barriers needs a triple_barrier label"):
        play(long_or_short(BARRIERS), perpetual(), series, [0], [0.6])
    with pytest.raises(FlowError, match=r"trade\.size\.use: volatility needs the volatility of series 'btc'"):
        play(long_or_short(AFTER_2M, use="volatility", yearly=0.1, leverage=1), perpetual(), series, [0], [0.6])


def test_drawdown_looks_inside_a_trade() -> None:
    rows: list[Bar] = [STILL, (100, 100, 80, 100), STILL]
    result = play(long_or_short(AFTER_2M), perpetual(), bars(rows), [0], [0.6])
    assert result.equity[-1] == 1
    assert result.metrics["max_drawdown"] == pytest.approx(0.5 * 0.2)


def test_the_always_long_twin_of_longs_is_the_strategy() -> None:
    series = wander(5, 3000)
    minutes = range(0, 2900, 7)
    result = play(long_or_short({"use": "after", "hold": "1h"}), perpetual(taker=0.001), series, minutes, [0.6] * len(minutes))
    assert result.twins["long"] == {key: result.metrics[key] for key in result.twins["long"]}
    assert result.twins["coin"]["exposure"] == result.metrics["exposure"]
    assert result.twins["coin"]["total_return"] != result.metrics["total_return"]


def test_twins_keep_moments_and_sizes_whatever_the_exit() -> None:
    series, minutes = wander(6, 6000), range(0, 5900, 5)
    p = np.random.default_rng(0).uniform(0.3, 0.7, len(minutes))
    for leave in (BARRIERS, SIGNAL):
        result = play(
            long_or_short(leave), perpetual(), series, minutes, list(p), barriers=levels(0.005, 0.005, 240, len(p)),
            horizon_ms=HOUR,
        )  # fmt: skip
        for twin in result.twins.values():
            assert twin["trades"] == result.metrics["trades"]
            assert twin["exposure"] == pytest.approx(result.metrics["exposure"], rel=0.02)
