"""Rows in time: one series, one partition."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy import bool_, float64, int64
from numpy.typing import NDArray

from factory.market.contracts import Contract
from factory.market.pace import Pace
from factory.market.series_kinds import series_kind
from factory.market.sessions import Sessions


@dataclass(frozen=True, slots=True)
class Series:
    """One input of a dataset over one stretch of time.

    Every row that the series' calendar expects is there; what the source did
    not hold is NaN in every column. Without sessions row positions are times.

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
        ``time + period + delay``, or a session's end and the delay where that is sooner; for values ``time + delay``, or when
        their publisher published them.
    columns : mapping of str to ndarray of float64, shape (n,)
        For bars: open, high, low, close, volume, and what else the source has.
    overshoot : float
        Of bars: how far beyond its price a stop fills, as a share of it, measured on train
        (:mod:`factory.market.overshoot`); 0 where nothing was measured.
    sessions : Sessions or None
        When its market trades, from the session of the first row that was built on, whatever rows are here; None of one
        that never closes. Rows are then no equal times apart.
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
    sessions: Sessions | None = None
    least_delay: int | None = None

    def __len__(self) -> int:
        return len(self.time)

    def since(self, first: int) -> "Series":
        """Select the rows stamped at a moment or later."""
        return self.cut(slice(int(np.searchsorted(self.time, first)), None))

    def cut(self, rows: slice) -> "Series":
        """Select consecutive rows."""
        columns = {name: values[rows] for name, values in self.columns.items()}
        return replace(self, time=self.time[rows], known=self.known[rows], columns=columns)

    @property
    def ends(self) -> NDArray[int64]:
        """When all that each row may tell of is over, ms UTC, shape (n,): a session's last bar may be shorter than others."""
        if self.sessions is not None:
            return self.sessions.find_ends(self.time, self.period)
        if self.least_delay is not None:
            return self.known
        return self.time + series_kind(self.kind).extent(self.period, self.delay)

    @property
    def traded(self) -> NDArray[bool_]:
        """Bars whose prices somebody paid, shape (n,): those that are there and, where volume is known, have some."""
        there = ~np.isnan(self.columns["open"])
        return there & (self.columns["volume"] > 0) if "volume" in self.columns else there


def read_at_stamps(series: Series, column: str, times: NDArray[int64]) -> NDArray[float64]:
    """Read the rows stamped at these very moments, NaN where there is none, shape (n,).

    Nothing is carried: the price of one window says nothing of the next.
    """
    rows = np.minimum(np.searchsorted(series.time, times), len(series) - 1)
    return np.where(series.time[rows] == times, series.columns[column][rows], np.nan)


def measure_paces(series: Mapping[str, Series]) -> dict[str, Pace]:
    """Measure how densely bars lie, of each series that has sessions."""
    return {name: one.sessions.measure_pace() for name, one in series.items() if one.sessions is not None}


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
