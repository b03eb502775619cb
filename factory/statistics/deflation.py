"""What the best of many trials is worth: expected maxima, deflated Sharpe ratios, how many trials there really were.

The house deflates by the raw number of trials and the variance that a Sharpe
ratio has without any edge, ``1 / (T - 1)``. The textbook takes the variance
between the trials, which mixes noise with real differences: with a real edge
it deflates to nothing. Neither knows that a search adapts: both are advice and no test.
"""

from math import e, sqrt
from typing import NamedTuple

import numpy as np
from numpy import float64
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import quad
from scipy.special import log_ndtr, ndtri
from scipy.stats import norm

from factory.statistics.sharpe import Moments, mertens_error, psr


def expected_maximum(trials: float) -> float:
    """Approximate the expected maximum of independent standard normals: what enters deflation.

    Parameters
    ----------
    trials : float
        How many; 1 gives 0. Source: Bailey & López de Prado 2014 (false strategy theorem).
    """
    if trials <= 1:
        return 0.0
    return float((1 - np.euler_gamma) * ndtri(1 - 1 / trials) + np.euler_gamma * ndtri(1 - 1 / (trials * e)))


def expected_maximum_exact(trials: int) -> float:
    """Compute the expected maximum of independent standard normals by quadrature.

    To judge :func:`expected_maximum` by.
    """
    value, _ = quad(lambda x: x * trials * norm.pdf(x) * np.exp((trials - 1) * log_ndtr(x)), -10, 10, epsabs=1e-10, limit=200)
    return float(value)


def deflated_sharpe_ratio(of: Moments, trials: float, variance: float | None = None) -> float:
    """Compute the deflated Sharpe ratio.

    It is the probability that the true one exceeds what the best of many trials shows by luck.

    Parameters
    ----------
    of : Moments
        Of the chosen trial's returns.
    trials : float
        How many were made.
    variance : float, optional
        Of Sharpe ratios between trials. Default is the house form, ``1 / (n - 1)``; the
        observed variance gives the textbook form. Source: Bailey & López de Prado 2014.
    """
    spread = 1 / (of.n - 1) if variance is None else variance
    return psr(of.sharpe, mertens_error(of), sqrt(spread) * expected_maximum(trials))


def min_backtest_length(trials: int, sharpe: float = 1.0) -> float:
    """Compute the minimum backtest length, years.

    With fewer, the best of some trials is expected to show an annual Sharpe ratio without having one.

    Source: Bailey, Borwein, López de Prado & Zhu 2014.
    """
    return (expected_maximum(trials) / sharpe) ** 2


class EffectiveTrials(NamedTuple):
    """How many independent trials correlated ones amount to, by three counts."""

    average_correlation: float
    by_correlation: float
    by_entropy: float
    by_participation: float


def effective_trials(returns: NDArray[float64]) -> EffectiveTrials:
    """Estimate how many independent trials a set of correlated trials amounts to.

    Parameters
    ----------
    returns : ndarray of float64, shape (periods, trials)
        At least two trials, each of which varies.

    Returns
    -------
    EffectiveTrials
        ``rho + (1 - rho) * N`` for the mean correlation rho (Bailey & López de Prado 2014); the entropy (Roy &
        Vetterli 2007) and the participation ratio of the eigenvalues. All but the first are too lenient
        with neighbours on one hill.
    """
    trials, average = returns.shape[1], average_correlation(returns)
    eigenvalues = np.clip(np.linalg.eigvalsh(np.corrcoef(returns, rowvar=False)), 0, None)
    share = eigenvalues / eigenvalues.sum()
    entropy = -float(np.sum(share[share > 0] * np.log(share[share > 0])))
    return EffectiveTrials(average, independent_of(average, trials), float(np.exp(entropy)), float(1 / np.sum(share**2)))


def average_correlation(returns: NDArray[float64]) -> float:
    """Compute the mean correlation of pairs of trials, without the matrix of all pairs.

    Parameters
    ----------
    returns : ndarray of float64, shape (periods, trials)
        At least two trials, each of which varies.
    """
    total = ((returns - returns.mean(axis=0)) / returns.std(axis=0)).sum(axis=1)
    return correlation_of_sum(total, returns.shape[1])


def correlation_of_sum(total: ArrayLike, trials: int) -> float:
    """Compute the mean correlation of pairs of trials, by the sum of their standardised returns.

    Parameters
    ----------
    total : array_like of float64, shape (periods,)
        Of mean 0 and deviation 1 (ddof 0) each.
    trials : int
        How many were summed, at least 2.
    """
    values = np.asarray(total, dtype=float64)
    return float((values @ values / len(values) - trials) / (trials * (trials - 1)))


def independent_of(average: float, trials: int) -> float:
    """Compute how many independent trials some of an average correlation amount to (Bailey & López de Prado 2014)."""
    return average + (1 - average) * trials
