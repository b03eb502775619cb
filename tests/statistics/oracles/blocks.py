"""Means of blocks: least squares of statsmodels with clustered and with Newey-West errors."""

from typing import Any

import numpy as np
from hypothesis import strategies as st
from scipy import stats
from statsmodels.regression.linear_model import OLS

from factory.statistics.blocks import LEAST_BLOCKS, block_length, block_mean, count_blocks, newey_west, t_interval
from tests.statistics.oracles.common import SEEDS, Oracle, series, varying


def clustered_mean(values: np.ndarray, times: np.ndarray, block: int, confidence: float) -> tuple[float, ...] | None:
    """Ordinary least squares on a constant, errors clustered by block, t with as many degrees as blocks less one."""
    groups = (times - times[0]) // block if len(times) else times
    blocks = len(np.unique(groups))
    if blocks < LEAST_BLOCKS or not varying(values):
        return None
    fit: Any = OLS(values, np.ones(len(values))).fit(cov_type="cluster", cov_kwds={"groups": groups}, use_t=True)
    (mean,), (error,), (ends,) = fit.params, fit.bse, fit.conf_int(1 - confidence)
    below = fit.pvalues[0] / 2
    return mean, error, *ends, below if mean > 0 else 1 - below, blocks, values.var(ddof=1) / error**2


def hac_mean(values: np.ndarray, lags: int) -> tuple[float, float]:
    """Ordinary least squares on a constant, Newey-West errors without a correction for small samples."""
    fit: Any = OLS(values, np.ones(len(values))).fit(cov_type="HAC", cov_kwds={"maxlags": lags, "use_correction": False})
    return float(fit.params[0]), float(fit.bse[0])


def timed(values: np.ndarray, seed: int, block: int, confidence: float) -> tuple[Any, ...]:
    return values, np.sort(np.random.default_rng(seed).integers(0, 400, len(values))), block, confidence


def stamps(seed: int, n: int, block: int) -> tuple[np.ndarray, int]:
    return np.sort(np.random.default_rng(seed).integers(0, 400, n)), block


def student(mean: float, error: float, blocks: int, confidence: float) -> tuple[float, float, float]:
    low, high = stats.t.interval(confidence, blocks - 1, mean, error)
    return low, high, stats.t.sf(mean / error, blocks - 1)


LONG = st.integers(0, 10**12)

ORACLES = [
    Oracle(
        block_length,
        "numpy's max of the three",
        st.tuples(LONG, LONG, LONG),
        lambda period, horizon, life: int(np.max([period * 60, horizon * 4, life])),
    ),
    Oracle(
        block_mean,
        "statsmodels OLS, errors clustered by block",
        st.builds(timed, series(0, 300), SEEDS, st.integers(1, 20), st.floats(0.5, 0.999)),
        clustered_mean,
        1e-7,
    ),
    Oracle(
        count_blocks,
        "numpy's count of distinct blocks",
        st.builds(stamps, SEEDS, st.integers(0, 300), st.integers(1, 20)),
        lambda times, block: len(np.unique((times - times[:1]) // block)),
    ),
    Oracle(
        t_interval,
        "scipy.stats.t",
        st.tuples(st.floats(-1, 1), st.floats(1e-3, 10), st.integers(2, 500), st.floats(0.5, 0.999)),
        student,
    ),
    Oracle(newey_west, "statsmodels OLS, HAC errors", st.tuples(series(2, 200), st.integers(0, 12)), hac_mean, 1e-7),
]
