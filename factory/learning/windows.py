"""Windows of rows of an order book, cut from it only when a batch of them is read."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy import float32, float64, int8, int64
from numpy.typing import NDArray

from factory.core.errors import FlowError
from factory.core.progress import Progress
from factory.expressions.kernels import apply_kernel
from factory.expressions.kernels.windows import VAR, ZSCORE, moments


@dataclass(frozen=True, slots=True)
class Windows:
    """Windows of a book's last rows: what a network is given in place of a feature matrix.

    The rows are kept once however much the windows overlap, and however they are chosen from.

    Parameters
    ----------
    values : ndarray of float32, shape (T, k)
        All rows of the book in order of time; no missing value inside a window.
    ends : ndarray of int64, shape (n,)
        Position one past the last row of each window.
    steps : int
        Rows of a window.

    Raises
    ------
    FlowError
        If a window begins before the first row or ends after the last.
    """

    values: NDArray[float32]
    ends: NDArray[int64]
    steps: int

    def __post_init__(self) -> None:
        outside = int(((self.ends < self.steps) | (self.ends > len(self.values))).sum())
        if outside:
            raise FlowError(
                f"sample: {outside} of {len(self.ends)} windows of {self.steps} rows leave the book's {len(self.values)}; "
                "decide later, or look back on fewer steps"
            )

    def __len__(self) -> int:
        return len(self.ends)

    def take(self, chosen: NDArray[Any]) -> "Windows":
        """Choose windows by mask or position."""
        return Windows(self.values, self.ends[chosen], self.steps)

    def batch(self, positions: NDArray[int64]) -> NDArray[float32]:
        """Cut windows out of the book, shape (b, steps, k), oldest row first."""
        windows: NDArray[float32] = self.values[self.ends[positions][:, None] + np.arange(-self.steps, 0)]
        return windows


@dataclass(frozen=True, slots=True)
class WindowSet:
    """What a network is fitted on.

    Parameters
    ----------
    X : Windows
        One a row.
    y : ndarray of int8, shape (n,)
        Class of each row: 0 down, 1 up; of three classes 0 down, 1 flat, 2 up.
    weight : ndarray of float64, shape (n,)
        Positive, mean 1.
    start, end : ndarray of int64, shape (n,)
        Label intervals, ms UTC, `start` never decreasing.
    classes : int
        2 or 3.
    progress : Progress
        Told after each step of an epoch.
    checkpoints : Path or None
        Folder that keeps the training after each epoch, and is gone on from where it holds one.
    """

    X: Windows
    y: NDArray[int8]
    weight: NDArray[float64]
    start: NDArray[int64]
    end: NDArray[int64]
    classes: int
    progress: Progress
    checkpoints: Path | None


def rolling_zscore(values: NDArray[Any], window: int, first: int = 0) -> NDArray[float32]:
    """Standardise each column by its own last rows, the present one among them and none after it.

    DeepLOB standardises by the days before (Zhang, Zohren and Roberts 2019, section III); a window of rows does it on any book.

    Parameters
    ----------
    values : ndarray, shape (T, k)
        Missing as NaN.
    window : int
        Rows that mean and deviation (n - 1) are taken of, at least 2.
    first : int
        Absolute number of the first row: so a part of the rows, with `window` - 1 rows before it, gets the same bits.

    Returns
    -------
    ndarray of float32, shape (T, k)
        Computed in float64. NaN where the window is not whole; 0 where nothing in it moved.
    """
    out = np.empty(values.shape, float32)
    for column, target in zip(values.T, out.T, strict=True):
        x = np.ascontiguousarray(column, float64)
        z = apply_kernel(moments, x, window, first, ZSCORE, 0.0)
        z[apply_kernel(moments, x, window, first, VAR, 0.0) == 0] = 0.0
        target[:] = z
    return out
