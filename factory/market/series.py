"""Rows in time: one series, one partition."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy import bool_, float64, int64
from numpy.typing import NDArray

from factory.market.contracts import Contract


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
        Milliseconds from the end of a row's period to its publication.
    time : ndarray of int64, shape (n,)
        Stamp of each row, ms UTC, strictly increasing; for bars their open time.
    known : ndarray of int64, shape (n,)
        When each row became known, ms UTC, never decreasing: for bars
        ``time + period + delay``, for values ``time + delay``.
    columns : mapping of str to ndarray of float64, shape (n,)
        For bars: open, high, low, close, volume, and what else the source has.
    overshoot : float
        Of bars: how far beyond its price a stop fills, as a share of it, measured on train
        (:mod:`factory.market.overshoot`); 0 where nothing was measured.
    """

    name: str
    kind: str
    period: int
    delay: int
    time: NDArray[int64]
    known: NDArray[int64]
    columns: Mapping[str, NDArray[float64]]
    overshoot: float = 0.0

    def __len__(self) -> int:
        return len(self.time)

    def since(self, first: int) -> "Series":
        """Select the rows stamped at a moment or later."""
        rows = slice(int(np.searchsorted(self.time, first)), None)
        columns = {name: values[rows] for name, values in self.columns.items()}
        return replace(self, time=self.time[rows], known=self.known[rows], columns=columns)

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
        Hash of exactly these rows and bounds, and of what settles windows if other rows than their bars do.
    contracts : mapping of str to Contract
        What is traded on them, which says what settles a label.
    """

    dataset: str
    name: str
    start: int
    end: int
    series: Mapping[str, Series]
    fingerprint: str
    contracts: Mapping[str, Contract] = field(default_factory=dict)
