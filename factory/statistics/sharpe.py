"""Sharpe ratios per period, and how far they can be trusted.

Conventions: standard deviations with ddof = 1, skewness and non-excess
kurtosis are population moments, nothing is annualised here.
"""

from math import sqrt
from typing import NamedTuple

import numpy as np
from numpy import float64
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri


class Moments(NamedTuple):
    """What the errors of a Sharpe ratio need to know of the returns."""

    sharpe: float
    skew: float
    kurtosis: float
    n: int


def moments(returns: NDArray[float64]) -> Moments | None:
    """Compute Sharpe ratio, skewness and kurtosis of returns; None where they never vary.

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
    if not variance > (1e-12 * float(np.abs(returns).max())) ** 2:  # what rounding leaves of a constant
        return None
    deviation = sqrt(variance)
    return Moments(
        sharpe=float(returns.mean()) / (deviation * sqrt(n / (n - 1))),
        skew=float(np.mean(centred**3)) / deviation**3,
        kurtosis=float(np.mean(centred**4)) / variance**2,
        n=n,
    )


def mertens_error(of: Moments) -> float:
    """Compute the Sharpe ratio's standard error for independent returns of any shape.

    Source: Mertens 2002; Bailey & López de Prado 2012 (n - 1).
    """
    return sqrt(max(0.0, 1 - of.skew * of.sharpe + (of.kurtosis - 1) / 4 * of.sharpe**2) / (of.n - 1))


def ar1_error(of: Moments, rho: float) -> float | None:
    """Compute the Sharpe ratio's standard error for first-order autoregressive returns.

    None where no such returns have these moments.

    Its shocks would need a kurtosis below one plus their squared skewness, which nothing has: so with two payoffs, one of
    them rare. The formula gives errors near 0 there, or the root of a negative number.

    Parameters
    ----------
    of : Moments
    rho : float
        Autocorrelation at lag 1, in (-1, 1). Source: López de Prado, Lipton & Zoonekynd 2025.
    """
    skew = of.skew * (1 - rho**3) / (1 - rho**2) ** 1.5
    kurtosis = 3 + (of.kurtosis - 3) * (1 + rho**2) / (1 - rho**2)
    if kurtosis < (1 + skew**2) * (1 - 1e-9):
        return None
    terms = (
        (1 + rho) / (1 - rho)
        - (1 + rho / (1 - rho) + rho**2 / (1 - rho**2)) * of.skew * of.sharpe
        + (1 + rho**2) / (1 - rho**2) * (of.kurtosis - 1) / 4 * of.sharpe**2
    )
    return sqrt(max(0.0, terms) / of.n)


def psr(sharpe: float, error: float, benchmark: float = 0.0) -> float:
    """Compute the probability that the true Sharpe ratio exceeds a benchmark. Source: Bailey & López de Prado 2012."""
    return float(ndtr((sharpe - benchmark) / error))


def psr_at_benchmark(of: Moments, benchmark: float = 0.0) -> float:
    """Compute the probability that the true Sharpe ratio exceeds a benchmark, by the error at the benchmark, over n.

    Another convention than :func:`psr` with :func:`mertens_error`: never mix the two.
    Source: López de Prado, Lipton & Zoonekynd 2025.
    """
    return psr(of.sharpe, mertens_error(of._replace(sharpe=benchmark, n=of.n + 1)), benchmark)


def min_track_record(of: Moments, benchmark: float = 0.0, confidence: float = 0.95) -> float:
    """Compute how many observations it takes until the Sharpe ratio exceeds a benchmark with some confidence.

    Not rounded.

    Parameters
    ----------
    of : Moments
        ``of.sharpe > benchmark``; its `n` does not matter. Source: Bailey & López de Prado 2012.
    """
    variance = mertens_error(of._replace(n=2)) ** 2
    return 1 + variance * (float(ndtri(confidence)) / (of.sharpe - benchmark)) ** 2


def aggregation(autocorrelation: NDArray[float64]) -> float:
    """Compute by what factor a Sharpe ratio grows when ``len(autocorrelation) + 1`` periods become one.

    Parameters
    ----------
    autocorrelation : ndarray of float64, shape (q - 1,)
        Of the returns at lags 1 to q - 1; all zero gives ``sqrt(q)``. Source: Lo 2002.
    """
    q = len(autocorrelation) + 1
    return q / sqrt(q + 2 * float(np.sum(np.arange(q - 1, 0, -1) * autocorrelation)))


def autocorrelations(values: NDArray[float64], lags: int) -> NDArray[float64]:
    """Compute the autocorrelation at lags 1 to `lags`, shape (lags,).

    Of values that vary, each normed by the whole variance.
    """
    centred = values - values.mean()
    products = [float(np.dot(centred[lag:], centred[:-lag])) for lag in range(1, lags + 1)]
    return np.array(products) / float(np.dot(centred, centred))
