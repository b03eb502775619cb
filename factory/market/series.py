"""Rows in time: one series, one partition."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy import bool_, float64, int64
from numpy.typing import NDArray

from factory.market.series_kinds import series_kind


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
        One of :data:`~factory.market.series_kinds.SERIES_KINDS`.
    period : int
        Milliseconds between expected rows.
    delay : int
        Milliseconds from the end of a row's period to its publication; where rows differ, the most.
    time : ndarray of int64, shape (n,)
        Stamp of each row, ms UTC, strictly increasing; for bars their open time.
    known : ndarray of int64, shape (n,)
        When each row became known, ms UTC, never decreasing: for bars
        ``time + period + delay``, for values ``time + delay``, or when their publisher published them.
    columns : mapping of str to ndarray of float64, shape (n,)
        For bars: open, high, low, close, volume, and what else the source has.
    overshoot : float
        Of bars: how far beyond its price a stop fills, as a share of it, measured on train
        (:mod:`factory.market.overshoot`); 0 where nothing was measured.
    least_delay : int or None
        The least delay, where rows have delays of their own; None where all have `delay`.
    """

    name: str
    kind: str
    period: int
    delay: int
    time: NDArray[int64]
    known: NDArray[int64]
    columns: Mapping[str, NDArray[float64]]
    overshoot: float = 0.0
    least_delay: int | None = None

    def __len__(self) -> int:
        return len(self.time)

    def since(self, first: int) -> "Series":
        """Select the rows stamped at a moment or later."""
        rows = slice(int(np.searchsorted(self.time, first)), None)
        columns = {name: values[rows] for name, values in self.columns.items()}
        return replace(self, time=self.time[rows], known=self.known[rows], columns=columns)

    @property
    def ends(self) -> NDArray[int64]:
        """When all that each row may tell of is over, ms UTC, shape (n,)."""
        if self.least_delay is not None:
            return self.known
        return self.time + series_kind(self.kind).extent(self.period, self.delay)

    @property
    def traded(self) -> NDArray[bool_]:
        """Bars whose prices somebody paid, shape (n,): those that are there and, where volume is known, have some."""
        there = ~np.isnan(self.columns["open"])
        return there & (self.columns["volume"] > 0) if "volume" in self.columns else there


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
        Rows up to, and never at or after, `end`. Those before `start` are there so that features can warm up: of the
        partition before, and of train those that the source has from before the split.
    fingerprint : str
        Hash of exactly these rows and bounds.
    """

    dataset: str
    name: str
    start: int
    end: int
    series: Mapping[str, Series]
    fingerprint: str
