"""Purged and embargoed blocks, and walking windows, over labels that last."""

from typing import NamedTuple

import numpy as np
from numpy import int64
from numpy.typing import NDArray

Indices = NDArray[int64]


class Window(NamedTuple):
    """One step of a walk forward: refit at `at` on `train`, predict `test`."""

    at: int
    train: Indices
    test: Indices


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


def walk_forward(start: Indices, end: Indices, first: int, last: int, every: int, window: int) -> list[Window]:
    """Refit moments from `first` on, each with the labels resolved by then.

    Parameters
    ----------
    start, end : ndarray of int64, shape (n,)
        Decisions and when their labels became known, ms UTC.
    first, last : int
        Decisions in [first, last) are predicted, ms UTC.
    every : int
        Milliseconds between refits.
    window : int
        Milliseconds that training reaches back.

    Returns
    -------
    list of Window
        One a refit, in order; `train` holds rows with ``start >= at - window`` and
        ``end <= at``, `test` those decided before the next refit.
    """
    return [
        Window(
            at,
            np.flatnonzero((start >= at - window) & (end <= at)),
            np.flatnonzero((start >= at) & (start < min(at + every, last))),
        )
        for at in range(first, last, every)
    ]
