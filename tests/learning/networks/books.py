"""Seeded order books in which the imbalance of the best level decides the next move."""

from typing import Any, NamedTuple

import numpy as np

from factory.core.progress import Progress, no_progress
from factory.learning.windows import Windows, WindowSet

SECOND = 1_000


class Book(NamedTuple):
    """What :func:`factory.learning.experts.cross_fit` takes, in its order."""

    X: Windows
    y: Any
    ret: Any
    weight: Any
    start: Any
    end: Any

    def take(self, chosen: Any) -> "Book":
        return Book(self.X.take(chosen), *(array[chosen] for array in self[1:]))

    def sample(self, classes: int = 2, progress: Progress = no_progress, checkpoints: Any = None) -> WindowSet:
        """As a network is given it."""
        return WindowSet(self.X, self.y, self.weight / self.weight.mean(), self.start, self.end, classes, progress, checkpoints)


def planted(n: int = 600, levels: int = 2, steps: int = 10, classes: int = 2, span: int = 3, seed: int = 0) -> Book:
    """Decisions one row apart whose labels last `span` rows; where the last row has more bid than asked, the next move is up."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n + steps, 4 * levels)).astype(np.float32)
    ends = np.arange(steps, n + steps)
    imbalance = values[ends - 1, 3] - values[ends - 1, 1]
    ret = 0.01 * (imbalance + 0.1 * rng.normal(size=n))
    edges = [0.0] if classes == 2 else [-0.006, 0.006]
    start = 1_700_000_000_000 + SECOND * ends
    y = np.digitize(ret, edges).astype(np.int8)
    return Book(Windows(values, ends, steps), y, ret, rng.uniform(0.2, 1, n), start, start + span * SECOND)
