"""Rows in time: one series, one partition."""

from collections.abc import Mapping
from dataclasses import dataclass

from numpy import float64, int64
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Series:
    """One input of a dataset over one stretch of time.

    Every row that the series' calendar expects is there; what the source did
    not hold is NaN in every column, so that row positions are times.

    Parameters
    ----------
    name : str
        How expressions call it.
    kind : str
        ``bars``, ``depth``, ``odds`` or ``values``.
    period : int
        Milliseconds between expected rows.
    delay : int
        Milliseconds from the end of a row's period to its publication.
    time : ndarray of int64, shape (n,)
        Stamp of each row, ms UTC, strictly increasing; for bars their open time.
    known : ndarray of int64, shape (n,)
        When each row became known, ms UTC, never decreasing: for bars
        ``time + period + delay``, for values ``time + delay``.
    columns : mapping of str to ndarray of float64, shape (n,)
        For bars: open, high, low, close, volume, and what else the source has.
    """

    name: str
    kind: str
    period: int
    delay: int
    time: NDArray[int64]
    known: NDArray[int64]
    columns: Mapping[str, NDArray[float64]]

    def __len__(self) -> int:
        return len(self.time)


@dataclass(frozen=True, slots=True)
class Partition:
    """The rows that one part of the split may see.

    Parameters
    ----------
    dataset : str
        Name of the dataset.
    name : str
        ``train`` or ``validation``; ``sealed`` exists only inside the vault.
    start, end : int
        Decisions t satisfy ``start <= t < end``, ms UTC, the gap already taken off.
    series : mapping of str to Series
        Rows from the dataset's first up to, and never at or after, `end`:
        earlier rows are there so that features can warm up.
    fingerprint : str
        Hash of exactly these rows and bounds.
    """

    dataset: str
    name: str
    start: int
    end: int
    series: Mapping[str, Series]
    fingerprint: str
