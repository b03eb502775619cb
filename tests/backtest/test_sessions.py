"""Trades on a market that closes: a position that is held sees the next open, and nothing fills at night."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from factory.backtest import Levels, run_backtest
from factory.backtest.fills import fillable_bars
from factory.backtest.frozen import freeze_holds, log_moves
from factory.backtest.kernel import await_trading
from factory.backtest.null import replay
from factory.backtest.perpetual import find_deadlines
from factory.backtest.result import REASONS
from factory.core.times import DAY, HOUR, MINUTE, iso
from factory.expressions.columns import Columns
from factory.flow import volatility_of
from factory.market.calendars import read_sessions
from factory.market.contracts import Binary, Perpetual
from factory.market.series import Partition, Series
from tests.backtest.market import parse
from tests.market.sessions import draw, equity_hours, gather, minutes, ms, series

HOURS = [one for one in equity_hours() if "2023-11-01" <= one[0] <= "2024-01-31"]
FRAME = draw(minutes(HOURS))
SPY = series(FRAME, HOURS)
START, END = int(SPY.time[0]), int(SPY.known[-1]) + 2 * DAY
FREE = Perpetual(use="perpetual", of="spy", taker=0, maker=0, slippage=0, funding=0, leverage=2)
FIXED = {"use": "fixed", "share": 1}


def at(*stamps: str) -> np.ndarray:
    return ms(pd.DatetimeIndex(stamps, tz="UTC"))


def traded(exit: dict[str, object], times: np.ndarray, p: float = 0.9, rows: Series = SPY, **more: object):  # type: ignore[no-untyped-def]
    trade = parse({"use": "long_or_short", "contract": "spy", "enter": 0.55, "exit": exit, "size": FIXED})
    chances = np.full(len(times), p)
    return run_backtest(trade, FREE, rows, times, chances, start=START, end=END, horizon_ms=HOUR, **more).trades  # type: ignore[arg-type]


def test_a_position_over_the_night_earns_what_the_price_did() -> None:
    """From 15:30 of Friday for a day: closed at Monday's open."""
    trades = traded({"use": "after", "hold": "1d"}, at("2023-11-17 20:30"))
    assert [iso(int(one)) for one in trades.exit_ms] == ["2023-11-20T14:30:00Z"]
    entry, leave = (FRAME["open"][pd.Timestamp(stamp, tz="UTC")] for stamp in ("2023-11-17 20:30", "2023-11-20 14:30"))
    np.testing.assert_allclose(trades.gross, leave / entry - 1)


def test_a_stop_that_is_jumped_over_at_night_fills_at_the_open() -> None:
    columns = dict(SPY.columns)
    monday = SPY.time >= at("2023-11-20")[0]
    for name in ("open", "high", "low", "close"):
        columns[name] = np.where(monday, columns[name] * 0.9, columns[name])
    fallen = replace(SPY, columns=columns)
    levels = Levels(np.array([0.02]), np.array([0.02]), 3 * DAY)
    trades = traded({"use": "barriers"}, at("2023-11-17 20:59"), rows=fallen, barriers=levels)
    assert REASONS[trades.reason[0]] == "stop"
    np.testing.assert_allclose(trades.exit_price, columns["open"][monday][0])
    assert [iso(int(one)) for one in trades.exit_ms] == ["2023-11-20T14:31:00Z"]


def test_a_decision_outside_sessions_fills_nothing() -> None:
    times = at("2023-11-23 15:00", "2023-11-24 18:00", "2023-11-25 15:00")
    assert not len(traded({"use": "after", "hold": "1h"}, times))


def test_an_order_that_nobody_filled_ends_with_the_session() -> None:
    quiet = replace(SPY, columns={**SPY.columns, "volume": SPY.columns["volume"].copy()})
    row = np.searchsorted(SPY.time, at("2023-11-17 20:58", "2023-11-20 15:00"))
    for first in row:
        quiet.columns["volume"][first : first + 2] = 0
    assert await_trading(fillable_bars(quiet, END), row, 5).tolist() == [-1, row[1] + 2]


def test_what_is_held_for_some_time_is_left_at_the_open_after_it() -> None:
    entry = at("2024-01-10 15:00", "2024-01-10 20:30", "2024-01-11 20:59")
    left = find_deadlines(SPY, entry, HOUR)
    assert [iso(int(one)) for one in left] == ["2024-01-10T16:00:00Z", "2024-01-11T14:30:00Z", "2024-01-12T14:30:00Z"]


def test_daily_bars_hold_over_the_change_of_clocks_for_as_many_sessions() -> None:
    """A week of daily bars is five sessions, though the opens are an hour less than seven days apart."""
    sessions = read_sessions("XNYS", DAY, *at("2024-02-26", "2024-03-30").tolist())
    time = sessions.list_bars(DAY)
    daily = Series("spy", "bars", DAY, 0, time, sessions.find_ends(time, DAY), {}, sessions=sessions)
    entry = at("2024-03-04 14:30")
    assert [iso(int(one)) for one in find_deadlines(daily, entry, 7 * DAY)] == ["2024-03-11T13:30:00Z"]


def test_windows_of_a_binary_contract_are_counted_from_the_open_and_settle_by_the_close() -> None:
    contract = Binary(use="binary", of="spy", window="30m", fee=0, half_spread=0)
    trade = parse({"use": "up_or_down", "contract": "up", "edge": 0.01, "size": {"use": "fixed", "share": 0.01}})
    times = at("2023-11-24 14:30", "2023-11-24 17:30")
    result = run_backtest(trade, contract, SPY, times, np.full(2, 0.9), start=START, end=END, horizon_ms=30 * MINUTE)
    half = gather(FRAME, FRAME.index.floor("30min")).loc[pd.DatetimeIndex(["2023-11-24 14:30", "2023-11-24 17:30"], tz="UTC")]
    np.testing.assert_array_equal(result.trades.exit_price, (half["close"] >= half["open"]).astype(float))


def test_yearly_volatility_counts_the_bars_that_a_year_has() -> None:
    """A drawn price of a known deviation: minutes of 0.06 %, nights of 0.5 %, some 252 sessions a year."""
    columns = Columns(Partition("test", "train", START, END, {"spy": SPY}, "volatility"))
    measured = volatility_of(FREE, columns, SPY.known[2000::391])
    expected = np.sqrt(252 * (388 * 6e-4**2 + 5e-3**2))
    np.testing.assert_allclose(np.mean(measured), expected, rtol=0.1)


@pytest.mark.parametrize("bar", [MINUTE, DAY])
def test_the_null_market_gives_each_bar_a_sign_and_the_night_one_of_its_own(bar: int) -> None:
    rows = SPY
    if bar == DAY:
        daily = gather(FRAME, np.asarray(FRAME.index.date))
        one = read_sessions("XNYS", DAY, START - DAY, END)
        time = ms(daily.index)
        values = {str(name): column.to_numpy() for name, column in daily.items()}
        rows = Series("spy", "bars", DAY, 0, time, one.find_ends(time, DAY), values, sessions=one)
    moves = log_moves(rows, END)
    assert len(np.unique(moves.slot)) == len(rows)
    opens = np.isin(rows.time, ms(pd.DatetimeIndex(FRAME.index.to_series().groupby(FRAME.index.date).first())))
    np.testing.assert_array_equal(moves.gap, opens)
    np.testing.assert_allclose(moves.change(START, END)[1:], np.diff(np.log(rows.columns["close"])), atol=1e-12)


def test_the_null_market_holds_a_position_as_long_as_the_backtest() -> None:
    times = at("2023-11-17 20:30", "2023-12-08 15:00")
    exit = {"use": "after", "hold": "1d"}
    trades = traded(exit, times)
    trade = parse({"use": "long_or_short", "contract": "spy", "enter": 0.55, "exit": exit, "size": FIXED})
    holds = freeze_holds(trade, FREE, SPY, trades, times, None)  # type: ignore[arg-type]
    np.testing.assert_array_equal(SPY.time[holds.until], trades.exit_ms)
    drawn = replay(log_moves(SPY, END), holds, 4000, 1, 1)
    assert abs(drawn.gross.mean()) < 4 * drawn.gross.std() / np.sqrt(4000)
