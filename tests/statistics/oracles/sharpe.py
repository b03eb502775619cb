"""Sharpe ratios: scipy's moments, statsmodels' autocorrelations, and errors by the delta method on what payoffs are drawn from."""

from math import sqrt

import numpy as np
from hypothesis import strategies as st
from scipy.linalg import toeplitz
from scipy.optimize import brentq
from scipy.stats import kurtosis, norm, skew
from statsmodels.tsa.stattools import acf

from factory.statistics.sharpe import (
    Moments,
    aggregation,
    ar1_error,
    autocorrelations,
    mertens_error,
    min_track_record,
    moments,
    psr,
    psr_at_benchmark,
)
from tests.statistics.oracles.common import Oracle, series, varying


def moments_of_scipy(returns: np.ndarray) -> tuple[float, float, float, int] | None:
    if not len(returns) or not varying(returns):
        return None
    sharpe = float(np.mean(returns) / np.std(returns, ddof=1))
    return sharpe, float(skew(returns)), float(kurtosis(returns, fisher=False)), len(returns)


def law(values: tuple[float, float, float], chances: tuple[float, float, float]) -> tuple[np.ndarray, np.ndarray]:
    """Three payoffs and their chances."""
    weights = np.array(chances) / sum(chances)
    return np.array(values), weights


def moments_of_law(payoff: np.ndarray, chance: np.ndarray, n: int) -> Moments:
    mean = float(chance @ payoff)
    second, third, fourth = (float(chance @ (payoff - mean) ** k) for k in (2, 3, 4))
    return Moments(mean / sqrt(second), third / second**1.5, fourth / second**2, n)


def slope(payoff: np.ndarray, chance: np.ndarray) -> tuple[float, float]:
    """Derivatives of the Sharpe ratio after the mean and the mean square, by a complex step."""
    first, second = float(chance @ payoff), float(chance @ payoff**2)

    def ratio(mean: complex, square: complex) -> complex:
        return mean / np.sqrt(square - mean**2)

    step = 1e-30
    return float((ratio(first + step * 1j, second)).imag / step), float((ratio(first, second + step * 1j)).imag / step)


def delta_error(payoff: np.ndarray, chance: np.ndarray, n: int) -> float:
    """Root of ``g' Cov(x, x**2) g / (n - 1)``."""
    powers = np.stack([payoff, payoff**2])
    centred = powers - (powers @ chance)[:, None]
    gradient = np.array(slope(payoff, chance))
    return float(np.sqrt(gradient @ (centred * chance) @ centred.T @ gradient / (n - 1)))


def shocks_exist(second: float, third: float, fourth: float, rho: float) -> bool:
    """Whether any law has the central moments of the shocks: Hamburger's matrix of them has no negative eigenvalue."""
    of_shocks = second * (1 - rho**2), third * (1 - rho**3), (fourth - 3 * second**2) * (1 - rho**4)
    square, cube = of_shocks[0], of_shocks[1] / of_shocks[0] ** 1.5
    quartic = of_shocks[2] / square**2 + 3
    return bool(np.linalg.det([[1, 0, 1], [0, 1, cube], [1, cube, quartic]]) > -1e-9 * (1 + cube**2))


def delta_error_ar1(payoff: np.ndarray, chance: np.ndarray, n: int, rho: float) -> float | None:
    """The same with the covariances of all lags of a linear autoregression, added up one by one."""
    mean = float(chance @ payoff)
    second, third, fourth = (float(chance @ (payoff - mean) ** k) for k in (2, 3, 4))
    if not shocks_exist(second, third, fourth, rho):
        return None
    to_first, to_square = slope(payoff, chance)
    to_mean = to_first + 2 * mean * to_square  # x**2 = u**2 + 2 * mean * u + mean**2 in centred payoffs u
    variance = 0.0
    for lag in range(-400, 401):
        k = abs(lag)
        variance += to_mean**2 * rho**k * second + to_square**2 * rho ** (2 * k) * (fourth - second**2)
        variance += to_mean * to_square * third * (rho**k + rho ** (2 * k))
    return sqrt(max(0.0, variance) / n)


def psr_of_scipy(sharpe: float, error: float, benchmark: float) -> float:
    return float(norm(benchmark, error).cdf(sharpe))


def psr_with_error_at_benchmark(payoff: np.ndarray, chance: np.ndarray, n: int, benchmark: float) -> float:
    """The delta method on the same payoffs moved until their Sharpe ratio is the benchmark."""
    of = moments_of_law(payoff, chance, n)
    mean, deviation = float(chance @ payoff), sqrt(float(chance @ payoff**2) - float(chance @ payoff) ** 2)
    moved = payoff - mean + benchmark * deviation
    return psr_of_scipy(of.sharpe, delta_error(moved, chance, n + 1), benchmark)


def length_that_suffices(payoff: np.ndarray, chance: np.ndarray, above: float, confidence: float) -> float:
    """Where the probability of a Sharpe ratio that far above its benchmark reaches the confidence, found by bisection."""
    error = delta_error(payoff, chance, 2)
    if error < 1e-7:
        return 1.0
    needed = brentq(lambda log_n: norm.cdf(above / error * np.exp(log_n / 2)) - confidence, -60, 60, xtol=1e-13)
    return float(1 + np.exp(needed))


def ask_track_record(payoff: np.ndarray, chance: np.ndarray, above: float, confidence: float) -> float:
    of = moments_of_law(payoff, chance, 2)
    return min_track_record(of, of.sharpe - above, confidence)


def growth(correlation: np.ndarray) -> float:
    """Mean of a sum over its deviation, in units of one period's: ``q / sqrt(1' R 1)``."""
    matrix = toeplitz(np.concatenate([[1.0], correlation]))
    return len(matrix) / sqrt(matrix.sum())


def acf_of_statsmodels(values: np.ndarray, lags: int) -> np.ndarray:
    return np.asarray(acf(values, nlags=lags, fft=False)[1:])


PAYOFF = st.floats(-3, 3)
CHANCE = st.floats(0.02, 1)
LAWS = st.builds(law, st.tuples(PAYOFF, PAYOFF, PAYOFF), st.tuples(CHANCE, CHANCE, CHANCE)).filter(
    lambda drawn: bool(np.ptp(drawn[0]) > 0.05)
)
LONG = st.integers(3, 5000)
MOMENTS = st.builds(lambda drawn, n: moments_of_law(*drawn, n), LAWS, LONG)
LAWS_OF = st.builds(lambda drawn, n: (*drawn, n), LAWS, LONG)
DECAY = st.builds(lambda rho, q: rho ** np.arange(1, q), st.floats(-0.9, 0.95), st.integers(1, 40))

ORACLES = [
    Oracle(moments, "scipy.stats skew and kurtosis, numpy std", st.tuples(series(0, 300)), moments_of_scipy, 1e-7),
    Oracle(
        mertens_error,
        "delta method by a complex step",
        LAWS_OF,
        delta_error,
        1e-7,
        lambda *of: mertens_error(moments_of_law(*of)),
    ),
    Oracle(
        ar1_error,
        "delta method, all lags added up",
        st.builds(lambda of, rho: (*of, rho), LAWS_OF, st.floats(-0.9, 0.9)),
        delta_error_ar1,
        1e-7,
        lambda payoff, chance, n, rho: ar1_error(moments_of_law(payoff, chance, n), rho),
    ),
    Oracle(psr, "scipy.stats.norm", st.tuples(st.floats(-3, 3), st.floats(1e-3, 3), st.floats(-1, 1)), psr_of_scipy),
    Oracle(
        psr_at_benchmark,
        "delta method on payoffs moved to the benchmark",
        st.builds(lambda of, benchmark: (*of, benchmark), LAWS_OF, st.floats(-0.5, 0.5)),
        psr_with_error_at_benchmark,
        1e-7,
        lambda payoff, chance, n, benchmark: psr_at_benchmark(moments_of_law(payoff, chance, n), benchmark),
    ),
    Oracle(
        min_track_record,
        "scipy brentq on the probability",
        st.builds(lambda drawn, *rest: (*drawn, *rest), LAWS, st.floats(0.01, 5), st.floats(0.6, 0.99)),
        length_that_suffices,
        1e-6,
        ask_track_record,
    ),
    Oracle(aggregation, "scipy toeplitz, the deviation of a sum", st.tuples(DECAY), growth),
    Oracle(
        autocorrelations,
        "statsmodels acf",
        st.tuples(series(12, 200).filter(varying), st.integers(1, 10)),
        acf_of_statsmodels,
        1e-8,
    ),
]
