"""Sums, extremes and moments of windows."""

from typing import Any

import numpy as np
from numba import float64, int64, njit, void
from numpy.typing import NDArray

from factory.expressions.kernels import COLUMN, RESULT

Floats = NDArray[np.float64]

VAR, ZSCORE, SPREAD, BAND = 0, 1, 2, 3
SKEW, KURT = 0, 1
COV, CORR, BETA = 0, 1, 2
_CHUNK = 1024
"""Rows summed, in whole blocks, before they are finished in one plain loop: it fits the nearest cache and vector units."""


@njit(cache=True, nogil=True)
def _size(n: int) -> Any:
    """Compute the rows of a chunk: one or more blocks of n."""
    return n * max(1, _CHUNK // n)


@njit(cache=True, nogil=True)
def _sums_block(x: Floats, n: int, start: int, end: int, sums: Floats, at: int) -> None:
    """Sum the window of each row of a block: the end of the rows before the block, and the block up to it."""
    total = 0.0
    for k in range(min(n - 1, start)):
        total += x[start - 1 - k]
        sums[at + n - 2 - k] = total
    sums[at + n - 1] = total = 0.0
    for k in range(min(n, end - start)):
        total += x[start + k]
        sums[at + k] += total


@njit(void(COLUMN, int64, int64, float64, RESULT), cache=True, nogil=True)
def fold(x: Floats, n: int, phase: int, share: float, out: Floats) -> None:
    """Compute the sum of n rows times a share.

    Parameters
    ----------
    x : ndarray of float64, shape (rows,)
    n : int
        Rows of a window.
    phase : int
        Absolute number of the first row.
    share : float
        1 for the sum, 1 / n for the mean.
    out : ndarray of float64, shape (rows,)
        NaN where the window is not whole.
    """
    rows, size = len(x), _size(n)
    out[: n - 1] = np.nan
    sums = np.empty(size)
    for base in range(-phase % n, rows, size):
        end = min(base + size, rows)
        for start in range(base, end, n):
            _sums_block(x, n, start, end, sums, start - base)
        low = max(base, n - 1)
        ready, chunk = sums[low - base :], out[low:end]
        for k in range(len(chunk)):
            chunk[k] = share * ready[k]


@njit(cache=True, nogil=True)
def _farther(a: Floats, b: Floats, sign: float, out: Floats) -> None:
    """Select the greater (sign 1) or lesser (sign -1) of two, NaN where either is."""
    for k in range(len(out)):
        out[k] = a[k] if (sign * a[k] > sign * b[k]) | (a[k] != a[k]) else b[k]


@njit(void(COLUMN, int64, float64, RESULT), cache=True, nogil=True)
def extreme(x: Floats, n: int, sign: float, out: Floats) -> None:
    """Compute the greatest (sign 1) or least (sign -1) of n rows: of 2, of 4 and so on, then of two that cover the window."""
    rows, size = len(x), max(n, _CHUNK)
    out[: n - 1] = np.nan
    extremes, wider = np.empty(size + n), np.empty(size + n)
    for low in range(n - 1, rows, size):
        end = min(low + size, rows)
        left, width = end - low + n - 1, 1
        extremes[:left] = x[low - n + 1 : end]
        while 2 * width <= n:
            left -= width
            _farther(extremes[:left], extremes[width : width + left], sign, wider[:left])
            extremes, wider, width = wider, extremes, 2 * width
        _farther(extremes[: end - low], extremes[n - width : n - width + end - low], sign, out[low:end])


@njit(cache=True, nogil=True)
def _moments_block(x: Floats, n: int, start: int, end: int, s: Floats, at: int) -> None:
    """Sum, for each row of a block, its window's differences from the block's first row, and their squares."""
    origin, sum1, sum2 = x[start], 0.0, 0.0
    for k in range(min(n - 1, start)):
        d = x[start - 1 - k] - origin
        sum1 += d
        sum2 += d * d
        s[0, at + n - 2 - k], s[1, at + n - 2 - k] = sum1, sum2
    s[0, at + n - 1] = s[1, at + n - 1] = sum1 = sum2 = 0.0
    for k in range(min(n, end - start)):
        d = x[start + k] - origin
        sum1 += d
        sum2 += d * d
        s[0, at + k] += sum1
        s[1, at + k] += sum2
        s[2, at + k] = origin


@njit(cache=True, nogil=True, error_model="numpy")
def _moments_finish(x: Floats, s: Floats, low: int, n: int, kind: int, width: float, out: Floats) -> None:
    s1, s2, origins = s[0, low:], s[1, low:], s[2, low:]
    share = 1.0 / n
    scale = 1.0 / (n - 1) if kind <= ZSCORE else share
    for k in range(len(out)):
        mean = s1[k] * share
        var = (s2[k] - s1[k] * mean) * scale
        var = 0.0 if var < 0.0 else var
        if kind == VAR:
            out[k] = var
        elif kind == ZSCORE:
            z = (x[k] - origins[k] - mean) / np.sqrt(var)
            out[k] = z if var > 0.0 else np.nan
        elif kind == SPREAD:
            level = origins[k] + mean
            band = width * np.sqrt(var) / level
            out[k] = band if level != 0.0 else np.nan
        else:
            out[k] = origins[k] + mean + width * np.sqrt(var)


@njit(void(COLUMN, int64, int64, int64, float64, RESULT), cache=True, nogil=True)
def moments(x: Floats, n: int, phase: int, kind: int, width: float, out: Floats) -> None:
    """Compute the variance, the z-score, the deviation over the mean, or a band around the mean, of n rows.

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
        NaN where the window is not whole, the z-score where nothing moves, and the spread over a mean of zero.
    """
    rows, size = len(x), _size(n)
    out[: n - 1] = np.nan
    s = np.empty((3, size))
    for base in range(-phase % n, rows, size):
        end = min(base + size, rows)
        for start in range(base, end, n):
            _moments_block(x, n, start, end, s, start - base)
        low = max(base, n - 1)
        _moments_finish(x[low:end], s, low - base, n, kind, width, out[low:end])


@njit(cache=True, nogil=True)
def _shape_block(x: Floats, n: int, start: int, end: int, s: Floats, at: int) -> None:
    """Sum the first four powers as :func:`_moments_block` sums two."""
    origin, sum1, sum2, sum3, sum4 = x[start], 0.0, 0.0, 0.0, 0.0
    for k in range(min(n - 1, start)):
        d = x[start - 1 - k] - origin
        square, to = d * d, at + n - 2 - k
        sum1, sum2, sum3, sum4 = sum1 + d, sum2 + square, sum3 + square * d, sum4 + square * square
        s[0, to], s[1, to], s[2, to], s[3, to] = sum1, sum2, sum3, sum4
    s[:, at + n - 1] = 0.0
    sum1, sum2, sum3, sum4 = 0.0, 0.0, 0.0, 0.0
    for k in range(min(n, end - start)):
        d = x[start + k] - origin
        square, to = d * d, at + k
        sum1, sum2, sum3, sum4 = sum1 + d, sum2 + square, sum3 + square * d, sum4 + square * square
        s[0, to] += sum1
        s[1, to] += sum2
        s[2, to] += sum3
        s[3, to] += sum4


@njit(cache=True, nogil=True)
def _shape_of(s: Floats, at: int, n: int, kind: int) -> Any:
    m, p2, p3, p4 = s[0, at] / n, s[1, at] / n, s[2, at] / n, s[3, at] / n
    m2 = p2 - m * m
    if not m2 > 0.0:
        return np.nan
    m3 = p3 - 3.0 * m * p2 + 2.0 * m * m * m
    if kind == SKEW:
        return np.sqrt(n * (n - 1.0)) / (n - 2.0) * m3 / (m2 * np.sqrt(m2))
    m4 = p4 - 4.0 * m * p3 + 6.0 * m * m * p2 - 3.0 * m * m * m * m
    return (n - 1.0) / ((n - 2.0) * (n - 3.0)) * ((n + 1.0) * m4 / (m2 * m2) - 3.0 * (n - 1.0))


@njit(void(COLUMN, int64, int64, int64, RESULT), cache=True, nogil=True)
def shape(x: Floats, n: int, phase: int, kind: int, out: Floats) -> None:
    """Compute the unbiased skewness or excess kurtosis of n rows; NaN where all are equal.

    Joanes and Gill (1998), as pandas. Parameters as in :func:`fold`, kind
    ``SKEW`` or ``KURT``.
    """
    rows, size = len(x), _size(n)
    out[: n - 1] = np.nan
    s = np.empty((4, size))
    for base in range(-phase % n, rows, size):
        end = min(base + size, rows)
        for start in range(base, end, n):
            _shape_block(x, n, start, end, s, start - base)
        for i in range(max(base, n - 1), end):
            out[i] = _shape_of(s, i - base, n, kind)


@njit(cache=True, nogil=True)
def _comoments_block(x: Floats, y: Floats, n: int, start: int, end: int, s: Floats, at: int) -> None:
    """Sum two columns, their squares and their product, as :func:`_moments_block` sums one."""
    x0, y0 = x[start], y[start]
    sx, sy, sxx, syy, sxy = 0.0, 0.0, 0.0, 0.0, 0.0
    for k in range(min(n - 1, start)):
        dx, dy, to = x[start - 1 - k] - x0, y[start - 1 - k] - y0, at + n - 2 - k
        sx, sy, sxx, syy, sxy = sx + dx, sy + dy, sxx + dx * dx, syy + dy * dy, sxy + dx * dy
        s[0, to], s[1, to], s[2, to], s[3, to], s[4, to] = sx, sy, sxx, syy, sxy
    s[:, at + n - 1] = 0.0
    sx, sy, sxx, syy, sxy = 0.0, 0.0, 0.0, 0.0, 0.0
    for k in range(min(n, end - start)):
        dx, dy, to = x[start + k] - x0, y[start + k] - y0, at + k
        sx, sy, sxx, syy, sxy = sx + dx, sy + dy, sxx + dx * dx, syy + dy * dy, sxy + dx * dy
        s[0, to] += sx
        s[1, to] += sy
        s[2, to] += sxx
        s[3, to] += syy
        s[4, to] += sxy


@njit(cache=True, nogil=True, error_model="numpy")
def _comoments_finish(s: Floats, low: int, n: int, kind: int, out: Floats) -> None:
    sx, sy, sxx, syy, sxy = s[0, low:], s[1, low:], s[2, low:], s[3, low:], s[4, low:]
    share = 1.0 / n
    for k in range(len(out)):
        xy, yy = sxy[k] - sx[k] * sy[k] * share, syy[k] - sy[k] * sy[k] * share
        if kind == COV:
            out[k] = xy / (n - 1)
        elif kind == BETA:
            out[k] = xy / yy if yy > 0.0 else np.nan
        else:
            xx = sxx[k] - sx[k] * sx[k] * share
            r = xy / np.sqrt(xx * yy)
            r = 1.0 if r > 1.0 else -1.0 if r < -1.0 else r
            out[k] = r if (xx > 0.0) & (yy > 0.0) else np.nan


@njit(void(COLUMN, COLUMN, int64, int64, int64, RESULT), cache=True, nogil=True)
def comoments(x: Floats, y: Floats, n: int, phase: int, kind: int, out: Floats) -> None:
    """Compute the covariance (n - 1), the correlation, or the slope of x on y, over n rows.

    Parameters as in :func:`fold`, kind ``COV``, ``CORR`` or ``BETA``; NaN
    where a needed variance is zero.
    """
    rows, size = len(x), _size(n)
    out[: n - 1] = np.nan
    s = np.empty((5, size))
    for base in range(-phase % n, rows, size):
        end = min(base + size, rows)
        for start in range(base, end, n):
            _comoments_block(x, y, n, start, end, s, start - base)
        low = max(base, n - 1)
        _comoments_finish(s, low - base, n, kind, out[low:end])


@njit(cache=True, nogil=True)
def _slope_block(x: Floats, n: int, start: int, end: int, s: Floats, at: int) -> None:
    """Sum differences and their products with rows from the block's first, as :func:`_moments_block`; keep the mean row."""
    origin, total, leaning = x[start], 0.0, 0.0
    for k in range(min(n - 1, start)):
        d, to = x[start - 1 - k] - origin, at + n - 2 - k
        total += d
        leaning -= (k + 1) * d
        s[0, to], s[1, to] = total, leaning
    s[0, at + n - 1] = s[1, at + n - 1] = total = leaning = 0.0
    for k in range(min(n, end - start)):
        d, to = x[start + k] - origin, at + k
        total += d
        leaning += k * d
        s[0, to] += total
        s[1, to] += leaning
        s[2, to] = k - (n - 1) / 2.0


@njit(void(COLUMN, int64, int64, RESULT), cache=True, nogil=True)
def slope(x: Floats, n: int, phase: int, out: Floats) -> None:
    """Fit the least squares slope over n rows, per row. Parameters as in :func:`fold`."""
    rows, size = len(x), _size(n)
    out[: n - 1] = np.nan
    s = np.empty((3, size))
    scale = 12.0 / (n * (n * n - 1.0))
    for base in range(-phase % n, rows, size):
        end = min(base + size, rows)
        for start in range(base, end, n):
            _slope_block(x, n, start, end, s, start - base)
        low = max(base, n - 1)
        total, leaning, middle = s[0, low - base :], s[1, low - base :], s[2, low - base :]
        chunk = out[low:end]
        for k in range(len(chunk)):
            chunk[k] = scale * (leaning[k] - middle[k] * total[k])
