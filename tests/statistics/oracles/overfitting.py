"""Overfitting: every half of the blocks, row by row."""

from itertools import combinations

import numpy as np
from hypothesis import strategies as st
from scipy.stats import rankdata

from factory.statistics.overfitting import overfitting
from tests.statistics.oracles.common import Oracle, table


def sharpes(rows: np.ndarray) -> np.ndarray:
    """Mean over deviation of each column, 0 where it never varies."""
    return np.array([column.mean() / column.std(ddof=1) if np.ptp(column) > 0 else 0.0 for column in rows.T]).round(12)


def half_by_half(returns: np.ndarray, blocks: int) -> tuple[float, float, np.ndarray]:
    length = len(returns) // blocks
    parts = [returns[k * length : (k + 1) * length] for k in range(blocks)]
    logits, losses = [], []
    for chosen in combinations(range(blocks), blocks // 2):
        inside = sharpes(np.concatenate([parts[k] for k in chosen]))
        outside = sharpes(np.concatenate([parts[k] for k in range(blocks) if k not in chosen]))
        best = int(np.argmax(inside))
        share = rankdata(outside)[best] / (returns.shape[1] + 1)
        logits.append(np.log(share / (1 - share)))
        losses.append(outside[best] < 0)
    return float(np.mean(np.array(logits) <= 1e-12)), float(np.mean(losses)), np.array(logits)


ORACLES = [
    Oracle(
        overfitting,
        "Bailey et al. 2017 by its definition, row by row",
        st.tuples(table((24, 90), (2, 8)), st.sampled_from([2, 4, 6, 8])),
        half_by_half,
        1e-8,
    )
]
