"""Chances of two classes, shape (n,): that of up; or of three, shape (n, 3): those of down, flat and up."""

import numpy as np
from numpy import float64
from numpy.typing import NDArray


def nest_chances(moves: NDArray[float64], up: NDArray[float64]) -> NDArray[float64]:
    """Compute chances of three classes, from that of a move and that of up if it moves; shape (n, 3)."""
    return np.column_stack([moves * (1 - up), 1 - moves, moves * up])


def direction_chance(chances: NDArray[float64]) -> NDArray[float64]:
    """Compute the chance of up among up and down, shape (n,); one half where neither has any."""
    if chances.ndim == 1:
        return chances
    moves = move_chance(chances)
    return np.asarray(np.divide(chances[:, 2], moves, out=np.full(len(chances), 0.5), where=moves > 0))


def move_chance(chances: NDArray[float64]) -> NDArray[float64]:
    """Compute the chance that the outcome is not flat, shape (n,): 1 of two classes."""
    return np.ones(len(chances)) if chances.ndim == 1 else np.asarray(chances[:, 0] + chances[:, 2])
