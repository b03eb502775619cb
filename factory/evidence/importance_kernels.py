"""Predictions of a forest with columns permuted, walking only the paths that change."""

from typing import Any

import numpy as np
from numba import njit
from numpy import float64, int32, int64
from numpy.typing import NDArray

ROWS = 64
"""Rows taken together, so that they and one tree stay in the near caches."""


@njit(cache=True, nogil=True)
def permuted_sums(
    X: NDArray[Any],
    P: NDArray[Any],
    group: NDArray[int64],
    groups: int,
    roots: NDArray[int64],
    feature: NDArray[int32],
    threshold: NDArray[Any],
    left: NDArray[int32],
    right: NDArray[int32],
    value: NDArray[float64],
) -> tuple[NDArray[float64], NDArray[float64]]:
    """Add up each row's leaf values, as it is and for each group of columns replaced by other rows' values.

    Each row's path through a tree is walked once. Replaced columns leave it
    only at the first node that tests one of them and then decides the other way;
    from there the other branch is descended, once for all repeats unless a replaced
    column decides there again. Exact wherever sums of leaves are,
    see ``factory.learning.forest_kernels.LEAF_GRID``.

    Parameters
    ----------
    X : ndarray, shape (n, d)
        Rows as they are, in the thresholds' precision.
    P : ndarray, shape (n, d, repeats)
        What each column is replaced by in each repeat.
    group : ndarray of int64, shape (d,)
        Which group a column is replaced with; -1 for none.
    groups : int
        How many groups there are.
    roots, feature, threshold, left, right, value
        As in :class:`factory.learning.forest_kernels.FlatForest`.

    Returns
    -------
    total : ndarray of float64, shape (n,)
        The rows as they are.
    permuted : ndarray of float64, shape (groups, repeats, n)
        Each group replaced.
    """
    n, repeats = len(X), P.shape[2]
    total = np.zeros(n)
    change = np.zeros((ROWS, groups, repeats))
    out = np.empty((groups, repeats, n))
    left_at = np.full((groups, repeats), -1, np.int64)
    path = np.empty(len(feature), np.int64)
    walk = 0
    for begin in range(0, n, ROWS):
        end = min(n, begin + ROWS)
        change[:] = 0.0
        for root in roots:
            for i in range(begin, end):
                walk += 1
                node = root
                depth = 0
                while feature[node] >= 0:
                    path[depth] = node
                    depth += 1
                    node = left[node] if X[i, feature[node]] <= threshold[node] else right[node]
                leaf = value[node]
                total[i] += leaf
                for step in range(depth):
                    at = path[step]
                    f = feature[at]
                    g = group[f]
                    if g < 0:
                        continue
                    goes_left = X[i, f] <= threshold[at]
                    again = True
                    other = 0.0
                    for r in range(repeats):
                        if left_at[g, r] == walk or (P[i, f, r] <= threshold[at]) == goes_left:
                            continue
                        left_at[g, r] = walk
                        if again:
                            again = False
                            node = right[at] if goes_left else left[at]
                            while feature[node] >= 0:
                                e = feature[node]
                                x = X[i, e]
                                if group[e] == g:
                                    again = True
                                    x = P[i, e, r]
                                node = left[node] if x <= threshold[node] else right[node]
                            other = value[node] - leaf
                        change[i - begin, g, r] += other
        for i in range(begin, end):
            for g in range(groups):
                for r in range(repeats):
                    out[g, r, i] = total[i] + change[i - begin, g, r]
    return total, out
