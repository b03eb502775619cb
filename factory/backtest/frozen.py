"""What is frozen of trades and of the bars that fill them, before the null market is drawn.

Moves of bars as logs, so that a reflection is a sign; trades as holds, whose ends were known when they began or are barriers;
recorded funding by the bars in which it was due.
"""

from math import gcd
from typing import NamedTuple

import numpy as np
from numpy import bool_, float64, int64
from numpy.typing import NDArray

from factory.backtest.perpetual import Levels, find_deadlines
from factory.backtest.result import Trades
from factory.core.times import MINUTE, to_ms
from factory.market.contracts import Perpetual
from factory.market.series import Series
from factory.pipeline.parts.trades import After, Barriers, LongOrShort


class Moves(NamedTuple):
    """Log moves of a series' bars, one row a bar.

    Parameters
    ----------
    slot : ndarray of int64, shape (n,)
        Stamp of each bar in slots since 1970: by it the bars of two series meet the same sign.
    jump : ndarray of float64, shape (n,)
        From the close before to the open; NaN where nothing can fill: a bar that is missing or traded nothing.
    high, low, close : ndarray of float64, shape (n,)
        From the open.
    gap : ndarray of bool, shape (n,)
        Whether the bar before is missing or a time without trading lies between, so that the jump has a sign of its own.
    period : int
        ms from one bar to the next.
    slot_ms : int
        ms of a slot, in which no two bars begin: the period, or less where bars begin anew with each session.
    """

    slot: NDArray[int64]
    jump: NDArray[float64]
    high: NDArray[float64]
    low: NDArray[float64]
    close: NDArray[float64]
    gap: NDArray[bool_]
    period: int
    slot_ms: int

    def change(self, start: int, end: int) -> NDArray[float64]:
        """Compute the log moves from close to close of the bars that are stamped in [start, end) and can fill."""
        rows = slice(*np.searchsorted(self.slot * self.slot_ms, [start, end]))
        change = self.jump[rows] + self.close[rows]
        return change[np.isfinite(change)]


class Payments(NamedTuple):
    """Recorded funding on a series' bars, in the order of its stamps.

    Parameters
    ----------
    row : ndarray of int64, shape (k,)
        First bar at or after each stamp in which somebody trades.
    rate : ndarray of float64, shape (k,)
        What a long pays and a short receives, as a share of notional.
    """

    row: NDArray[int64]
    rate: NDArray[float64]

    def between(self, time: NDArray[int64], start: int, end: int) -> float:
        """Sum what a long pays in the bars that are stamped in [start, end), of all bars' stamps."""
        at = time[self.row]
        return float(self.rate[(at >= start) & (at < end)].sum())


NO_PAYMENTS = Payments(np.empty(0, int64), np.empty(0))


class Holds(NamedTuple):
    """What is frozen of a perpetual's trades: when, on which side, and what ends them.

    A trade that ends by a barrier or a time is one hold. One that ends by a signal is a hold from each decision to the
    next: its exit is a stopping time, but whether it goes on was known when each began.

    Parameters
    ----------
    row : ndarray of int64, shape (m,)
        Bar at whose open it begins.
    until : ndarray of int64, shape (m,)
        Bar from which on it ends at the next open.
    side : ndarray of float64, shape (m,)
        1 long, -1 short.
    weight : ndarray of float64, shape (m,)
        Notional at its beginning over the trade's at entry.
    take, stop : ndarray of float64, shape (m,)
        Log distance in the trade's favour, and against it (negative), infinite for none.
    trade : ndarray of int64, shape (m,)
        Position of the trade it belongs to.
    """

    row: NDArray[int64]
    until: NDArray[int64]
    side: NDArray[float64]
    weight: NDArray[float64]
    take: NDArray[float64]
    stop: NDArray[float64]
    trade: NDArray[int64]

    def take_first(self, count: int) -> "Holds":
        """Select the first holds."""
        return Holds._make(column[:count] for column in self)


def log_moves(series: Series, end: int) -> Moves:
    """Compute the log moves of the bars that are over by a moment."""
    ends = series.ends
    n = int(np.searchsorted(ends, end, side="right"))
    opened, high, low, close = (np.log(series.columns[name][:n]) for name in ("open", "high", "low", "close"))
    slot_ms = series.period if series.sessions is None else gcd(series.period, MINUTE)
    there = series.traded[:n]
    before = np.maximum.accumulate(np.where(there, np.arange(n), -1))
    before = np.concatenate([[-1], before[:-1]])
    known = there & (before >= 0)
    jump = np.where(known, opened - close[before], np.where(there, 0.0, np.nan))
    gap = ~known | (series.time[:n] != ends[before])
    slot = series.time[:n] // slot_ms
    return Moves(slot, jump, high - opened, low - opened, close - opened, gap, series.period, slot_ms)


def freeze_holds(
    trade: LongOrShort,
    contract: Perpetual,
    series: Series,
    trades: Trades,
    times: NDArray[int64],
    levels: Levels | None,
) -> Holds:
    """Freeze the trades of a perpetual.

    Parameters
    ----------
    times : ndarray of int64, shape (decisions,)
        Decisions, ms UTC: a trade that leaves by a signal is cut at each.
    levels : Levels or None
        For an exit at barriers.
    """
    stop = np.where(trades.side > 0, *_liquidations(contract, trades.size))
    take = np.full(len(trades), np.inf)
    entry = trades.entry_ms
    if isinstance(trade.exit, Barriers) and levels is not None:
        with np.errstate(divide="ignore"):  # minus infinity: a stop of the whole price is never touched
            up, down = np.log1p(levels.up[trades.decision]), np.log1p(-np.minimum(levels.down[trades.decision], 1.0))
        take = np.where(trades.side > 0, up, -down)
        stop = np.maximum(stop, np.where(trades.side > 0, down, -up))
        hold = levels.horizon_ms
    elif isinstance(trade.exit, After):
        hold = to_ms(trade.exit.hold)
    else:
        return _cut(series, trades, times)
    row = np.searchsorted(series.time, entry)
    until = np.searchsorted(series.time, find_deadlines(series, entry, hold))
    one = np.ones(len(trades))
    return Holds(row, until, trades.side.astype(float64), one, take, stop, np.arange(len(trades)))


def _liquidations(contract: Perpetual, size: NDArray[float64]) -> tuple[NDArray[float64], NDArray[float64]]:
    """Compute the log distance at which a long and a short of some sizes are liquidated, costs apart; negative."""
    with np.errstate(divide="ignore"):
        below = np.log(np.maximum(1 - 1 / size, 0.0) / (1 - contract.maintenance))
    return below, -np.log((1 + 1 / size) / (1 + contract.maintenance))


def _cut(series: Series, trades: Trades, times: NDArray[int64]) -> Holds:
    """Split trades into holds from each decision to the next."""
    first, last = np.searchsorted(times, trades.entry_ms, side="right"), np.searchsorted(times, trades.exit_ms)
    count = np.maximum(last - first, 0) + 1
    trade = np.repeat(np.arange(len(trades)), count)
    place = np.arange(len(trade)) - np.repeat(np.cumsum(count) - count, count)
    begun = np.where(place == 0, trades.entry_ms[trade], times[np.minimum(first[trade] + place, len(times)) - 1])
    ended = np.where(place == count[trade] - 1, trades.exit_ms[trade], np.append(begun[1:], 0))
    row, until = _following(series.traded)[np.searchsorted(series.time, [begun, ended])]
    opened = _carried(series.columns["open"])[np.minimum(row, len(series) - 1)]
    weight, none = opened / trades.price[trade], np.full(len(trade), np.inf)
    return Holds(row, until, trades.side[trade].astype(float64), weight, none, -none, trade)


def _following(there: NDArray[bool_]) -> NDArray[int64]:
    """Find the first row at or after each, and after the last, that is there.

    A hold that began before it would move with it twice.
    """
    following = np.append(np.where(there, np.arange(len(there)), len(there)), len(there))
    return np.asarray(np.minimum.accumulate(following[::-1])[::-1], dtype=int64)


def _carried(values: NDArray[float64]) -> NDArray[float64]:
    """Fill missing values with the last known one."""
    last = np.maximum.accumulate(np.where(np.isfinite(values), np.arange(len(values)), 0))
    return values[last]


def lay_payments(series: Series, time: NDArray[int64], rate: NDArray[float64], end: int) -> Payments:
    """Lay recorded funding on the bars of a series that are over by a moment; what comes after the last is left out."""
    n = int(np.searchsorted(series.time, end - series.period, side="right"))
    row = _following(series.traded[:n])[np.searchsorted(series.time[:n], time)]
    return Payments(row[row < n], rate[row < n])
