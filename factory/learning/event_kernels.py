"""Loops over the rows of one series: CUSUM events, first touches, concurrency and weights."""

import numpy as np
from numba import njit
from numpy import float64, int8, int64
from numpy.typing import NDArray

Floats = NDArray[float64]
Positions = NDArray[int64]


@njit(cache=True, nogil=True)
def _add_change(up: float, down: float, change: float, h: float) -> tuple[float, float, int]:
    """Add a change to both sums of the CUSUM filter; tell which side it fires on, 0 for neither."""
    if np.isnan(change) or not h > 0:
        return 0.0, 0.0, 0
    up = max(0.0, up + change)
    down = min(0.0, down + change)
    if down < -h:
        return up, down, -1
    return up, down, 1 if up > h else 0


@njit(cache=True, nogil=True)
def _start_anew(up: float, down: float, side: int) -> tuple[float, float]:
    """Set the sum of the side that fired to zero."""
    return (0.0 if side == 1 else up), (0.0 if side == -1 else down)


@njit(cache=True, nogil=True)
def cusum_events(x: Floats, threshold: Floats) -> Positions:
    """Find the rows at which the symmetric CUSUM filter fires.

    Two sums of the changes of `x`, one kept at or above zero and one at or
    below; a side fires when it passes the threshold of that row (strictly) and
    only that side starts anew. López de Prado, Advances in Financial Machine
    Learning (2018), snippet 2.4.

    Parameters
    ----------
    x : ndarray of float64, shape (n,)
        Measured quantity. A missing value resets both sums.
    threshold : ndarray of float64, shape (n,) or (1,)
        In units of `x`. A threshold that is missing or not positive resets both sums too.

    Returns
    -------
    ndarray of int64
        Row positions, increasing.
    """
    rows = np.empty(len(x), np.int64)
    count = 0
    up = down = 0.0
    before = np.nan
    for i in range(len(x)):
        up, down, side = _add_change(up, down, x[i] - before, threshold[i if len(threshold) > 1 else 0])
        before = x[i]
        if side == 0:
            continue
        up, down = _start_anew(up, down, side)
        rows[count] = i
        count += 1
    return rows[:count].copy()


@njit(cache=True, nogil=True)
def cusum_sums(x: Floats, threshold: Floats, up: float = 0.0, down: float = 0.0) -> tuple[Floats, Floats, NDArray[int8]]:
    """Compute the two running sums of the symmetric CUSUM filter: first parameters as of :func:`cusum_events`.

    Parameters
    ----------
    up, down : float
        The sums after the first row, where the filter goes on from there.

    Returns
    -------
    up, down : ndarray of float64, shape (n,)
        At each row, before the side that fires there starts anew: beyond the threshold where it fires.
    side : ndarray of int8, shape (n,)
        1 where the upper sum fires, -1 where the lower one does, else 0.
    """
    ups, downs, sides = np.empty(len(x)), np.empty(len(x)), np.zeros(len(x), np.int8)
    side = 0
    for i in range(len(x)):
        if i > 0:
            up, down, side = _add_change(up, down, x[i] - x[i - 1], threshold[i if len(threshold) > 1 else 0])
        ups[i], downs[i], sides[i] = up, down, side
        up, down = _start_anew(up, down, side)
    return ups, downs, sides


@njit(cache=True, nogil=True)
def first_touch(
    open_: Floats,
    high: Floats,
    low: Floats,
    close: Floats,
    entry: Floats,
    first: Positions,
    last: Positions,
    up: Floats,
    down: Floats,
) -> tuple[Positions, NDArray[int8], Floats]:
    """Find which barrier each event's bars touch first, and where.

    Parameters
    ----------
    open_, high, low, close : ndarray of float64, shape (n,)
        Bars; a missing bar is NaN.
    entry : ndarray of float64, shape (m,)
        Price that returns are counted from.
    first, last : ndarray of int64, shape (m,)
        First and last row of each window, both inside it. A negative `first` is no event.
    up, down : ndarray of float64, shape (m,)
        Simple returns, positive; infinite for no barrier. Touched when passed strictly.

    Returns
    -------
    row : ndarray of int64, shape (m,)
        Row of the touch, or the last of the window; -1 where a missing bar came first.
    side : ndarray of int8, shape (m,)
        1 upper, -1 lower (also when one bar holds both), 0 neither.
    ret : ndarray of float64, shape (m,)
        Simple return: at the barrier, at the open where the bar opened beyond it, at the last
        close where neither was touched; NaN where `row` is -1.
    """
    m = len(entry)
    rows = np.full(m, -1, np.int64)
    sides = np.zeros(m, np.int8)
    returns = np.full(m, np.nan)
    for k in range(m):
        if first[k] < 0 or np.isnan(entry[k]) or np.isnan(up[k]) or np.isnan(down[k]):
            continue
        top = entry[k] * (1.0 + up[k])
        bottom = entry[k] * (1.0 - down[k])
        for i in range(first[k], last[k] + 1):
            if low[i] >= bottom and high[i] <= top:
                continue
            if low[i] < bottom:
                rows[k], sides[k] = i, -1
                returns[k] = min(-down[k], open_[i] / entry[k] - 1.0)
            elif high[i] > top and not np.isnan(low[i]):
                rows[k], sides[k] = i, 1
                returns[k] = max(up[k], open_[i] / entry[k] - 1.0)
            break
        else:
            if not np.isnan(close[last[k]]):
                rows[k] = last[k]
                returns[k] = close[last[k]] / entry[k] - 1.0
    return rows, sides, returns


@njit(cache=True, nogil=True)
def concurrency(first: Positions, last: Positions, n: int) -> Positions:
    """Count how many labels are alive at each of `n` rows; both ends of a label count.

    Parameters
    ----------
    first, last : ndarray of int64, shape (m,)
        Positions of each label, ``0 <= first <= last < n``.
    n : int
        Positions of the series.
    """
    steps = np.zeros(n + 1, np.int64)
    for k in range(len(first)):
        steps[first[k]] += 1
        steps[last[k] + 1] -= 1
    alive = 0
    for i in range(n):
        alive += steps[i]
        steps[i] = alive
    return steps[:n]


@njit(cache=True, nogil=True)
def shared_sum(first: Positions, last: Positions, x: Floats, alive: Positions) -> Floats:
    """Add up ``x / alive`` over each label's rows, shape (m,)."""
    share = np.zeros(len(x))
    for i in range(len(x)):
        if alive[i] > 0:
            share[i] = x[i] / alive[i]
    out = np.empty(len(first))
    for k in range(len(first)):
        total = 0.0
        for i in range(first[k], last[k] + 1):
            total += share[i]
        out[k] = total
    return out


@njit(cache=True, nogil=True)
def reach_total(values: Floats, first: Positions, last: Positions, wanted: int) -> Positions:
    """Find the row at which the sum of values from `first` on reaches a total.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        A missing one ends the search.
    first, last : ndarray of int64, shape (m,)
        Rows between which is searched, both ends counted. A negative `first` is no search.
    wanted : int
        The total.

    Returns
    -------
    ndarray of int64, shape (m,)
        -1 where it is not reached.
    """
    reached = np.full(len(first), -1, np.int64)
    for i in range(len(first)):
        total = 0.0
        for r in range(first[i], last[i] + 1 if first[i] >= 0 else first[i]):
            total += values[r]
            if total >= wanted:
                reached[i] = r
                break
    return reached


@njit(cache=True, nogil=True)
def mean_before(values: Floats, first: Positions, rows: Positions) -> Floats:
    """Compute the mean of the rows before `first`, as a share of the last of them; NaN where one is missing.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        A missing one is NaN.
    first, rows : ndarray of int64, shape (m,)
        Where the rows end, that one not counted, and how many there are.

    Returns
    -------
    ndarray of float64, shape (m,)
    """
    share = np.full(len(first), np.nan)
    for i in range(len(first)):
        if first[i] < rows[i] or rows[i] < 1:
            continue
        total = 0.0
        for r in range(first[i] - rows[i], first[i]):
            total += values[r]
        share[i] = total / rows[i] / values[first[i] - 1]
    return share


@njit(cache=True, nogil=True)
def mean_moves(values: Floats, first: Positions, last: Positions, reference: Floats) -> Floats:
    """Compute how far the mean of each window lies above the value before it.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        A missing one is NaN.
    first, last : ndarray of int64, shape (m,)
        Both ends counted. A `first` below 1 is no window.
    reference : ndarray of float64, shape (m,)
        What the mean is compared with, as a share of the value before the window.

    Returns
    -------
    ndarray of float64, shape (m,)
        As a share of what it is compared with; NaN where a value is missing.
    """
    moves = np.full(len(first), np.nan)
    for i in range(len(first)):
        if first[i] < 1:
            continue
        total = 0.0
        for r in range(first[i], last[i] + 1):
            total += values[r]
        moves[i] = total / (last[i] - first[i] + 1) / (values[first[i] - 1] * reference[i]) - 1
    return moves
