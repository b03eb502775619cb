"""An oracle: another's way to the same number, the inputs on which both are asked, and how far apart they may be."""

from collections.abc import Callable
from math import isfinite
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

SEEDS = st.integers(0, 2**32 - 1)


class Oracle(NamedTuple):
    """Both `function` and `expected` are called with a draw of `inputs`; `against` names where `expected` comes from.

    `ask` calls the function where it takes another shape of the same inputs.
    """

    function: Callable[..., Any]
    against: str
    inputs: SearchStrategy[tuple[Any, ...]]
    expected: Callable[..., Any]
    tolerance: float = 1e-9
    ask: Callable[..., Any] | None = None

    @property
    def name(self) -> str:
        return f"{self.function.__module__.rpartition('.')[2]}.{self.function.__name__}"

    def differs(self, given: tuple[Any, ...]) -> float:
        """By how much both answers differ."""
        return difference((self.ask or self.function)(*given), self.expected(*given))


def difference(actual: Any, expected: Any) -> float:
    """Greatest difference of two answers, relative to values above 1; endless where one lacks what the other has, or is NaN."""
    if actual is None or expected is None:
        return 0.0 if actual is expected else float("inf")
    if isinstance(expected, tuple | list):
        if len(actual) != len(expected):
            return float("inf")
        return max((difference(one, other) for one, other in zip(actual, expected, strict=True)), default=0.0)
    actual, expected = np.asarray(actual), np.asarray(expected)
    if actual.shape != expected.shape:
        return float("inf")
    if not actual.size:
        return 0.0
    actual, expected = actual.astype(float), expected.astype(float)
    with np.errstate(invalid="ignore"):
        apart = np.where(actual == expected, 0.0, np.abs(actual - expected) / np.maximum(1, np.abs(expected)))
    greatest = float(apart.max())
    return greatest if isfinite(greatest) else float("inf")


def drawn(kind: str, seed: int, shape: int | tuple[int, ...]) -> np.ndarray:
    """Payoffs of one shape."""
    rng = np.random.default_rng(seed)
    if kind == "normal":
        return rng.normal(0.05, 1, shape)
    if kind == "fat tails":
        return np.asarray(rng.standard_t(2, shape))
    if kind == "ties":
        return np.asarray(rng.integers(-2, 3, shape), float)
    if kind == "rare losses":
        return np.where(rng.random(shape) < 0.95, 0.1, -3.0)
    if kind == "great and small":
        return np.asarray(rng.normal(size=shape) * 10.0 ** rng.integers(-6, 4, shape))
    return np.cumsum(rng.normal(size=shape), axis=0)


KINDS = st.sampled_from(["normal", "fat tails", "ties", "rare losses", "great and small", "walk"])


def series(least: int, most: int) -> SearchStrategy[np.ndarray]:
    """Series of payoffs of any shape, scale and length, among them constant ones and ones with few distinct values."""
    lengths = st.integers(least, most)
    shaped = st.builds(
        lambda kind, seed, n, scale: drawn(kind, seed, n) * scale, KINDS, SEEDS, lengths, st.sampled_from([1e-4, 1.0, 1e3])
    )
    constant = st.builds(lambda value, n: np.full(n, value), st.sampled_from([0.0, 0.1, -0.3, 1000.1]), lengths)
    listed = st.lists(st.floats(-2, 2, width=16), min_size=least, max_size=min(most, least + 10)).map(np.array)
    return st.one_of(shaped, shaped, shaped, constant, listed)


def varying(values: np.ndarray) -> bool:
    return bool(np.ptp(values) > 0)


def table(rows: tuple[int, int], columns: tuple[int, int]) -> SearchStrategy[np.ndarray]:
    """Matrices of payoffs, one trial a column."""
    return st.builds(
        lambda kind, seed, n, k: drawn(kind, seed, (n, k)), KINDS, SEEDS, st.integers(*rows), st.integers(*columns)
    )
