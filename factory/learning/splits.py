"""Purged and embargoed blocks of time over labels that last."""

from itertools import combinations

import numpy as np
from numpy import int64
from numpy.typing import NDArray

Indices = NDArray[int64]


def purged_kfold(start: Indices, end: Indices, folds: int, embargo: int = 0) -> list[tuple[Indices, Indices]]:
    """Split into contiguous test blocks, each with the rows that may train for it.

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


def combinatorial(start: Indices, end: Indices, folds: int, tested: int = 2, embargo: int = 0) -> list[tuple[Indices, Indices]]:
    """List every choice of `tested` blocks out of `folds`, with the rows that may train for it.

    Purged and embargoed around each run of adjoining test blocks, as :func:`purged_kfold` does.

    Returns
    -------
    list of (train, test)
        ``C(folds, tested)`` of them; each row is tested ``C(folds - 1, tested - 1)`` times, which is how many
        whole paths they make. Source: López de Prado 2018, chapter 12.
    """
    blocks = np.array_split(np.arange(len(start)), folds)
    splits = []
    for chosen in combinations(range(folds), tested):
        runs = np.split(np.array(chosen), np.flatnonzero(np.diff(chosen) > 1) + 1)
        tests = [np.concatenate([blocks[i] for i in run]) for run in runs]
        kept = [np.isin(np.arange(len(start)), _outside(start, end, test, embargo)) for test in tests]
        splits.append((np.flatnonzero(np.logical_and.reduce(kept)), np.concatenate(tests)))
    return splits


def walk_forward(n: int, train: int, test: int, gap: int) -> list[tuple[Indices, Indices]]:
    """Roll training windows of fixed length forward, each tested on the rows after a gap.

    Returns
    -------
    list of (train, test)
        Positions; a last test window that would not be full is left out.
    """
    rows = np.arange(n)
    firsts = range(0, n - train - gap - test + 1, test)
    return [(rows[i : i + train], rows[i + train + gap : i + train + gap + test]) for i in firsts]
