"""Many p-values: statsmodels at once, and the papers' formulas term by term for one after the other."""

import gc
from collections.abc import Callable

import numpy as np
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from factory.statistics.multiplicity import Levels, addis, benjamini_hochberg, bonferroni, holm, lord, saffron
from tests.statistics.oracles.common import SEEDS, Oracle


def values(seed: int, n: int, power: float, decimals: int) -> np.ndarray:
    return (np.random.default_rng(seed).random(n) ** power).round(decimals)


P = st.builds(values, SEEDS, st.integers(1, 60), st.sampled_from([1.0, 3.0, 12.0]), st.sampled_from([1, 2, 16]))
LEVEL = st.floats(0.01, 0.3)


def adjusted(method: str) -> Callable[[np.ndarray], np.ndarray]:
    def ask(p: np.ndarray) -> np.ndarray:
        gc.freeze()  # multipletests collects garbage, which takes long beside all that the tests import
        try:
            return np.asarray(multipletests(p, method=method)[1])
        finally:
            gc.unfreeze()

    return ask


def decided(p: np.ndarray, level_at: Callable[[int, list[int]], float]) -> Levels:
    """Levels and rejections one after the other; `level_at` knows the times of the rejections before, from 1."""
    levels, rejections = [], []
    for t in range(1, len(p) + 1):
        levels.append(level_at(t, rejections))
        if p[t - 1] <= levels[-1]:
            rejections.append(t)
    told = np.zeros(len(p), dtype=bool)
    told[np.array(rejections, int) - 1] = True
    return np.array(levels), told


def lord_by_terms(p: np.ndarray, alpha: float, wealth: float) -> Levels:
    def gamma(t: int) -> float:
        return 0.07720838 * np.log(max(t, 2)) / (t * np.exp(np.sqrt(np.log(t))))

    def level(t: int, rejections: list[int]) -> float:
        earned = sum((alpha - wealth if j == 0 else alpha) * gamma(t - at) for j, at in enumerate(rejections))
        return float(gamma(t) * wealth + earned)

    return decided(p, level)


def addis_by_terms(p: np.ndarray, alpha: float, wealth: float, candidate: float, discard: float) -> Levels:
    """Tian & Ramdas 2019, algorithm 1, with gamma that falls as ``j**-1.6``; SAFFRON is the one that discards nothing."""

    def gamma(j: int) -> float:
        return 0.4374901658 / j**1.6

    def count_tested(first: int, last: int) -> int:
        """Times from `first` to `last` whose p-value was neither discarded nor a candidate."""
        return sum(1 for t in range(first, last + 1) if candidate < p[t - 1] <= discard)

    def level(t: int, rejections: list[int]) -> float:
        raw = wealth * gamma(1 + count_tested(1, t - 1))
        for j, at in enumerate(rejections):
            raw += (alpha - wealth if j == 0 else alpha) * gamma(1 + count_tested(at + 1, t - 1))
        return min(candidate, (discard - candidate) * raw)

    return decided(p, level)


def online(*more: st.SearchStrategy[float]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.builds(lambda p, alpha, share, *rest: (p, alpha, alpha * share, *rest), P, LEVEL, st.floats(0.05, 0.95), *more)


ORACLES = [
    Oracle(bonferroni, "statsmodels multipletests", st.tuples(P), adjusted("bonferroni")),
    Oracle(holm, "statsmodels multipletests", st.tuples(P), adjusted("holm")),
    Oracle(benjamini_hochberg, "statsmodels multipletests", st.tuples(P), adjusted("fdr_bh")),
    Oracle(lord, "Ramdas et al. 2017 term by term", online(), lord_by_terms),
    Oracle(
        saffron,
        "Ramdas et al. 2018 term by term",
        online(st.floats(0.1, 0.9)),
        lambda p, alpha, wealth, candidate: addis_by_terms(p, alpha, wealth, candidate, 1.0),
    ),
    Oracle(addis, "Tian & Ramdas 2019 term by term", online(st.floats(0.1, 0.4), st.floats(0.45, 0.9)), addis_by_terms),
]
