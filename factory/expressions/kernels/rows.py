"""Filters, recursions, and the joining of clocks."""

from typing import Any

import numpy as np
from numba import float64, int64, njit, void
from numpy.typing import NDArray

from factory.expressions.kernels import COLUMN, RESULT, TIMES

Floats = NDArray[np.float64]
Times = NDArray[np.int64]

LAG, DIFF, RET, LOG = 0, 1, 2, 3
FIRST, LAST, GREATEST, LEAST, TOTAL = 0, 1, 2, 3, 4
_BLOCK = 1024
"""Rows weighed at a time, so that they stay in the nearest cache."""


@njit(cache=True, nogil=True)
def _whole(x: Floats) -> Any:
    """Check whether no row is NaN."""
    missing = 0
    for i in range(len(x)):
        missing += x[i] != x[i]
    return missing == 0


@njit(cache=True, nogil=True, error_model="numpy")
def _change(before: Floats, now: Floats, kind: int, out: Floats) -> None:
    for i in range(len(out)):
        if kind == LAG:
            out[i] = before[i]
        elif kind == DIFF:
            out[i] = now[i] - before[i]
        else:
            share = now[i] / before[i]
            value = share - 1.0 if kind == RET else np.log(share if share > 0.0 else np.nan)
            out[i] = value if before[i] != 0.0 else np.nan


@njit(void(COLUMN, int64, int64, RESULT), cache=True, nogil=True)
def change(x: Floats, n: int, kind: int, out: Floats) -> None:
    """Compute the value n rows ago, or the present one's difference, relative change or log ratio to it.

    NaN where any row from then to now is, so that no change is measured across a gap; and relative to zero.
    """
    out[:n] = np.nan
    _change(x[: max(len(x) - n, 0)], x[n:], kind, out[n:])
    if _whole(x):
        return
    end = n
    for i in range(len(x)):
        end = i + n + 1 if x[i] != x[i] else end
        if i < end:
            out[i] = np.nan


@njit(void(COLUMN, COLUMN, RESULT), cache=True, nogil=True)
def weigh(x: Floats, weights: Floats, out: Floats) -> None:
    """Compute the weighted sum of the present and earlier rows, the present row's weight first."""
    rows, n = len(x), len(weights)
    out[: n - 1] = np.nan
    for first in range(n - 1, rows, _BLOCK):
        block = out[first : min(first + _BLOCK, rows)]
        block[:] = 0.0
        for k in range(n):
            weight, earlier = weights[k], x[first - k : first - k + len(block)]
            for i in range(len(block)):
                block[i] += weight * earlier[i]


@njit(void(COLUMN, float64, int64, RESULT), cache=True, nogil=True)
def smooth(x: Floats, share: float, settling: int, out: Floats) -> None:
    """Compute an exponential average that starts anew after a NaN and is NaN for `settling` rows then."""
    level, age = 0.0, 0
    for i in range(len(x)):
        if x[i] != x[i]:
            age = 0
        else:
            level = x[i] if age == 0 else level + share * (x[i] - level)
            age += 1
        out[i] = level if age > settling else np.nan


@njit(void(COLUMN, float64, float64, float64, int64, int64, RESULT), cache=True, nogil=True)
def convergence(x: Floats, fast: float, slow: float, signal: float, line: int, settling: int, out: Floats) -> None:
    """Compute the fast less the slow exponential average, its own average, or their difference (`line` 0, 1, 2).

    `fast`, `slow` and `signal` are the shares by which a row moves each
    average; starts anew after a NaN and is NaN for `settling` rows then.
    """
    quick, calm, mean, age = 0.0, 0.0, 0.0, 0
    for i in range(len(x)):
        if x[i] != x[i]:
            age = 0
        elif age == 0:
            quick, calm, mean, age = x[i], x[i], 0.0, 1
        else:
            quick += fast * (x[i] - quick)
            calm += slow * (x[i] - calm)
            mean += signal * (quick - calm - mean)
            age += 1
        gap = quick - calm
        out[i] = np.nan if age <= settling else gap if line == 0 else mean if line == 1 else gap - mean


@njit(void(COLUMN, COLUMN, COLUMN, COLUMN, RESULT, RESULT), cache=True, nogil=True)
def flows(high: Floats, low: Floats, close: Floats, volume: Floats, up: Floats, moved: Floats) -> None:
    """Compute typical price times volume where that price rose, and where it moved; else 0."""
    before = np.nan
    for i in range(len(close)):
        typical = (high[i] + low[i] + close[i]) / 3.0
        flow, step = typical * volume[i], typical - before
        nothing = 0.0 * (flow + step)
        up[i] = flow if step > 0.0 else nothing
        moved[i] = flow if abs(step) > 0.0 else nothing
        before = typical


@njit(void(COLUMN, RESULT, COLUMN), cache=True, nogil=True, error_model="numpy")
def within(x: Floats, least: Floats, most: Floats) -> None:
    """Compute the place between two bounds, written over the lower: 0 the lower, 1 the upper, NaN where they are equal."""
    for i in range(len(x)):
        reach = most[i] - least[i]
        place = (x[i] - least[i]) / reach
        least[i] = np.nan if reach == 0.0 else place


@njit(void(COLUMN, int64, float64, RESULT), cache=True, nogil=True)
def flatten(x: Floats, n: int, times: float, out: Floats) -> None:
    """Replace the sum of n equal rows by so many times their value: what rounding left of their sum is no movement.

    Such rows hold a row that is a multiple of n - 1 and equals the one before it, so that only those are looked at.
    """
    i = step = max(n - 1, 1)
    while i < len(x):
        if x[i] != x[i - 1]:
            i += step
            continue
        first, end = i - 1, i + 1
        while first > 0 and x[first - 1] == x[i]:
            first -= 1
        while end < len(x) and x[end] == x[i]:
            end += 1
        out[first + n - 1 : end] = times * x[i]
        i += (end - i + step - 1) // step * step


@njit(int64[::1](COLUMN), cache=True, nogil=True)
def edges(x: Floats) -> Any:
    """Find the first row and the end of each stretch without NaN, one after the other."""
    if _whole(x):
        return np.array([0, len(x)])
    count, inside = 0, False
    for i in range(len(x)):
        if (x[i] == x[i]) != inside:
            inside = not inside
            count += 1
    out = np.empty(count + inside, np.int64)
    at, inside = 0, False
    for i in range(len(x)):
        if (x[i] == x[i]) != inside:
            inside = not inside
            out[at] = i
            at += 1
    if inside:
        out[at] = len(x)
    return out


@njit(void(TIMES, COLUMN, int64, TIMES, RESULT), cache=True, nogil=True)
def carry(known: Times, values: Floats, valid: int, times: Times, out: Floats) -> None:
    """Find the last value known at each moment, NaN where it is older than `valid` ms.

    Parameters
    ----------
    known : ndarray of int64, shape (n,)
        Never decreasing.
    values : ndarray of float64, shape (n,)
    valid : int
        Milliseconds.
    times : ndarray of int64, shape (m,)
        Never decreasing.
    out : ndarray of float64, shape (m,)
    """
    out[:] = np.nan
    at, rows = -1, len(known)
    for i in range(len(times)):
        while at + 1 < rows and known[at + 1] <= times[i]:
            at += 1
        if at >= 0 and times[i] - known[at] <= valid:
            out[i] = values[at]


@njit(void(COLUMN, TIMES, TIMES, int64, RESULT), cache=True, nogil=True)
def gather(x: Floats, starts: Times, sizes: Times, kind: int, out: Floats) -> None:
    """Compute the first, last, greatest, least or total of each bar.

    Parameters
    ----------
    x : ndarray of float64, shape (rows,)
    starts : ndarray of int64, shape (bars + 1,)
        First row of each bar, and the number of rows.
    sizes : ndarray of int64, shape (bars,)
        Rows of each bar, were it whole; a bar with another number, or a NaN, is NaN.
    kind : int
        ``FIRST``, ``LAST``, ``GREATEST``, ``LEAST`` or ``TOTAL``.
    out : ndarray of float64, shape (bars,)
    """
    bars = len(starts) - 1
    out[:] = np.nan
    for bar in range(bars):
        first, end = starts[bar], starts[bar + 1]
        if end - first != sizes[bar]:
            continue
        total, most, least = 0.0, x[first], x[first]
        for i in range(first, end):
            total += x[i]
            most, least = max(most, x[i]), min(least, x[i])
        if total != total:
            continue
        if kind == FIRST:
            out[bar] = x[first]
        elif kind == LAST:
            out[bar] = x[end - 1]
        elif kind == GREATEST:
            out[bar] = most
        else:
            out[bar] = least if kind == LEAST else total


@njit(void(COLUMN, TIMES, int64, RESULT), cache=True, nogil=True)
def since_midnight(x: Floats, time: Times, day: int, out: Floats) -> None:
    """Sum the rows since midnight; NaN until the next one where a row is missing or the first came later."""
    out[:] = np.nan
    total = np.nan
    for i in range(len(x)):
        if time[i] % day == 0:
            total = 0.0
        elif i > 0 and time[i] // day != time[i - 1] // day:
            total = np.nan
        total += x[i]
        out[i] = total
