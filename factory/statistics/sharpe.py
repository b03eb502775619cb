"""Sharpe ratios per period, and how far they can be trusted.

Conventions: standard deviations with ddof = 1, skewness and non-excess
kurtosis are population moments, nothing is annualised here.
"""

from math import sqrt
from typing import NamedTuple

import numpy as np
from numpy import float64
from numpy.typing import NDArray
from scipy.special import ndtr


class Moments(NamedTuple):
    """What the errors of a Sharpe ratio need to know of the returns."""

    sharpe: float
    skew: float
    kurtosis: float
    n: int


def moments(returns: NDArray[float64]) -> Moments | None:
    """Sharpe ratio, skewness and kurtosis of returns, or None where they never vary.

    Parameters
    ----------
    returns : ndarray of float64, shape (n,)
        One a period.
    """
    n = len(returns)
    if n < 2:
        return None
    centred = returns - returns.mean()
    variance = float(np.mean(centred**2))
    if not variance > 1e-30:
        return None
    deviation = sqrt(variance)
    return Moments(
        sharpe=float(returns.mean()) / (deviation * sqrt(n / (n - 1))),
        skew=float(np.mean(centred**3)) / deviation**3,
        kurtosis=float(np.mean(centred**4)) / variance**2,
        n=n,
    )


def lo_error(sharpe: float, n: int) -> float:
    """Standard error for independent normal returns: ``sqrt((1 + SR**2 / 2) / n)``. Source: Lo 2002."""
    return sqrt((1 + sharpe**2 / 2) / n)


def mertens_error(of: Moments) -> float:
    """Standard error for independent returns of any shape. Source: Mertens 2002; Bailey & López de Prado 2012 (n - 1)."""
    return sqrt((1 - of.skew * of.sharpe + (of.kurtosis - 1) / 4 * of.sharpe**2) / (of.n - 1))


def ar1_error(of: Moments, rho: float) -> float:
    """Standard error for returns with first-order autocorrelation `rho`. Source: López de Prado, Lipton & Zoonekynd 2025."""
    terms = (
        (1 + rho) / (1 - rho)
        - (1 + rho / (1 - rho) + rho**2 / (1 - rho**2)) * of.skew * of.sharpe
        + (1 + rho**2) / (1 - rho**2) * (of.kurtosis - 1) / 4 * of.sharpe**2
    )
    return sqrt(terms / of.n)


def psr(sharpe: float, error: float, benchmark: float = 0.0) -> float:
    """Probability that the true Sharpe ratio exceeds a benchmark. Source: Bailey & López de Prado 2012."""
    return float(ndtr((sharpe - benchmark) / error))
