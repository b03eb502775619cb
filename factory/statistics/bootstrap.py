"""Resampling of series that remember: the stationary bootstrap and what is tested with it."""

from math import ceil, floor, log10, sqrt
from typing import NamedTuple

import numpy as np
from numpy import float64, int64
from numpy.typing import NDArray

DRAWS = 1_000


def optimal_block_length(x: NDArray[float64]) -> tuple[float, float]:
    """Mean block of the stationary bootstrap and block of the circular one, for the mean of a series.

    Parameters
    ----------
    x : ndarray of float64, shape (n,)

    Returns
    -------
    stationary, circular : float
        In rows. Source: Politis & White 2004, corrected by Patton, Politis & White 2009.
    """
    n = len(x)
    centred = x - x.mean()
    quiet = max(5, floor(log10(n)))
    longest = ceil(sqrt(n)) + quiet
    most = ceil(min(3 * sqrt(n), n / 3))
    covariance = np.array([float(np.dot(centred[lag:], centred[: n - lag])) / n for lag in range(longest + 1)])
    bound = 2 * sqrt(log10(n) / n)
    half = _bandwidth(_correlations(centred, longest), bound, quiet, longest)
    lags = np.arange(-half, half + 1)
    window = np.minimum(1, 2 * (1 - np.abs(lags) / half))
    at_lags = covariance[np.abs(lags)]
    slope = float(np.sum(window * np.abs(lags) * at_lags))
    level = float(np.sum(window * at_lags))
    lengths = [(2 * slope**2 / (factor * level**2)) ** (1 / 3) * n ** (1 / 3) for factor in (2, 4 / 3)]
    return min(lengths[0], most), min(lengths[1], most)


def _correlations(centred: NDArray[float64], longest: int) -> NDArray[float64]:
    """Correlation of each lag's overlapping ends, shape (longest + 1,)."""
    n = len(centred)
    found = np.ones(longest + 1)
    for lag in range(1, longest + 1):
        later, earlier = centred[lag:], centred[: n - lag]
        found[lag] = np.dot(later, earlier) / sqrt(np.dot(later, later) * np.dot(earlier, earlier))
    return found


def _bandwidth(correlation: NDArray[float64], bound: float, quiet: int, longest: int) -> int:
    """Twice the last lag before a run of `quiet` lags without correlation."""
    small = np.abs(correlation) < bound
    for lag in range(1, longest - quiet + 1):
        if small[lag + 1 : lag + quiet + 1].all():
            return min(2 * max(lag, 1), longest)
    large = np.flatnonzero(~small)
    return min(2 * max(int(large[-1]), 1), longest)


def stationary_rows(n: int, block: float, draws: int, seed: int) -> NDArray[int64]:
    """Rows of resampled series: runs that go on with chance ``1 - 1 / block`` and wrap around.

    Returns
    -------
    ndarray of int64, shape (draws, n)
        Source: Politis & Romano 1994.
    """
    random = np.random.default_rng(seed)
    starts = random.integers(0, n, (draws, n))
    begins = random.random((draws, n)) < 1 / block
    begins[:, 0] = True
    position = np.arange(n)
    since = np.maximum.accumulate(np.where(begins, position, 0), axis=1)
    return (np.take_along_axis(starts, since, axis=1) + position - since) % n


class RealityCheck(NamedTuple):
    """p-values of Hansen's test, and which trials survive stepwise at 5 %."""

    lower: float
    consistent: float
    upper: float
    survivors: NDArray[int64]


def reality_check(returns: NDArray[float64], block: float, seed: int, draws: int = DRAWS, size: float = 0.05) -> RealityCheck:
    """Whether the best of several trials beats doing nothing, given that it was chosen as the best.

    On trials that a search adapted to its own results this is not level-`size`: it passes far too often.

    Parameters
    ----------
    returns : ndarray of float64, shape (periods, trials)
        Net P&L.
    block : float
        Mean block, see :func:`optimal_block_length`.
    seed : int
        Of the draws.
    draws : int
        Resamples.
    size : float
        Level of the stepwise choice.

    Returns
    -------
    RealityCheck
        Source: White 2000; Hansen 2005 (SPA, studentized); Romano & Wolf 2005 (StepM).
    """
    n = len(returns)
    means = returns.mean(axis=0)
    counts = np.stack([np.bincount(rows, minlength=n) for rows in stationary_rows(n, block, draws, seed)])
    resampled = counts @ returns / n
    spread = np.sqrt(n * np.mean((resampled - means) ** 2, axis=0))
    kept = {
        "upper": means,
        "consistent": np.where(means >= -spread / sqrt(n) * sqrt(2 * np.log(np.log(n))), means, 0),
        "lower": np.maximum(means, 0),
    }
    best = max(0.0, float((means / spread).max()))
    found = {name: float(np.mean(((resampled - centre) / spread).max(axis=1).clip(0) > best)) for name, centre in kept.items()}
    return RealityCheck(found["lower"], found["consistent"], found["upper"], _stepwise(resampled, means, spread, size))


def _stepwise(resampled: NDArray[float64], means: NDArray[float64], spread: NDArray[float64], size: float) -> NDArray[int64]:
    left = np.arange(len(means))
    survivors: list[int] = []
    while len(left):
        most = ((resampled[:, left] - means[left]) / spread[left]).max(axis=1)
        chosen = left[means[left] / spread[left] > np.quantile(most, 1 - size)]
        if not len(chosen):
            break
        survivors += chosen.tolist()
        left = np.setdiff1d(left, chosen)
    return np.array(sorted(survivors), dtype=np.int64)
