"""Means of what overlaps or is autocorrelated, by blocks of time."""

from math import sqrt
from typing import NamedTuple

import numpy as np
from numpy import float64, int64
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

LEAST_BLOCKS = 30
ROUNDING = 1e-12
"""Share of the greatest value below which a deviation is none, but what rounding leaves of a constant."""


class BlockMean(NamedTuple):
    """A mean with a t-interval on block means.

    `p_value` is one-sided, for a mean above 0; `n_eff` is the number of
    independent values that would have given the same error.
    """

    mean: float
    error: float
    low: float
    high: float
    p_value: float
    blocks: int
    n_eff: float


def block_length(period: int, horizon: int, life: int) -> int:
    """Compute the house's block length: ``max(60 bars, 4 horizons, one position's life)``, all in ms."""
    return max(60 * period, 4 * horizon, life)


def count_blocks(times: NDArray[int64], block: int) -> int:
    """Count the blocks of time that hold a value: a mean's degrees of freedom are counted from them.

    Parameters
    ----------
    times : ndarray of int64, shape (n,)
        Ascending, ms.
    block : int
        Length of a block in ms, see :func:`block_length`.
    """
    return len(_block_starts(times, block))


def t_interval(mean: float, error: float, blocks: int, confidence: float = 0.95) -> tuple[float, float, float]:
    """Compute a mean's two-sided interval and its one-sided p-value for a mean above 0, from one t distribution.

    The one construction of both: an interval of 90 % excludes 0 exactly where p is below 0.05.

    Parameters
    ----------
    mean, error : float
        The error above 0.
    blocks : int
        One more than there are degrees of freedom.
    confidence : float
        Two-sided.
    """
    half = float(stdtrit(blocks - 1, 0.5 + confidence / 2)) * error
    return mean - half, mean + half, float(stdtr(blocks - 1, -mean / error))


def block_mean(values: NDArray[float64], times: NDArray[int64], block: int, confidence: float = 0.95) -> BlockMean | None:
    """Estimate the mean of values whose neighbours in time depend on each other, with its error by blocks.

    Blocks may hold different numbers of values: the error is that of a ratio,
    which for equal blocks is the usual t on block means.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
    times : ndarray of int64, shape (n,)
        Ascending, ms.
    block : int
        Length of a block in ms, see :func:`block_length`.
    confidence : float
        Two-sided.

    Returns
    -------
    BlockMean or None
        None with fewer than 30 blocks, or where nothing varies.
    """
    if not len(values):
        return None
    starts = _block_starts(times, block)
    blocks, mean = len(starts), float(values.mean())
    if blocks < LEAST_BLOCKS:
        return None
    sums = np.add.reduceat(values - mean, starts)
    error = sqrt(blocks / (blocks - 1) * float(np.sum(sums**2))) / len(values)
    if not error > ROUNDING * float(np.abs(values).max()):
        return None
    low, high, tail = t_interval(mean, error, blocks, confidence)
    return BlockMean(mean, error, low, high, tail, blocks, float(values.var(ddof=1)) / error**2)


def _block_starts(times: NDArray[int64], block: int) -> NDArray[int64]:
    """Find the position of each block's first value."""
    return np.flatnonzero(np.diff((times - times[:1]) // block, prepend=-1))


def newey_west(values: NDArray[float64], lags: int) -> tuple[float, float]:
    """Compute an autocorrelated series' mean and its standard error, Bartlett weights, no small-sample correction.

    Shown for comparison; the house certifies with block means. Source: Newey & West 1987.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
    lags : int
        Autocovariances that count.
    """
    n, centred = len(values), values - values.mean()
    variance = float(np.dot(centred, centred))
    for lag in range(1, lags + 1):
        variance += 2 * (1 - lag / (lags + 1)) * float(np.dot(centred[lag:], centred[:-lag]))
    return float(values.mean()), sqrt(max(variance, 0.0)) / n
