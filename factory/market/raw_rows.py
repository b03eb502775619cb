"""Rows as a source gave them, before they are checked and put on the grid."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

import numpy as np
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
    known : ndarray of int64, shape (n,), or None
        When each row was published, ms UTC; None where all rows are a fixed time after their stamps.
    joints : tuple of (int, str)
        Stamps from which rows are those of another key of the source, and which.
    """

    time: NDArray[int64]
    columns: Mapping[str, NDArray[float64]]
    files: tuple[tuple[str, int], ...] = ()
    turned: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()
    moved: NDArray[bool_] | None = None
    above: Mapping[str, int] = field(default_factory=dict)
    known: NDArray[int64] | None = None
    joints: tuple[tuple[int, str], ...] = ()

    def __len__(self) -> int:
        return len(self.time)

    def take(self, rows: NDArray[int64] | NDArray[bool_] | slice) -> "RawRows":
        """Select rows, which are then in no file."""
        known = None if self.known is None else self.known[rows]
        columns = {name: values[rows] for name, values in self.columns.items()}
        return RawRows(self.time[rows], columns, known=known, joints=self.joints)

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


def join_rows(frames: Sequence[RawRows]) -> RawRows:
    """Join rows of the same columns, one frame after the other."""
    if len(frames) == 1:
        return frames[0]
    starts = np.cumsum([0, *(len(frame) for frame in frames)])
    published = [frame.known for frame in frames if frame.known is not None]
    return RawRows(
        np.concatenate([frame.time for frame in frames]),
        {name: np.concatenate([frame.columns[name] for frame in frames]) for name in frames[0].columns},
        tuple((name, at + int(start)) for frame, start in zip(frames, starts, strict=False) for name, at in frame.files),
        frozenset().union(*(frame.turned for frame in frames)),
        tuple(chain(*(frame.notes for frame in frames))),
        above={name: lines for frame in frames for name, lines in frame.above.items()},
        known=np.concatenate(published) if published else None,
        joints=tuple(chain(*(frame.joints for frame in frames))),
    )
