"""Rows as a source gave them, before they are checked and put on the grid."""

from collections.abc import Mapping
from dataclasses import dataclass

from numpy import float64, int64
from numpy.typing import NDArray

BARS = ("open", "high", "low", "close", "volume")


@dataclass(frozen=True)
class Frame:
    """Raw rows of one series.

    Parameters
    ----------
    time : ndarray of int64, shape (n,)
        Stamps, ms UTC, in the order of the source.
    columns : mapping of str to ndarray of float64, shape (n,)
        NaN where a cell is empty.
    files : tuple of (str, int)
        Name of each file read and its first row here, so that a row can be
        named as the person finds it. Empty for drawn rows.
    """

    time: NDArray[int64]
    columns: Mapping[str, NDArray[float64]]
    files: tuple[tuple[str, int], ...] = ()

    def __len__(self) -> int:
        return len(self.time)

    def place(self, row: int) -> str:
        """Where a row stands in its source, such as ``btc.csv row 17`` (data rows from 1)."""
        name, first = next(((n, f) for n, f in reversed(self.files) if f <= row), ("", 0))
        return f"{name} row {row - first + 1}".strip()
