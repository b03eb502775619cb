"""How well scores rank ups above downs."""

from math import copysign, inf, sqrt
from typing import NamedTuple

import numpy as np
from numpy import float64, int64
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from factory.statistics.blocks import ROUNDING, block_mean


class Auc(NamedTuple):
    """Area under the ROC curve, with the placement of each row among the other class.

    `placement` of an up is the share of downs that it beats, of a down the
    share of ups that beat it; ties count one half. `order` are the positions by rising score.
    """

    value: float
    order: NDArray[int64]
    placement: NDArray[float64]


def auc(y: NDArray[np.integer], score: NDArray[float64]) -> Auc | None:
    """Compute the area under the ROC curve, ties one half; None where only one class is there.

    Parameters
    ----------
    y : ndarray of int, shape (n,)
        1 up, 0 down.
    score : ndarray of float64, shape (n,)
        Higher for up.
    """
    up = y > 0
    ups = int(up.sum())
    downs = len(y) - ups
    if not ups or not downs:
        return None
    order = np.argsort(score)
    ranked, up_ranked = score[order], up[order]
    first = np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1]]))
    tied = np.diff(np.append(first, len(ranked)))
    tied_ups = np.add.reduceat(up_ranked.astype(int64), first)
    tied_downs = tied - tied_ups
    beaten = (np.cumsum(tied_downs) - tied_downs / 2) / downs
    beating = 1 - (np.cumsum(tied_ups) - tied_ups / 2) / ups
    placement = np.empty(len(y))
    placement[order] = np.where(up_ranked, np.repeat(beaten, tied), np.repeat(beating, tied))
    return Auc(float(placement[up].mean()), order, placement)


def delong(y: NDArray[np.integer], of: Auc, confidence: float = 0.95) -> tuple[float, float, float]:
    """Compute the variance of an AUC and its interval, for independent rows only.

    Returns
    -------
    variance, low, high : float
        Source: DeLong, DeLong & Clarke-Pearson 1988.
    """
    up = of.placement[y > 0]
    down = of.placement[y <= 0]
    variance = _variance(up) / len(up) + _variance(down) / len(down)
    half = float(ndtri(0.5 + confidence / 2)) * sqrt(variance)
    return variance, max(0.0, of.value - half), min(1.0, of.value + half)


def delong_difference(y: NDArray[np.integer], a: Auc, b: Auc) -> tuple[float, float, float]:
    """Compare two AUCs on the same independent rows: covariance, z of their difference, two-sided p-value.

    Where the difference has no variance, z is 0 for equal areas and endless for others. Source: DeLong, DeLong &
    Clarke-Pearson 1988.
    """
    groups = [(a.placement[rows], b.placement[rows]) for rows in (y > 0, y <= 0)]
    covariance = sum(_covariance(first, second) / len(first) for first, second in groups)
    variance = sum(_variance(first - second) / len(first) for first, second in groups)
    apart = a.value - b.value
    z = apart / sqrt(variance) if variance > 0 else copysign(inf, apart) if apart else 0.0
    return covariance, z, float(2 * ndtr(-abs(z)))


def block_interval(
    y: NDArray[np.integer], of: Auc, times: NDArray[int64], block: int, confidence: float = 0.95
) -> tuple[float, float] | None:
    """Compute the interval of an AUC whose rows overlap: influence values averaged in blocks of time.

    Parameters
    ----------
    y, of
        Labels and their :func:`auc`.
    times : ndarray of int64, shape (n,)
        Decisions, ascending, ms.
    block : int
        See :func:`factory.statistics.blocks.block_length`.

    Returns
    -------
    tuple of float, or None
        None with fewer than 30 blocks, or where no influence varies, as at an area of 1. Source: STATISTICS section 3.3,
        measured in section 4.
    """
    share = np.where(y > 0, np.mean(y > 0), np.mean(y <= 0))
    estimate = block_mean((of.placement - of.value) / share, times, block, confidence)
    if estimate is None or not estimate.error > ROUNDING:
        return None
    half = (estimate.high - estimate.low) / 2
    return max(0.0, of.value - half), min(1.0, of.value + half)


def _variance(values: NDArray[float64]) -> float:
    return float(values.var(ddof=1)) if len(values) > 1 else 0.0


def _covariance(first: NDArray[float64], second: NDArray[float64]) -> float:
    return float(np.cov(first, second)[0, 1]) if len(first) > 1 else 0.0


def expected_auc(chance: NDArray[float64], score: NDArray[float64]) -> float | None:
    """Compute the expected AUC of scores on labels drawn with known chances, ties one half.

    Parameters
    ----------
    chance : ndarray of float64, shape (n,)
        Of each row to be up.
    score : ndarray of float64, shape (n,)
        Higher for up.

    Returns
    -------
    float or None
        Expected pairs in order over expected pairs; None where one class has no chance.
    """
    _, tied = np.unique(score, return_inverse=True)
    ups, downs = np.bincount(tied, chance), np.bincount(tied, 1 - chance)
    pairs = ups.sum() * downs.sum()
    return float(ups @ (np.cumsum(downs) - downs / 2) / pairs) if pairs > 0 else None
