"""Many p-values at once, and one after the other."""

import numpy as np
from numpy import bool_, float64
from numpy.typing import NDArray
from scipy.stats import false_discovery_control

Levels = tuple[NDArray[float64], NDArray[bool_]]


def bonferroni(p: NDArray[float64]) -> NDArray[float64]:
    """Adjust p-values, shape (n,), by Bonferroni: familywise, for any dependence."""
    return np.minimum(1, p * len(p))


def holm(p: NDArray[float64]) -> NDArray[float64]:
    """Adjust p-values, shape (n,), by Holm: familywise, never weaker than Bonferroni. Source: Holm 1979."""
    order = np.argsort(p)
    adjusted = np.empty(len(p))
    adjusted[order] = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)).clip(max=1)
    return adjusted


def benjamini_hochberg(p: NDArray[float64]) -> NDArray[float64]:
    """Adjust p-values, shape (n,), to a false discovery rate. Source: Benjamini & Hochberg 1995."""
    return np.asarray(false_discovery_control(p, method="bh"))


def lord(p: NDArray[float64], alpha: float, wealth: float) -> Levels:
    """Compute levels and rejections of LORD++, one p-value after the other.

    Valid only for p-values that are super-uniform given all that was told before; a shown score is not.

    Parameters
    ----------
    p : ndarray of float64, shape (n,)
    alpha : float
        False discovery rate.
    wealth : float
        To start with, at most `alpha`. Source: Ramdas et al. 2017.
    """
    t = np.arange(1, len(p) + 1)
    gamma = 0.07720838 * np.log(np.maximum(t, 2)) / (t * np.exp(np.sqrt(np.log(t))))
    levels, rejected = np.empty(len(p)), np.zeros(len(p), dtype=bool)
    for i in range(len(p)):
        earned = np.array([alpha - wealth, *[alpha] * len(p)])
        at = np.flatnonzero(rejected[:i])
        levels[i] = gamma[i] * wealth + float(np.sum(earned[: len(at)] * gamma[i - at - 1]))
        rejected[i] = p[i] <= levels[i]
    return levels, rejected


def saffron(p: NDArray[float64], alpha: float, wealth: float, candidate: float = 0.5) -> Levels:
    """Compute levels and rejections of SAFFRON.

    It spends only on p-values that are no candidates. Source: Ramdas et al. 2018.

    Parameters
    ----------
    candidate : float
        A p-value up to here is a candidate and costs nothing.
    """
    return _adaptive(p, alpha, wealth, candidate, 1.0)


def addis(p: NDArray[float64], alpha: float, wealth: float, candidate: float = 0.25, discard: float = 0.5) -> Levels:
    """Compute levels and rejections of ADDIS, which passes over p-values above `discard`. Source: Tian & Ramdas 2019."""
    return _adaptive(p, alpha, wealth, candidate, discard)


def _adaptive(p: NDArray[float64], alpha: float, wealth: float, candidate: float, discard: float) -> Levels:
    gamma = 0.4374901658 / np.arange(1, len(p) + 2) ** 1.6
    levels, rejected = np.empty(len(p)), np.zeros(len(p), dtype=bool)
    counted = (p <= discard) & (p > candidate)
    for i in range(len(p)):
        at = np.flatnonzero(rejected[:i])
        level = wealth * gamma[int(counted[:i].sum())]
        for place, j in enumerate(at):
            earned = alpha - wealth if place == 0 else alpha
            level += earned * gamma[int(counted[j + 1 : i].sum())]
        levels[i] = min(candidate, (discard - candidate) * level)
        rejected[i] = p[i] <= levels[i]
    return levels, rejected
