"""Rows as a source gave them, before they are checked and put on the grid."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from numpy import bool_, float64, int64
from numpy.typing import NDArray


@dataclass(frozen=True)
class RawRows:
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
    turned : frozenset of str
        Files whose rows, newest first, were turned round.
    notes : tuple of str
        What a person should know of how the files were read.
    moved : ndarray of bool, shape (n,), or None
        Rows whose stamp was moved onto the grid.
    above : mapping of str to int
        Lines above the first row, of the files of text in which each row has a line of its own.
    """

    time: NDArray[int64]
    columns: Mapping[str, NDArray[float64]]
    files: tuple[tuple[str, int], ...] = ()
    turned: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()
    moved: NDArray[bool_] | None = None
    above: Mapping[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.time)

    def place(self, row: int) -> str:
        """Say where a row stands in its source, such as ``btc.csv row 17 (line 18)`` (data rows from 1).

        The line is told where it is known, and another number than the row's.
        """
        at = next((at for at in reversed(range(len(self.files))) if self.files[at][1] <= row), None)
        if at is None:
            return f"row {row + 1}"
        name, first = self.files[at]
        end = self.files[at + 1][1] if at + 1 < len(self.files) else len(self)
        number = end - row if name in self.turned else row - first + 1
        above = self.above.get(name, 0)
        return f"{name} row {number} (line {above + number})" if above else f"{name} row {number}"
