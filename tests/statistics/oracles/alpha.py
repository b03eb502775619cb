"""Levels of looks: statsmodels, scipy's zeta law, and every path of verdicts counted."""

from itertools import product

import numpy as np
from hypothesis import strategies as st
from scipy.stats import zipf
from statsmodels.stats.multitest import multipletests

from factory.statistics.alpha import equal_levels, level_after, open_levels
from tests.statistics.oracles.common import Oracle

LEVELS = st.floats(1e-4, 0.5)
LOOKS = st.integers(1, 9)
WEIGHTS = st.sampled_from([(1.0,), (0.8, 0.2), (0.5, 0.3, 0.2), (0.25,) * 4])


def bonferroni_levels(alpha: float, looks: int) -> list[float]:
    return [float(multipletests(np.ones(looks), alpha, method="bonferroni")[3])] * looks


def zeta_levels(alpha: float, looks: int) -> list[float]:
    return [float(alpha * zipf(2).pmf(look)) for look in range(1, looks + 1)]


def level_of_a_path(alpha: float, looks: int, look: int, passes: int, weights: tuple[float, ...]) -> float:
    paths = sum(sum(verdicts) == passes for verdicts in product((0, 1), repeat=look - 1))
    return alpha * weights[passes] / looks / paths if paths and passes < len(weights) else 0.0


NODES = LOOKS.flatmap(lambda looks: st.tuples(st.just(looks), st.integers(1, looks), st.integers(0, looks)))

ORACLES = [
    Oracle(equal_levels, "statsmodels multipletests, its Bonferroni level", st.tuples(LEVELS, LOOKS), bonferroni_levels),
    Oracle(open_levels, "scipy.stats.zipf(2)", st.tuples(LEVELS, LOOKS), zeta_levels),
    Oracle(
        level_after,
        "every path of verdicts counted",
        st.builds(lambda alpha, node, weights: (alpha, *node, weights), LEVELS, NODES, WEIGHTS),
        level_of_a_path,
    ),
]
