"""Deflation: scipy's Gumbel law and quadrature, correlation matrices in full, the paper's formula in one line."""

from math import e, sqrt

import numpy as np
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import entropy, gumbel_r, norm, zscore

from factory.statistics.deflation import (
    average_correlation,
    correlation_of_sum,
    deflated_sharpe_ratio,
    effective_trials,
    expected_maximum,
    expected_maximum_exact,
    independent_of,
    min_backtest_length,
)
from factory.statistics.sharpe import Moments
from tests.statistics.oracles.common import Oracle, table
from tests.statistics.oracles.sharpe import MOMENTS


def gumbel_mean(trials: float) -> float:
    """Mean of the extreme value law that normals' maxima tend to."""
    if trials <= 1:
        return 0.0
    place = norm.isf(1 / trials)
    return float(gumbel_r(place, norm.isf(1 / (trials * e)) - place).mean())


def mean_by_tails(trials: int) -> float:
    """``E max = int_0 (1 - F**n) - int^0 F**n``."""
    above = quad(lambda x: -np.expm1(trials * norm.logcdf(x)), 0, 12, epsabs=1e-12, limit=400)[0]
    below = quad(lambda x: np.exp(trials * norm.logcdf(x)), -12, 0, epsabs=1e-12, limit=400)[0]
    return float(above - below)


def deflated_by_the_paper(of: Moments, trials: float, variance: float | None) -> float:
    spread = 1 / (of.n - 1) if variance is None else variance
    luck = sqrt(spread) * gumbel_mean(trials)
    scale = sqrt(1 - of.skew * of.sharpe + (of.kurtosis - 1) / 4 * of.sharpe**2)
    return float(norm.cdf((of.sharpe - luck) * sqrt(of.n - 1) / scale))


def off_diagonal(returns: np.ndarray) -> float:
    return float(np.corrcoef(returns, rowvar=False)[np.triu_indices(returns.shape[1], 1)].mean())


def counted_by_the_matrix(returns: np.ndarray) -> tuple[float, float, float, float]:
    correlation, trials = np.corrcoef(returns, rowvar=False), returns.shape[1]
    average = off_diagonal(returns)
    weights = np.linalg.svd(correlation, compute_uv=False)
    participation = trials**2 / float(np.sum(correlation**2))
    return average, average + (1 - average) * trials, float(np.exp(entropy(weights))), participation


COUNTS = st.one_of(st.sampled_from([0, 1, 2]), st.integers(2, 10**6))
TABLES = table((3, 60), (2, 12)).filter(lambda values: bool((np.ptp(values, axis=0) > 0).all()))

ORACLES = [
    Oracle(expected_maximum, "scipy.stats.gumbel_r, its mean", st.tuples(COUNTS), gumbel_mean),
    Oracle(expected_maximum_exact, "scipy quad over the tails", st.tuples(st.integers(1, 10**5)), mean_by_tails, 1e-8),
    Oracle(
        deflated_sharpe_ratio,
        "Bailey & López de Prado 2014 in one line, scipy.stats.norm",
        st.tuples(MOMENTS, COUNTS, st.none() | st.floats(1e-6, 0.5)),
        deflated_by_the_paper,
    ),
    Oracle(
        min_backtest_length,
        "scipy.stats.gumbel_r, its mean squared over the Sharpe ratio's",
        st.tuples(st.integers(2, 10**5), st.floats(0.1, 5)),
        lambda trials, sharpe: gumbel_mean(trials) ** 2 / sharpe**2,
    ),
    Oracle(effective_trials, "numpy corrcoef and svd, scipy entropy", st.tuples(TABLES), counted_by_the_matrix, 1e-8),
    Oracle(average_correlation, "numpy corrcoef, its upper triangle", st.tuples(TABLES), off_diagonal, 1e-8),
    Oracle(
        correlation_of_sum,
        "numpy corrcoef, its upper triangle",
        st.tuples(TABLES),
        off_diagonal,
        1e-8,
        lambda returns: correlation_of_sum(zscore(returns).sum(axis=1), returns.shape[1]),
    ),
    Oracle(
        independent_of,
        "numpy interp between one and all",
        st.tuples(st.floats(0, 1), st.integers(1, 1000)),
        lambda average, trials: float(np.interp(average, [0, 1], [trials, 1])),
    ),
]
