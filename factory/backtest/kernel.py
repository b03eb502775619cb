"""The loops over decisions and bars, compiled.

Both work in units of the equity at a trade's entry: everything that happens to
a trade scales with it, so compounding is left to the caller.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy import float64, int8, int64
from numpy.typing import NDArray

from factory.backtest.result import (
    DROPPED,
    END,
    LIQUIDATED,
    NO_EDGE,
    PASSED_OVER,
    SIGNAL,
    STOP,
    TAKE,
    TAKEN,
    TIME,
)

NEVER = np.iinfo(np.int64).max


class Bars(NamedTuple):
    """Columns of the series that fills."""

    time: NDArray[int64]
    open: NDArray[float64]
    high: NDArray[float64]
    low: NDArray[float64]
    close: NDArray[float64]
    period: int


class Decisions(NamedTuple):
    """What is wanted at each decision.

    `row` is the bar that starts at the decision (-1: none); `side` 0 is no
    trade; `size` NaN is unknown; `up`, `down` are barrier distances as shares
    of the fill (NaN: none); at the first open at or after `deadline` the trade ends.
    """

    time: NDArray[int64]
    row: NDArray[int64]
    p: NDArray[float64]
    side: NDArray[int8]
    size: NDArray[float64]
    up: NDArray[float64]
    down: NDArray[float64]
    deadline: NDArray[int64]

    def of(self, rows: NDArray[int64]) -> "Decisions":
        """Some of the decisions."""
        return Decisions._make(column[rows] for column in self)


class Terms(NamedTuple):
    """The perpetual's terms; `market` is taker fee and slippage together, `keep` below 0 is no signal exit."""

    market: float
    maker: float
    funding: float
    every: int
    maintenance: float
    keep: float


@njit(cache=True, nogil=True)
def locate(time: NDArray[int64], wanted: NDArray[int64]) -> NDArray[int64]:
    """Row whose stamp equals each wanted moment, or -1. Both must be ascending."""
    rows = np.full(len(wanted), -1, np.int64)
    row = np.searchsorted(time, wanted[0]) if len(wanted) else 0
    for i in range(len(wanted)):
        while row < len(time) and time[row] < wanted[i]:
            row += 1
        if row < len(time) and time[row] == wanted[i]:
            rows[i] = row
    return rows


@njit(cache=True, nogil=True)
def settle(bars: Bars, row: NDArray[int64], window: int) -> NDArray[int8]:
    """Settle a window at each row: 1 up (ties too), 0 down, -1 if any of its bars is missing."""
    up = np.full(len(row), -1, np.int8)
    count = window // bars.period
    for i in range(len(row)):
        first, last = row[i], row[i] + count - 1
        if first < 0 or last >= len(bars.time) or bars.time[last] - bars.time[first] != window - bars.period:
            continue
        whole = not np.isnan(bars.open[first])
        for r in range(first, last + 1):
            whole = whole and not np.isnan(bars.close[r])
        if whole:
            up[i] = bars.close[last] >= bars.open[first]
    return up


@njit(cache=True, nogil=True)
def _floors(side: int, entry: float, quantity: float, base: float, terms: Terms) -> tuple[float, float]:
    """Signed prices at which the exchange liquidates, and at which nothing is left once the exit is paid."""
    zero = side * entry - base / quantity
    return zero / (1.0 - side * terms.maintenance), zero / (1.0 - side * terms.market)


@njit(cache=True, nogil=True)
def _hold(bars: Bars, decisions: Decisions, terms: Terms, i: int) -> tuple[int, float, int, float, float]:
    """Follow the trade of decision `i` to its end: moment, price, reason, funding, worst change of equity.

    Prices are multiplied by the side, so that lower is always worse.
    """
    side, size, row = decisions.side[i], decisions.size[i], decisions.row[i]
    entry = bars.open[row]
    quantity = size / entry
    base = 1.0 - size * terms.market
    liquidation, bankrupt = _floors(side, entry, quantity, base, terms)
    take = side * entry * (1.0 + side * (decisions.up[i] if side > 0 else decisions.down[i]))
    stop = side * entry * (1.0 - side * (decisions.down[i] if side > 0 else decisions.up[i]))
    next_funding = (bars.time[row] // terms.every + 1) * terms.every
    funding, worst, later, leaving, last = 0.0, base - 1.0, i + 1, False, row
    for r in range(row, len(bars.time)):
        now, opened = bars.time[r], side * bars.open[r]
        while terms.keep >= 0.0 and later < len(decisions.time) and decisions.time[later] <= now:
            leaving = leaving or (decisions.p[later] if side > 0 else 1.0 - decisions.p[later]) < terms.keep
            later += 1
        if np.isnan(opened):
            continue
        last = r
        if now >= next_funding:
            moments = (now - next_funding) // terms.every + 1
            funding += moments * terms.funding * quantity * opened
            next_funding += moments * terms.every
            liquidation, bankrupt = _floors(side, entry, quantity, base - funding, terms)
        if leaving or now >= decisions.deadline[i]:
            return now, side * max(opened, bankrupt), SIGNAL if leaving else TIME, funding, worst
        adverse, favourable = (bars.low[r], bars.high[r]) if side > 0 else (-bars.high[r], -bars.low[r])
        trigger = stop if stop > liquidation else liquidation
        if adverse <= trigger:
            price = min(opened, trigger)
            reason = LIQUIDATED if price <= liquidation else STOP
            return now + bars.period, side * max(price, bankrupt), reason, funding, worst
        worst = min(worst, base - 1.0 - funding + quantity * (adverse - side * entry))
        if favourable > take:
            return now + bars.period, side * take, TAKE, funding, worst
    return bars.time[last] + bars.period, side * max(side * bars.close[last], bankrupt), END, funding, worst


@njit(cache=True, nogil=True)
def walk(bars: Bars, decisions: Decisions, terms: Terms) -> tuple[NDArray[int8], NDArray[int64], NDArray[float64]]:
    """Trade a perpetual, one position at a time.

    Returns
    -------
    outcome : ndarray of int8, shape (decisions,)
    whole : ndarray of int64, shape (trades, 3)
        Decision, exit moment, reason.
    money : ndarray of float64, shape (trades, 5)
        Exit price, then gross, cost, funding and worst as shares of the equity at entry.
    """
    n = len(decisions.time)
    outcome = np.empty(n, np.int8)
    whole = np.empty((n, 3), np.int64)
    money = np.empty((n, 5), np.float64)
    busy_until, taken = decisions.time[0] if n else 0, 0
    for i in range(n):
        side, size, row = decisions.side[i], decisions.size[i], decisions.row[i]
        if decisions.time[i] < busy_until:
            outcome[i] = PASSED_OVER
        elif side == 0 or size <= 0.0:
            outcome[i] = NO_EDGE
        elif row < 0 or np.isnan(bars.open[row]) or np.isnan(size):
            outcome[i] = DROPPED
        else:
            busy_until, price, reason, funding, worst = _hold(bars, decisions, terms, i)
            relative = price / bars.open[row]
            gross = side * size * (relative - 1.0)
            cost = size * (terms.market + relative * (terms.maker if reason == TAKE else terms.market))
            whole[taken] = i, busy_until, reason
            money[taken] = price, gross, cost, funding, min(worst, gross - cost - funding)
            outcome[i] = TAKEN
            taken += 1
    return outcome, whole[:taken].copy(), money[:taken].copy()
