"""Inputs that say the same thing, put together."""

from collections.abc import Sequence

import numpy as np
from numpy import float64
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform
from scipy.stats import rankdata

ALIKE = 0.7
"""Absolute rank correlation, on average, within a group."""


def group_correlated(X: NDArray[float64], names: Sequence[str]) -> dict[str, list[int]]:
    """Group columns by average linkage on one minus the absolute rank correlation.

    Parameters
    ----------
    X : ndarray of float64, shape (n, d)
        No missing values.
    names : sequence of str, length d
        Of the columns.

    Returns
    -------
    dict of str to list of int
        Columns of each group; its name joins theirs with ``+``.
    """
    if len(names) == 1:
        return {names[0]: [0]}
    with np.errstate(invalid="ignore"):
        rho = np.nan_to_num(np.corrcoef(rankdata(X, axis=0), rowvar=False))
    np.fill_diagonal(rho, 1.0)
    distance = squareform(np.clip(1 - np.abs(rho), 0, 1), checks=False)
    group = fcluster(linkage(distance, "average"), 1 - ALIKE, "distance")
    members: dict[int, list[int]] = {}
    for column, number in enumerate(group):
        members.setdefault(int(number), []).append(column)
    return {"+".join(names[i] for i in columns): columns for columns in members.values()}
