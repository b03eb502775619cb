"""Purged and embargoed blocks of time over labels that last."""

import numpy as np
from numpy import int64
from numpy.typing import NDArray

Indices = NDArray[int64]


def purged_kfold(start: Indices, end: Indices, folds: int, embargo: int = 0) -> list[tuple[Indices, Indices]]:
    """Contiguous test blocks, each with the rows that may train for it.

    A row is purged when its closed label interval meets ``[a, b]``, the first
    start to the last end of the test block, and embargoed when it starts in
    ``(b, b + embargo]``.

    Parameters
    ----------
    start, end : ndarray of int64, shape (n,)
        Closed label intervals, `start` never decreasing.
    folds : int
        Number of blocks, at most n.
    embargo : int
        In the unit of `start`.

    Returns
    -------
    list of (train, test)
        Positions, increasing.
    """
    return [(_outside(start, end, test, embargo), test) for test in np.array_split(np.arange(len(start)), folds)]


def _outside(start: Indices, end: Indices, test: Indices, embargo: int) -> Indices:
    a, b = start[test[0]], end[test].max()
    return np.flatnonzero((end < a) | (start > b + embargo))
