"""Windows that are kept sorted, and the age of extremes."""

from typing import Any

import numpy as np
from numba import float64, int64, njit, void
from numpy.typing import NDArray

from factory.expressions.kernels import COLUMN, RESULT

Floats = NDArray[np.float64]

RANK = -1.0
"""As `q` of :func:`ordered`: the rank instead of a quantile."""


@njit(cache=True, nogil=True)
def _swap(values: Floats, n: int, old: float, new: float) -> None:
    """Put `new` in place of `old` in the sorted first n values, keeping them sorted."""
    at = np.searchsorted(values[:n], old)
    while at + 1 < n and values[at + 1] < new:
        values[at] = values[at + 1]
        at += 1
    while at > 0 and values[at - 1] > new:
        values[at] = values[at - 1]
        at -= 1
    values[at] = new


@njit(cache=True, nogil=True)
def _read(values: Floats, n: int, last: float, q: float) -> Any:
    if q < 0.0:
        low, high = np.searchsorted(values[:n], last), np.searchsorted(values[:n], last, side="right")
        return (low + high + 1) / (2.0 * n)
    place = q * (n - 1)
    below = int(place)
    above = min(below + 1, n - 1)
    return values[below] + (values[above] - values[below]) * (place - below)


@njit(void(COLUMN, int64, float64, RESULT), cache=True, nogil=True)
def ordered(x: Floats, n: int, q: float, out: Floats) -> None:
    """Compute quantile q of n rows, linear between rows; or the present row's mean rank over n for ``q = RANK``."""
    rows = len(x)
    out[:] = np.nan
    values = np.empty(n)
    filled = 0
    for i in range(rows):
        if x[i] != x[i]:
            filled = 0
            continue
        if filled < n:
            values[filled] = x[i]
            filled += 1
            if filled == n:
                values.sort()
        else:
            _swap(values, n, x[i - n], x[i])
        if filled == n:
            out[i] = _read(values, n, x[i], q)


@njit(cache=True, nogil=True)
def _ring(at: int, n: int) -> Any:
    return at - n if at >= n else at


@njit(void(COLUMN, int64, float64, RESULT), cache=True, nogil=True)
def extreme_age(x: Floats, n: int, sign: float, out: Floats) -> None:
    """Count the rows since the greatest (sign 1) or least (sign -1) of n rows, the latest of equals."""
    rows = len(x)
    out[:] = np.nan
    kept = np.empty(n, np.int64)
    head, size, start = 0, 0, 0
    for i in range(rows):
        if x[i] != x[i]:
            size, start = 0, i + 1
            continue
        while size > 0 and sign * x[kept[_ring(head + size - 1, n)]] <= sign * x[i]:
            size -= 1
        if size > 0 and kept[head] <= i - n:
            head, size = _ring(head + 1, n), size - 1
        kept[_ring(head + size, n)] = i
        size += 1
        if i - start >= n - 1:
            out[i] = i - kept[head]


@njit(void(COLUMN, int64, RESULT), cache=True, nogil=True)
def since(condition: Floats, n: int, out: Floats) -> None:
    """Count the rows since a condition was last not zero, n where it was zero in all n rows."""
    rows = len(condition)
    out[:] = np.nan
    start, last = 0, -n
    for i in range(rows):
        if condition[i] != condition[i]:
            start = i + 1
            continue
        if condition[i] != 0.0:
            last = i
        if i - start >= n - 1:
            out[i] = min(i - last, n)
