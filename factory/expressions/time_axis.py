"""The rows that values stand on: a series' own, or its completed coarser bars."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from factory.expressions.frequency import RowClock
from factory.expressions.kernels import rows as kernels
from factory.expressions.signature import Literals
from factory.market.series import Series
from factory.market.series_kinds import series_kind

Floats = NDArray[np.float64]
Times = NDArray[np.int64]

_GATHERERS = {
    "first": kernels.FIRST,
    "last": kernels.LAST,
    "greatest": kernels.GREATEST,
    "least": kernels.LEAST,
    "total": kernels.TOTAL,
}


@dataclass(frozen=True, slots=True)
class TimeAxis:
    """Stamps of the rows of one clock.

    Parameters
    ----------
    clock : Clock
        Period and delay in ms, and the series.
    time, known : ndarray of int64, shape (n,)
        When each row starts and when it is known, ms UTC.
    """

    clock: RowClock
    time: Times
    known: Times

    @property
    def phase(self) -> int:
        """Absolute number of the first row: the same bar has the same number wherever a run starts."""
        return int(self.time[0]) // self.clock[0] if len(self.time) else 0

    @property
    def valid(self) -> int:
        """Milliseconds for which a value is carried on from the moment it is known."""
        return self.clock[0] + self.clock[1]


@dataclass(frozen=True, slots=True)
class GatheredBars:
    """Completed bars of a series, each gathered from `size` of its rows.

    A bar that lacks a row is missing as a whole.
    """

    series: Series
    rows: TimeAxis
    starts: Times
    size: int

    def column(self, name: str) -> Floats:
        """Aggregate a column's rows over each bar as the kind of the series says, such as to their total."""
        gatherer = _GATHERERS[series_kind(self.series.kind).aggregation(name)]
        out = np.empty(len(self.rows.time))
        kernels.gather(np.ascontiguousarray(self.series.columns[name]), self.starts, self.size, gatherer, out)
        return out


def native_rows(series: Series) -> TimeAxis:
    """Return the rows of a series as they are."""
    return TimeAxis((series.period, series.delay, series.name), series.time, series.known)


def gather_bars(series: Series, bar_ms: int) -> GatheredBars:
    """Gather rows into bars of `bar_ms` ms, at its multiples since 1970, known when they are over and their last row is.

    Parameters
    ----------
    series : Series
    bar_ms : int
        Milliseconds, a multiple of the series' period.
    """
    bar = series.time // bar_ms
    starts = np.flatnonzero(np.diff(bar, prepend=bar[:1] - 1)).astype(np.int64)
    time = bar[starts] * bar_ms
    ends = np.append(starts, len(series))
    # The last row of a bar reaches past it where rows do not stand at multiples of their period, as weeks from Monday.
    known = np.maximum(time + bar_ms + series.delay, series.known[ends[1:] - 1])
    return GatheredBars(series, TimeAxis((bar_ms, series.delay, series.name), time, known), ends, bar_ms // series.period)


Compute = Callable[[tuple[Floats, ...], Literals, TimeAxis], Floats]
"""Columns in order, literals in order, rows -> one column on the same rows."""
