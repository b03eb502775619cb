"""The meta forest of three classes: one forest says whether it moves, one which way if it does."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy import float64, int8, int64
from numpy.typing import NDArray

from factory.core.progress import Progress, no_progress, subrange
from factory.learning.chances import nest_chances
from factory.learning.experts.nested import FLAT
from factory.learning.meta_forest import Meta, fit_forest
from factory.pipeline.parts.meta import Forest


@dataclass(frozen=True)
class NestedMeta:
    """Two fitted forests, each with a calibration of its own.

    Parameters
    ----------
    moves : Meta
        Chance that the outcome is not flat.
    direction : Meta
        Chance of up where it is not flat.
    """

    moves: Meta
    direction: Meta

    @property
    def holdout(self) -> Mapping[str, float]:
        """Scores on the last fifth of train: of the direction, and under ``moves_`` of whether it moves."""
        return {**self.direction.holdout, **{f"moves_{name}": value for name, value in self.moves.holdout.items()}}

    @property
    def has_converged(self) -> bool:
        """Whether the solvers of both calibrations reached their solution."""
        return self.moves.has_converged and self.direction.has_converged

    def predict(self, X: NDArray[float64]) -> NDArray[float64]:
        """Predict calibrated chances of down, flat and up, shape (n, 3), for X of shape (n, d)."""
        return nest_chances(self.moves.predict(X), self.direction.predict(X))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """List all that the model knows."""
        return {
            f"{prefix}.{name}": array
            for prefix, meta in (("moves", self.moves), ("direction", self.direction))
            for name, array in meta.arrays().items()
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "NestedMeta":
        """Undo :meth:`arrays`."""

        def load(prefix: str) -> Meta:
            own = {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
            return Meta.from_arrays(own)

        return cls(load("moves."), load("direction."))


def fit_nested_forest(
    part: Forest,
    X: NDArray[float64],
    y: NDArray[int8],
    weight: NDArray[float64],
    start: NDArray[int64],
    end: NDArray[int64],
    *,
    uniqueness_share: float,
    seed: int,
    threads: int = 1,
    holdout: bool = True,
    progress: Progress = no_progress,
) -> NestedMeta:
    """Fit a forest on all rows for whether they move, and one on those that did for where.

    Parameters
    ----------
    y : ndarray of int8, shape (n,)
        0 down, 1 flat, 2 up.

    What else is given is as in :func:`~factory.learning.meta_forest.fit_forest`, which also tells what is raised.
    """
    moved = y != FLAT
    which_way = np.flatnonzero(moved)

    def fit(y: NDArray[int8], rows: NDArray[int64], seed: int, progress: Progress) -> Meta:
        return fit_forest(
            part, X[rows], y, weight[rows], start[rows], end[rows],
            uniqueness_share=uniqueness_share, seed=seed, threads=threads, holdout=holdout, progress=progress,
        )  # fmt: skip

    moves = fit(moved.astype(int8), np.arange(len(y)), seed, subrange(progress, 0.0, 0.5))
    direction = fit((y[which_way] // 2).astype(int8), which_way, seed + 1, subrange(progress, 0.5, 1.0))
    return NestedMeta(moves, direction)
