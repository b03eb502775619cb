"""Drift: pandas' bins for the stability index, scipy for the distance."""

import numpy as np
import pandas as pd
from hypothesis import strategies as st
from scipy.stats import ks_2samp

from factory.statistics.drift import Drift, measure_drift
from tests.statistics.oracles.common import SEEDS, Oracle


def samples(seed: int, n: int, m: int, shift: float, decimals: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    first, second = rng.normal(size=n).round(decimals), rng.normal(shift, 1.3, size=m).round(decimals)
    first[0] = second[0] = np.nan
    return first, second


def by_pandas_and_scipy(first: np.ndarray, second: np.ndarray) -> Drift:
    first, second = (pd.Series(values).dropna() for values in (first, second))
    edges = [-np.inf, *first.quantile(np.linspace(0, 1, 11)[1:-1]).unique(), np.inf]
    counts = [pd.cut(values, edges, right=False).value_counts(sort=False) + 0.5 for values in (first, second)]
    a, b = (one / one.sum() for one in counts)
    return Drift(float(((b - a) * np.log(b / a)).sum()), float(ks_2samp(first, second).statistic))


ORACLES = [
    Oracle(
        measure_drift,
        "pandas, scipy",
        st.builds(samples, SEEDS, st.integers(12, 300), st.integers(12, 300), st.floats(-2, 2), st.sampled_from([0, 1, 12])),
        by_pandas_and_scipy,
        1e-9,
    )
]
