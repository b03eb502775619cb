"""The meta forest of three classes: one forest says whether it moves, one which way if it does."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy import float64, int8, int64
from numpy.typing import NDArray

from factory.core.progress import Progress, no_progress, subrange
from factory.learning.experts.nested import FLAT, NestedModel
from factory.learning.meta_forest import Meta, fit_forest
from factory.pipeline.parts.meta import Forest


@dataclass(frozen=True)
class NestedMeta(NestedModel):
    """Two fitted forests, each with a calibration of its own."""

    moves: Meta
    direction: Meta

    @property
    def holdout(self) -> Mapping[str, float]:
        """Scores on the last fifth of train: of the direction, and under ``moves_`` of whether it moves."""
        return {**self.direction.holdout, **{f"moves_{name}": value for name, value in self.moves.holdout.items()}}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Undo :meth:`arrays`."""
        return cls.from_parts(arrays, Meta.from_arrays)


def fit_nested_forest(
    part: Forest,
    X: NDArray[float64],
    y: NDArray[int8],
    weight: NDArray[float64],
    start: NDArray[int64],
    end: NDArray[int64],
    *,
    seed: int,
    progress: Progress = no_progress,
    **options: Any,
) -> NestedMeta:
    """Fit a forest on all rows for whether they move, and one on those that did for where.

    Parameters
    ----------
    y : ndarray of int8, shape (n,)
        0 down, 1 flat, 2 up.

    What else is given, `options` too, is as in :func:`~factory.learning.meta_forest.fit_forest`, which tells what is raised.
    """
    moved = y != FLAT
    which_way = np.flatnonzero(moved)

    def fit(y: NDArray[int8], rows: NDArray[int64], seed: int, progress: Progress) -> Meta:
        own = (X[rows], y, weight[rows], start[rows], end[rows])
        return fit_forest(part, *own, seed=seed, progress=progress, **options)

    moves = fit(moved.astype(int8), np.arange(len(y)), seed, subrange(progress, 0.0, 0.5))
    direction = fit((y[which_way] // 2).astype(int8), which_way, seed + 1, subrange(progress, 0.5, 1.0))
    return NestedMeta(moves, direction)
