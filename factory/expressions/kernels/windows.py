"""Sums, extremes and moments of windows."""

from typing import Any

import numpy as np
from numba import float64, int64, njit, void
from numpy.typing import NDArray

from factory.expressions.kernels import COLUMN, RESULT

Floats = NDArray[np.float64]

SUM, MEAN, MIN, MAX = 0, 1, 2, 3
VAR, ZSCORE, SPREAD, BAND = 0, 1, 2, 3
SKEW, KURT = 0, 1
COV, CORR, BETA = 0, 1, 2


@njit(int64[::1](int64, int64, int64), cache=True, nogil=True)
def _blocks(rows: int, n: int, phase: int) -> Any:
    """First rows of the blocks of n rows; the first may start before row 0."""
    first = -(phase % n)
    count = (rows - first + n - 1) // n if rows > 0 else 0
    starts = np.empty(count, np.int64)
    for k in range(count):
        starts[k] = first + k * n
    return starts


@njit(cache=True, nogil=True)
def _join(a: float, b: float, kind: int) -> Any:
    """The sum, or the lesser or greater; a later NaN is left to the caller."""
    if kind <= MEAN:
        return a + b
    if kind == MIN:
        return b if b < a else a
    return b if b > a else a


@njit(void(COLUMN, int64, int64, int64, RESULT), cache=True, nogil=True)
def fold(x: Floats, n: int, phase: int, kind: int, out: Floats) -> None:
    """Sum, mean, least or greatest of n rows.

    Parameters
    ----------
    x : ndarray of float64, shape (rows,)
    n : int
        Rows of a window.
    phase : int
        Absolute number of the first row.
    kind : int
        ``SUM``, ``MEAN``, ``MIN`` or ``MAX``.
    out : ndarray of float64, shape (rows,)
        NaN where the window is not whole.
    """
    rows = len(x)
    out[: n - 1] = np.nan
    tail = np.empty(n)
    share = 1.0 / n if kind == MEAN else 1.0
    missing = -n
    for start in _blocks(rows, n, phase):
        first, end = max(start, 0), min(start + n, rows)
        total = np.nan
        for i in range(first - 1, max(start - n, -1), -1):
            total = x[i] if i == first - 1 else _join(x[i], total, kind)
            tail[i - start + n] = total
        for i in range(first, end):
            value = x[i]
            missing = i if value != value else missing
            total = value if i == first else _join(total, value, kind)
            at = i - start + 1
            if i - missing < n:
                out[i] = np.nan
            elif i >= n - 1:
                out[i] = share * (total if at == n else _join(tail[at], total, kind))


@njit(void(COLUMN, int64, int64, int64, float64, RESULT), cache=True, nogil=True)
def moments(x: Floats, n: int, phase: int, kind: int, width: float, out: Floats) -> None:
    """Variance, z-score, deviation over mean, or a band around the mean, of n rows.

    Sums are taken of differences from a row inside the window, so that a
    large mean costs no digits.

    Parameters
    ----------
    x : ndarray of float64, shape (rows,)
    n, phase : int
        As in :func:`fold`.
    kind : int
        ``VAR`` (n - 1); ``ZSCORE`` (n - 1); ``SPREAD``, `width` deviations (n)
        over the mean; ``BAND``, the mean and `width` deviations (n).
    width : float
        Number of deviations.
    out : ndarray of float64, shape (rows,)
        NaN where the window is not whole, and the z-score where nothing moves.
    """
    rows = len(x)
    out[: n - 1] = np.nan
    tail1, tail2 = np.zeros(n + 1), np.zeros(n + 1)
    share = 1.0 / n
    scale = 1.0 / (n - 1) if kind <= ZSCORE else share
    for start in _blocks(rows, n, phase):
        first, end = max(start, 0), min(start + n, rows)
        origin = x[first]
        s1, s2 = 0.0, 0.0
        for i in range(first - 1, max(start - n, -1), -1):
            d = x[i] - origin
            s1 += d
            s2 += d * d
            tail1[i - start + n], tail2[i - start + n] = s1, s2
        s1, s2 = 0.0, 0.0
        for i in range(first, end):
            d = x[i] - origin
            s1 += d
            s2 += d * d
            if i < n - 1:
                continue
            sum1, sum2 = tail1[i - start + 1] + s1, tail2[i - start + 1] + s2
            mean = sum1 * share
            var = (sum2 - sum1 * mean) * scale
            var = 0.0 if var < 0.0 else var
            if kind == VAR:
                out[i] = var
            elif kind == ZSCORE:
                out[i] = (d - mean) / np.sqrt(var) if var > 0.0 else np.nan
            elif kind == SPREAD:
                out[i] = width * np.sqrt(var) / (origin + mean)
            else:
                out[i] = origin + mean + width * np.sqrt(var)


@njit(cache=True, nogil=True)
def _add_powers(sums: Floats, d: float) -> None:
    square = d * d
    sums[0] += d
    sums[1] += square
    sums[2] += square * d
    sums[3] += square * square


@njit(cache=True, nogil=True)
def _shape_of(left: Floats, at: int, right: Floats, n: int, kind: int) -> Any:
    m, p2 = (left[at, 0] + right[0]) / n, (left[at, 1] + right[1]) / n
    p3, p4 = (left[at, 2] + right[2]) / n, (left[at, 3] + right[3]) / n
    m2 = p2 - m * m
    if not m2 > 1e-14 * p2:
        return np.nan
    m3 = p3 - 3.0 * m * p2 + 2.0 * m * m * m
    if kind == SKEW:
        return np.sqrt(n * (n - 1.0)) / (n - 2.0) * m3 / m2**1.5
    m4 = p4 - 4.0 * m * p3 + 6.0 * m * m * p2 - 3.0 * m * m * m * m
    return (n - 1.0) / ((n - 2.0) * (n - 3.0)) * ((n + 1.0) * m4 / (m2 * m2) - 3.0 * (n - 1.0))


@njit(void(COLUMN, int64, int64, int64, RESULT), cache=True, nogil=True)
def shape(x: Floats, n: int, phase: int, kind: int, out: Floats) -> None:
    """Unbiased skewness or excess kurtosis of n rows; NaN where all are equal.

    Joanes and Gill (1998), as pandas. Parameters as in :func:`fold`, kind
    ``SKEW`` or ``KURT``.
    """
    rows = len(x)
    out[:] = np.nan
    tail = np.zeros((n + 1, 4))
    sums = np.zeros(4)
    for start in _blocks(rows, n, phase):
        first, end = max(start, 0), min(start + n, rows)
        origin = x[first]
        sums[:] = 0.0
        for i in range(first - 1, max(start - n, -1), -1):
            _add_powers(sums, x[i] - origin)
            for k in range(4):
                tail[i - start + n, k] = sums[k]
        sums[:] = 0.0
        for i in range(first, end):
            _add_powers(sums, x[i] - origin)
            if i >= n - 1:
                out[i] = _shape_of(tail, i - start + 1, sums, n, kind)


@njit(cache=True, nogil=True)
def _comoment(sx: float, sy: float, sxx: float, syy: float, sxy: float, n: int, kind: int) -> Any:
    share = 1.0 / n
    xy, yy = sxy - sx * sy * share, syy - sy * sy * share
    if kind == COV:
        return xy / (n - 1)
    if not yy > 0.0:
        return np.nan
    if kind == BETA:
        return xy / yy
    xx = sxx - sx * sx * share
    return min(max(xy / np.sqrt(xx * yy), -1.0), 1.0) if xx > 0.0 else np.nan


@njit(void(COLUMN, COLUMN, int64, int64, int64, RESULT), cache=True, nogil=True)
def comoments(x: Floats, y: Floats, n: int, phase: int, kind: int, out: Floats) -> None:
    """Covariance (n - 1), correlation, or slope of x on y, over n rows.

    Parameters as in :func:`fold`, kind ``COV``, ``CORR`` or ``BETA``; NaN
    where a needed variance is zero.
    """
    rows = len(x)
    out[: n - 1] = np.nan
    tail = np.zeros((n + 1, 5))
    for start in _blocks(rows, n, phase):
        first, end = max(start, 0), min(start + n, rows)
        x0, y0 = x[first], y[first]
        sx, sy, sxx, syy, sxy = 0.0, 0.0, 0.0, 0.0, 0.0
        for i in range(first - 1, max(start - n, -1), -1):
            dx, dy = x[i] - x0, y[i] - y0
            sx, sy, sxx, syy, sxy = sx + dx, sy + dy, sxx + dx * dx, syy + dy * dy, sxy + dx * dy
            at = i - start + n
            tail[at, 0], tail[at, 1], tail[at, 2], tail[at, 3], tail[at, 4] = sx, sy, sxx, syy, sxy
        sx, sy, sxx, syy, sxy = 0.0, 0.0, 0.0, 0.0, 0.0
        for i in range(first, end):
            dx, dy = x[i] - x0, y[i] - y0
            sx, sy, sxx, syy, sxy = sx + dx, sy + dy, sxx + dx * dx, syy + dy * dy, sxy + dx * dy
            if i >= n - 1:
                left = tail[i - start + 1]
                out[i] = _comoment(left[0] + sx, left[1] + sy, left[2] + sxx, left[3] + syy, left[4] + sxy, n, kind)
