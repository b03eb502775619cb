"""Three classes from any learner of two: whether it moves, and which way if it does."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy import float64, int8
from numpy.typing import NDArray

from factory.learning.chances import nest_chances
from factory.learning.experts.base import Arrays, Fitted, TrainingSet

MOVES, DIRECTION = "moves.", "direction."
FLAT = 1


@dataclass(frozen=True)
class NestedModel:
    """Two fitted learners, nested dichotomies (Frank & Kramer 2004): their chances always add up to one.

    Parameters
    ----------
    moves : Fitted
        Chance that the outcome is not flat.
    direction : Fitted
        Chance of up where it is not flat.
    """

    moves: Fitted
    direction: Fitted

    @property
    def has_converged(self) -> bool:
        """Whether the solvers of both reached their solution."""
        return self.moves.has_converged and self.direction.has_converged

    def predict(self, X: Any) -> NDArray[float64]:
        """Predict the chances of down, flat and up, shape (n, 3)."""
        return nest_chances(self.moves.predict(X), self.direction.predict(X))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """List all that the model knows."""
        return {
            f"{prefix}{name}": array
            for prefix, model in ((MOVES, self.moves), (DIRECTION, self.direction))
            for name, array in model.arrays().items()
        }

    @classmethod
    def from_parts(cls, arrays: Arrays, load: Callable[[Mapping[str, NDArray[Any]]], Any]) -> Self:
        """Undo :meth:`arrays`, by how one of the two is loaded."""
        return cls(
            *(
                load({name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)})
                for prefix in (MOVES, DIRECTION)
            )
        )


def split_sample(sample: TrainingSet) -> tuple[TrainingSet, TrainingSet]:
    """Split rows of three classes into the two questions of a nested model.

    Parameters
    ----------
    sample : TrainingSet
        ``y`` is 0 down, 1 flat, 2 up.

    Returns
    -------
    moves : TrainingSet
        All rows: 1 where not flat, and how far it went in ``ret``.
    direction : TrainingSet
        Rows that are not flat: 1 up, 0 down.
    """
    moved = sample.y != FLAT
    moves = TrainingSet(sample.X, moved.astype(int8), np.abs(sample.ret), sample.weight)
    weight = sample.weight[moved]
    ups = (sample.y[moved] // 2).astype(int8)
    return moves, TrainingSet(np.ascontiguousarray(sample.X[moved]), ups, sample.ret[moved], weight / weight.mean())
