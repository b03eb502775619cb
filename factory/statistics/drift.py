"""How far the values of one quantity moved between two samples."""

from typing import NamedTuple

import numpy as np
from numpy import float64
from numpy.typing import NDArray

BINS = 10
"""Bins of equal count in the first sample."""
HALF = 0.5
"""Added to the count of each bin, so that an empty one has a logarithm."""


class Drift(NamedTuple):
    """How far values moved.

    Parameters
    ----------
    psi : float
        Population stability index: ``sum((b - a) * ln(b / a))`` over the shares `a` and `b` of the two samples in ten bins of
        equal count in the first. Siddiqi, Credit Risk Scorecards (2006): below 0.1 little moved, above 0.25 much did.
    ks : float
        Kolmogorov-Smirnov distance: the greatest difference between the two distribution functions.
    """

    psi: float
    ks: float


def measure_drift(first: NDArray[float64], second: NDArray[float64]) -> Drift | None:
    """Measure how far the values of a second sample are from those of the first; None where either has too few.

    Parameters
    ----------
    first, second : ndarray of float64, shape (n,), (m,)
        What is missing is left out. Values that stand on an edge, as those of a feature of few values do, all fall into one
        bin; edges that fall together are one.
    """
    first, second = (np.sort(values[np.isfinite(values)]) for values in (first, second))
    if min(len(first), len(second)) < BINS:
        return None
    edges = np.unique(np.quantile(first, np.linspace(0, 1, BINS + 1)[1:-1]))
    a, b = (_count(values, edges) for values in (first, second))
    a, b = ((counts + HALF) / (counts + HALF).sum() for counts in (a, b))
    both = np.concatenate([first, second])
    below = [np.searchsorted(values, both, side="right") / len(values) for values in (first, second)]
    return Drift(float(np.sum((b - a) * np.log(b / a))), float(np.abs(below[0] - below[1]).max()))


def _count(values: NDArray[float64], edges: NDArray[float64]) -> NDArray[float64]:
    return np.diff(np.concatenate([[0], np.searchsorted(values, edges, side="left"), [len(values)]])).astype(float64)
