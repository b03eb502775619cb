"""The loops over decisions and bars, compiled.

Both work in units of the equity at a trade's entry: everything that happens to
a trade scales with it, so compounding is left to the caller.
"""

from math import floor
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy import bool_, float64, int8, int64
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
ON_TICK = 1e-6
"""Share of a tick by which a float may miss the tick that it stands for."""


class Bars(NamedTuple):
    """Columns of the series that fills; in a bar that is not `traded` nothing does.

    `half_spread` is half the recorded spread at the open, as a share of the price; 0 where none is recorded. A bar whose `end`
    is not the next one's `time` is the last before a time without trading.
    """

    time: NDArray[int64]
    open: NDArray[float64]
    high: NDArray[float64]
    low: NDArray[float64]
    close: NDArray[float64]
    period: int
    traded: NDArray[bool_]
    half_spread: NDArray[float64]
    end: NDArray[int64]


class Decisions(NamedTuple):
    """What is wanted at each decision.

    `long` and `short` are the chances of up and of down. `row` is the bar at whose open it is filled (-1: none); `side` 0 is no
    trade; `size` NaN is unknown; `up`, `down` are barrier distances as shares
    of the fill (NaN: none); at the first open at or after `deadline` the trade ends.
    """

    time: NDArray[int64]
    row: NDArray[int64]
    long: NDArray[float64]
    short: NDArray[float64]
    side: NDArray[int8]
    size: NDArray[float64]
    up: NDArray[float64]
    down: NDArray[float64]
    deadline: NDArray[int64]

    def of(self, rows: NDArray[int64]) -> "Decisions":
        """Select some of the decisions."""
        return Decisions._make(column[rows] for column in self)


class Terms(NamedTuple):
    """The perpetual's terms.

    `market` is taker fee and `slippage` together; where half the recorded spread is wider than the slippage, that is paid in
    its place. `keep` below 0 is no signal exit. A stop or a liquidation fills `overshoot` beyond its price, as a share of it,
    and costs `stop`. Fills are on the `tick` (0: on any price).
    """

    market: float
    slippage: float
    maker: float
    maintenance: float
    keep: float
    stop: float
    overshoot: float
    tick: float


class Funding(NamedTuple):
    """Payments of funding in the order of their stamps, as shares of the notional; negative where one receives.

    Those that are recorded pay a position that is entered at their stamp too, if it is a cost to it.
    """

    time: NDArray[int64]
    long: NDArray[float64]
    short: NDArray[float64]
    is_recorded: bool


@njit(cache=True, nogil=True)
def locate(time: NDArray[int64], wanted: NDArray[int64]) -> NDArray[int64]:
    """Find the row whose stamp equals each wanted moment, or -1. Both must be ascending."""
    rows = np.full(len(wanted), -1, np.int64)
    row = np.searchsorted(time, wanted[0]) if len(wanted) else 0
    for i in range(len(wanted)):
        while row < len(time) and time[row] < wanted[i]:
            row += 1
        if row < len(time) and time[row] == wanted[i]:
            rows[i] = row
    return rows


@njit(cache=True, nogil=True)
def await_trading(bars: Bars, row: NDArray[int64], wait: int) -> NDArray[int64]:
    """Find the first traded row at or after each, at most `wait` later and before trading ends, or -1.

    Also -1 where the row itself is missing.
    """
    first_traded = np.full(len(row), -1, np.int64)
    for i in range(len(row)):
        if row[i] < 0 or np.isnan(bars.open[row[i]]):
            continue
        for r in range(row[i], min(row[i] + wait + 1, len(bars.time))):
            if bars.traded[r]:
                first_traded[i] = r
                break
            if r + 1 < len(bars.time) and bars.end[r] != bars.time[r + 1]:
                break
    return first_traded


@njit(cache=True, nogil=True)
def settle(bars: Bars, row: NDArray[int64], window: int) -> NDArray[int8]:
    """Settle a window at each row: 1 up (ties too), 0 down.

    -1 if any of its bars is missing or it runs into a time without trading, or if nobody traded in its first or last: such
    prices are older than the window's bounds, and who knows that trades against a result that has already come.
    """
    up = np.full(len(row), -1, np.int8)
    count = window // bars.period
    for i in range(len(row)):
        first, last = row[i], row[i] + count - 1
        if first < 0 or last >= len(bars.time) or bars.time[last] - bars.time[first] != window - bars.period:
            continue
        whole = bars.traded[first] and bars.traded[last]
        for r in range(first, last + 1):
            whole = whole and not np.isnan(bars.close[r])
        if whole:
            up[i] = bars.close[last] >= bars.open[first]
    return up


@njit(cache=True, nogil=True)
def _lower(price: float, tick: float) -> float:
    """Round a price down to the tick.

    Signed by the side, an exit is worse there, and an entry at the next higher.
    """
    if tick <= 0.0:
        return price
    steps = price / tick
    return price if abs(steps - round(steps)) < ON_TICK else floor(steps) * tick


@njit(cache=True, nogil=True)
def _enter(bars: Bars, decisions: Decisions, terms: Terms, i: int) -> float:
    """Compute the price at which the trade of decision `i` begins."""
    side = decisions.side[i]
    price: float = -side * _lower(-side * bars.open[decisions.row[i]], terms.tick)
    return price


@njit(cache=True, nogil=True)
def _beyond(bars: Bars, terms: Terms, row: int) -> float:
    """Compute what crossing the recorded spread at a bar costs beyond the slippage that the terms hold."""
    beyond: float = max(bars.half_spread[row] - terms.slippage, 0.0)
    return beyond


@njit(cache=True, nogil=True)
def _floors(side: int, entry: float, quantity: float, base: float, terms: Terms, market: float) -> tuple[float, float]:
    """Compute the signed prices at which the exchange liquidates, and at which nothing is left once the exit is paid."""
    zero = side * entry - base / quantity
    return zero / (1.0 - side * terms.maintenance), zero / (1.0 - side * market)


@njit(cache=True, nogil=True)
def _sum_due(rates: Funding, side: int, place: int, before: int, entered: int, left: int) -> tuple[float, int]:
    """Sum the payments from one on that are stamped before a moment, and find the next.

    Only those between both fills are received: where it is not known whether the position was held it pays, if it is a cost.
    """
    rate = 0.0
    while place < len(rates.time) and rates.time[place] < before:
        due = rates.long[place] if side > 0 else rates.short[place]
        rate += due if entered < rates.time[place] < left else max(due, 0.0)
        place += 1
    return rate, place


@njit(cache=True, nogil=True)
def _hold(
    bars: Bars, decisions: Decisions, terms: Terms, rates: Funding, i: int, course: NDArray[float64]
) -> tuple[int, float, int, float, float, int]:
    """Follow the trade of decision `i` to its end: moment, price, reason, funding, worst change of equity, and the bar.

    Prices are multiplied by the side, so that lower is always worse. `inside` is the funding where it ends inside the bar.
    A `course` of one place a bar receives the worst change of equity in each that the trade lives through.
    """
    side, size, row = decisions.side[i], decisions.size[i], decisions.row[i]
    entry = _enter(bars, decisions, terms, i)
    quantity = size / entry
    market = terms.market + _beyond(bars, terms, row)
    base = 1.0 - size * market
    liquidation, bankrupt = _floors(side, entry, quantity, base, terms, market)
    take = side * entry * (1.0 + side * (decisions.up[i] if side > 0 else decisions.down[i]))
    stop = side * entry * (1.0 - side * (decisions.down[i] if side > 0 else decisions.up[i]))
    entered = bars.time[row]
    paid = np.searchsorted(rates.time, entered if rates.is_recorded else entered + 1)
    funding, inside, worst, later, leaving, last = 0.0, 0.0, base - 1.0, i + 1, False, row
    for r in range(row, len(bars.time)):
        now, opened = bars.time[r], side * bars.open[r]
        while terms.keep >= 0.0 and later < len(decisions.time) and decisions.time[later] <= now:
            leaving = leaving or (decisions.long[later] if side > 0 else decisions.short[later]) < terms.keep
            later += 1
        if not bars.traded[r]:
            continue
        last = r
        ends = r > row and (leaving or now >= decisions.deadline[i])
        if paid < len(rates.time) and now >= rates.time[paid]:
            rate, paid = _sum_due(rates, side, paid, now + 1, entered, now if ends else NEVER)
            funding += rate * quantity * bars.open[r]
            liquidation, bankrupt = _floors(side, entry, quantity, base - funding, terms, market)
        if ends:
            return now, side * max(_lower(opened, terms.tick), bankrupt), SIGNAL if leaving else TIME, funding, worst, r
        inside = funding + _sum_due(rates, side, paid, bars.end[r], NEVER, NEVER)[0] * quantity * bars.open[r]
        adverse, favourable = (bars.low[r], bars.high[r]) if side > 0 else (-bars.high[r], -bars.low[r])
        trigger = stop if stop > liquidation else liquidation
        if adverse <= trigger:
            price = min(opened, trigger)
            reason = LIQUIDATED if price <= liquidation else STOP
            price = _lower(price * (1.0 - side * terms.overshoot), terms.tick)
            return bars.end[r], side * max(price, bankrupt), reason, inside, worst, r
        lowest = base - 1.0 - funding + quantity * (adverse - side * entry)
        worst = min(worst, lowest)
        if r < len(course):
            course[r] = lowest
        if favourable > take:
            return bars.end[r], side * _lower(take, terms.tick), TAKE, inside, worst, r
    price = _lower(side * bars.close[last], terms.tick)
    return bars.end[last], side * max(price, bankrupt), END, inside, worst, last


@njit(cache=True, nogil=True)
def _exit_fee(terms: Terms, reason: int) -> float:
    """Return fee and slippage of the exit, as a share of what is traded."""
    if reason == TAKE:
        return terms.maker
    return terms.stop if reason in (STOP, LIQUIDATED) else terms.market


@njit(cache=True, nogil=True)
def _count_money(
    bars: Bars, decisions: Decisions, terms: Terms, i: int, price: float, reason: int, funding: float, worst: float, left: int
) -> tuple[float, float, float, float, float, float, float, float]:
    """Count what the trade of decision `i` earned that was left at a price in a bar; see :func:`trade_one`."""
    side, size = decisions.side[i], decisions.size[i]
    entry = _enter(bars, decisions, terms, i)
    relative = price / entry
    gain = side * (relative - 1.0)
    leaving = 0.0 if reason == TAKE else _beyond(bars, terms, left)
    toll = terms.market + _beyond(bars, terms, decisions.row[i]) + relative * (_exit_fee(terms, reason) + leaving)
    payoff = gain - toll - funding / size
    return price, size * gain, size * toll, funding, min(worst, size * payoff), entry, payoff, toll


@njit(cache=True, nogil=True)
def trade_one(
    bars: Bars, decisions: Decisions, terms: Terms, rates: Funding, i: int, course: NDArray[float64]
) -> tuple[int, int, int, tuple[float, float, float, float, float, float, float, float]]:
    """Trade decision `i`, whatever else is held.

    Parameters
    ----------
    course : ndarray of float64, shape (bars,) or (0,)
        Receives the worst change of equity in each bar that the trade lives through, as a share of the equity at entry.

    Returns
    -------
    moment, reason, left : int
        Of the exit, and its bar.
    money : tuple of float
        Exit price, then gross, cost, funding and worst as shares of the equity at entry; entry price; net and cost for
        one unit of the notional at entry.
    """
    moment, price, reason, funding, worst, left = _hold(bars, decisions, terms, rates, i, course)
    return moment, reason, left, _count_money(bars, decisions, terms, i, price, reason, funding, worst, left)


@njit(cache=True, nogil=True)
def charge_funding(bars: Bars, decisions: Decisions, terms: Terms, rates: Funding, i: int, left: int, before: int) -> float:
    """Sum what the trade of decision `i` pays of funding before a moment in bar `left`, without what it receives."""
    side, row = decisions.side[i], decisions.row[i]
    quantity = decisions.size[i] / _enter(bars, decisions, terms, i)
    place = np.searchsorted(rates.time, bars.time[row] if rates.is_recorded else bars.time[row] + 1)
    funding = 0.0
    for r in range(row, left + 1):
        if bars.traded[r]:
            rate, place = _sum_due(rates, side, place, before if r == left else bars.time[r] + 1, NEVER, NEVER)
            funding += rate * quantity * bars.open[r]
    return funding


@njit(cache=True, nogil=True)
def liquidate(
    bars: Bars, decisions: Decisions, terms: Terms, i: int, price: float, funding: float, worst: float, left: int
) -> tuple[float, float, float, float, float, float, float, float]:
    """Count what the trade of decision `i` earned that the exchange left at a price of the market in a bar."""
    side = decisions.side[i]
    filled = side * _lower(side * price * (1.0 - side * terms.overshoot), terms.tick)
    money: tuple[float, float, float, float, float, float, float, float] = _count_money(
        bars, decisions, terms, i, filled, LIQUIDATED, funding, worst, left
    )
    return money


@njit(cache=True, nogil=True)
def trade_some(
    bars: Bars, decisions: Decisions, terms: Terms, rates: Funding, chosen: NDArray[int64], most: int, course: NDArray[float64]
) -> tuple[NDArray[int64], NDArray[float64]]:
    """Trade the first of some decisions, then each next one that comes when the last has ended, up to a number of trades.

    Parameters
    ----------
    chosen : ndarray of int64, shape (n,)
        Decisions that can be traded, ascending.
    course : ndarray of float64, shape (bars,)
        As of :func:`trade_one`: no two of the trades live through one bar.

    Returns
    -------
    whole : ndarray of int64, shape (trades, 4)
        Decision, exit moment, reason, and the bar of the exit.
    money : ndarray of float64, shape (trades, 8)
        As of :func:`trade_one`.
    """
    whole, money = np.empty((most, 4), np.int64), np.empty((most, 8), np.float64)
    busy_until, taken = -NEVER, 0
    for i in chosen:
        if taken == most:
            break
        if decisions.time[i] >= busy_until:
            busy_until, reason, left, money[taken] = trade_one(bars, decisions, terms, rates, i, course)
            whole[taken] = i, busy_until, reason, left
            taken += 1
    return whole[:taken], money[:taken]


@njit(cache=True, nogil=True)
def walk(
    bars: Bars, decisions: Decisions, terms: Terms, rates: Funding
) -> tuple[NDArray[int8], NDArray[int64], NDArray[float64]]:
    """Trade a perpetual, one position at a time.

    Returns
    -------
    outcome : ndarray of int8, shape (decisions,)
    whole : ndarray of int64, shape (trades, 3)
        Decision, exit moment, reason.
    money : ndarray of float64, shape (trades, 8)
        As of :func:`trade_one`.
    """
    n = len(decisions.time)
    outcome = np.empty(n, np.int8)
    whole = np.empty((n, 3), np.int64)
    money = np.empty((n, 8), np.float64)
    busy_until, taken, unwatched = decisions.time[0] if n else 0, 0, np.empty(0)
    for i in range(n):
        side, size, row = decisions.side[i], decisions.size[i], decisions.row[i]
        if decisions.time[i] < busy_until:
            outcome[i] = PASSED_OVER
        elif side == 0 or size <= 0.0:
            outcome[i] = NO_EDGE
        elif row < 0 or not bars.traded[row] or np.isnan(size):
            outcome[i] = DROPPED
        else:
            busy_until, reason, _, money[taken] = trade_one(bars, decisions, terms, rates, i, unwatched)
            whole[taken] = i, busy_until, reason
            outcome[i] = TAKEN
            taken += 1
    return outcome, whole[:taken].copy(), money[:taken].copy()
