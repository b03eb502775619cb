"""Evidence that may be looked at after every decision: likelihood ratios mixed over all that would be better."""

from math import log

import numpy as np
from numpy import float64
from numpy.typing import NDArray
from scipy.special import betaln, log_ndtr, logsumexp
from scipy.stats import beta

FAR = -600
"""Logarithm of a beta tail below which it underflows, or soon will."""
WAGERS = np.arange(1, 20) / 20
"""Shares bought with each unit of capital, of which one lost costs its price: about an edge over ``price * (1 - price)``."""
EDGE = 0.1
"""Of the mixture over means: about what an edge earns a decision, in deviations of one payoff."""


def log_e_value(wins: int, n: int, rate: float) -> float:
    """Compute the log e-value, natural: the evidence that the true win rate exceeds `rate`.

    At a true rate of at most `rate`, the chance that it ever reaches ``log(1 / alpha)``, at whatever `n`, is at most alpha.

    Parameters
    ----------
    wins, n : int
        Wins among `n` decisions that do not overlap.
    rate : float
        Break-even, in (0, 1).

    Returns
    -------
    float
        Uniform mixture over (rate, 1). Source: Ville 1939; Ramdas et al. 2023.
    """
    mass = float(beta.logsf(rate, wins + 1, n - wins + 1))
    if mass < FAR:
        return log(rate) - log(n - wins + 1) + log(_tail(wins, n, rate))
    return float(betaln(wins + 1, n - wins + 1)) + mass - log(1 - rate) - wins * log(rate) - (n - wins) * log(1 - rate)


def _tail(wins: int, n: int, rate: float) -> float:
    """Sum Gauss's ``2F1(1, n + 2; n - wins + 2; 1 - rate)``, term by term: the beta tail less its first factor."""
    total = term = 1.0
    k = 0
    while term > 1e-17 * total:
        term *= (n + 2 + k) / (n - wins + 2 + k) * (1 - rate)
        total, k = total + term, k + 1
    return total


def log_e_value_below(wins: int, n: int, rate: float) -> float:
    """Compute the mirrored log e-value: the evidence that the true win rate is below `rate`.

    It stops paper trading at ``log(1 / 0.05)``.
    """
    return log_e_value(n - wins, n, 1 - rate)


def log_e_values_of_wins(paid_out: NDArray[float64], price: NDArray[float64]) -> NDArray[float64]:
    """Compute the log e-value, natural, after each bet: the evidence that bets pay more than their prices.

    If none is expected to pay more than its price, known before it, given those before it, it ever reaches
    ``log(1 / alpha)`` with a chance of at most alpha, whatever the prices are. Of ``1 - paid_out`` and ``1 - price`` it is the
    evidence of the other side.

    Parameters
    ----------
    paid_out : ndarray of float64, shape (n,)
        What a share paid, in [0, 1], in their order, of bets that do not overlap. What a void bet paid back counts too: a
        price near 1 has the chance of that in it, and without such bets those left win more often than it says.
    price : ndarray of float64, shape (n,)
        Of each, in [0, 1].

    Returns
    -------
    ndarray of float64, shape (n,)
        Capital of equal parts that bet :data:`WAGERS` shares each. Source: Waudby-Smith & Ramdas 2024; Ville 1939.
    """
    if not len(paid_out):
        return np.empty(0)
    capital = np.cumsum(np.log1p(WAGERS[:, None] * (paid_out - price)), axis=1)
    return np.asarray(logsumexp(capital, axis=0) - log(len(WAGERS)))


def log_e_values_of_mean(payoff: NDArray[float64], deviation: float) -> NDArray[float64]:
    """Compute the log e-value, natural, after each payoff: the evidence that their true mean is above 0.

    Payoffs may be of any size.

    At a true mean of at most 0 it ever reaches ``log(1 / alpha)`` with a chance of about alpha: the payoffs' deviation is
    estimated, so this holds for many decisions and not exactly, as a t-test does. Too optimistic while the greatest
    losses have not been met; `deviation` guards against that.

    Parameters
    ----------
    payoff : ndarray of float64, shape (n,)
        In their order, of decisions that do not overlap.
    deviation : float
        Of one payoff, as known before: the least that is taken for it.

    Returns
    -------
    ndarray of float64, shape (n,)
        Mixture over positive means, half normal with :data:`EDGE` deviations. Sources: Robbins 1970;
        Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas 2024.
    """
    n = np.arange(1, len(payoff) + 1)
    spread, total = np.maximum(np.sqrt(np.cumsum(payoff**2) / n), deviation), np.cumsum(payoff)
    total, variance = np.divide(total, spread, out=np.zeros(len(n)), where=spread > 0), 1 + n * EDGE**2
    gain = EDGE**2 * total**2 / (2 * variance)
    evidence: NDArray[float64] = log(2) - np.log(variance) / 2 + gain + log_ndtr(EDGE * total / np.sqrt(variance))
    return evidence
