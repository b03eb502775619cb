"""Seeded rows with a planted signal, for learners."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Rows(NamedTuple):
    """What :func:`factory.learning.experts.cross_fit` takes, in its order."""

    X: NDArray[Any]
    y: NDArray[Any]
    ret: NDArray[Any]
    weight: NDArray[Any]
    start: NDArray[Any]
    end: NDArray[Any]

    def take(self, chosen: NDArray[Any]) -> "Rows":
        return Rows(*(array[chosen] for array in self))


def planted(n: int = 2_000, columns: int = 3, span: int = 4, seed: int = 0) -> Rows:
    """Rows one step apart whose labels last `span` steps; the first column moves the chance of up."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, columns))
    ret = 0.01 * (0.5 * X[:, 0] + rng.standard_t(5, n))
    start = 1_700_000_000_000 + 60_000 * np.arange(n)
    return Rows(X, (ret >= 0).astype(np.int8), ret, rng.uniform(0.2, 1, n), start, start + 60_000 * span)
