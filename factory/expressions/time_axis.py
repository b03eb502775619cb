"""The rows that values stand on: a series' own, or its completed coarser bars."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from factory.core.times import DAY, HOUR
from factory.expressions.frequency import RowClock
from factory.expressions.kernels import rows as kernels
from factory.expressions.signature import Literals
from factory.market.months import number_rows
from factory.market.series import Series
from factory.market.series_kinds import series_kind
from factory.market.sessions import Sessions

ALWAYS = 2**62
QUARTER = HOUR // 4
"""Exchanges open at quarters of an hour."""
NO_SERIES = ""
"""Name of the clock of rows that are no series'."""

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
    sessions : Sessions or None
        Where the rows are those of a market that closes.
    """

    clock: RowClock
    time: Times
    known: Times
    sessions: Sessions | None = None

    @property
    def phase(self) -> int:
        """Absolute number of the first row: the same bar has the same number wherever a run starts."""
        if not len(self.time):
            return 0
        if self.sessions is None:
            return int(number_rows(self.time[:1], self.clock[0])[0])
        sessions = self.sessions.merge_days() if self.clock[0] >= DAY else self.sessions
        return int(sessions.number_bars(self.time[:1], self.clock[0])[0])

    @property
    def valid(self) -> int:
        """Milliseconds for which a value is carried on from the moment it is known.

        With sessions until the next row is known, however long the market is closed: rows end where it does not open again.
        """
        return self.clock[0] + self.clock[1] if self.sessions is None else ALWAYS

    @property
    def day_time(self) -> Times:
        """Stamps as they lie in their days, each of which begins at a multiple of a day: those of a session are one."""
        return self.time if self.sessions is None else self.sessions.unroll(self.time)


@dataclass(frozen=True, slots=True)
class GatheredBars:
    """Completed bars of a series, each gathered from `size` of its rows.

    A bar that lacks a row is missing as a whole. `sizes` has the rows that each should have.
    """

    series: Series
    rows: TimeAxis
    starts: Times
    sizes: Times

    def column(self, name: str) -> Floats:
        """Aggregate a column's rows over each bar as the kind of the series says, such as to their total."""
        gatherer = _GATHERERS[series_kind(self.series.kind).aggregation(name)]
        out = np.empty(len(self.rows.time))
        kernels.gather(np.ascontiguousarray(self.series.columns[name]), self.starts, self.sizes, gatherer, out)
        return out


def native_rows(series: Series) -> TimeAxis:
    """Return the rows of a series as they are."""
    return TimeAxis((series.period, series.delay, series.name), series.time, series.known, series.sessions)


def even_rows(series: Series) -> TimeAxis:
    """Return rows that never pause, until a series with sessions may go on: for what reads the clock alone."""
    assert series.sessions is not None
    step = min(series.period, QUARTER)
    end = series.known[-1:] + series.sessions.measure_pace().closed + DAY
    time = np.arange(series.time[0], end[0], step) if len(series) else series.time
    return TimeAxis((step, 0, NO_SERIES), time, time + step)


def gather_bars(series: Series, bar_ms: int) -> GatheredBars:
    """Gather rows into bars of `bar_ms` ms, at its multiples since 1970, known when they are over and their last row is.

    Where there are sessions bars are counted from the start of each stretch of trading, and end with it; one of a day is a
    session.

    Parameters
    ----------
    series : Series
    bar_ms : int
        Milliseconds, a multiple of the series' period.
    """
    if series.sessions is not None:
        return _gather_inside(series, series.sessions, bar_ms)
    bar = series.time // bar_ms
    starts = np.flatnonzero(np.diff(bar, prepend=bar[:1] - 1)).astype(np.int64)
    time = bar[starts] * bar_ms
    ends = np.append(starts, len(series))
    # The last row of a bar reaches past it where rows do not stand at multiples of their period, as weeks from Monday.
    known = np.maximum(time + bar_ms + series.delay, series.known[ends[1:] - 1])
    sizes = np.full(len(starts), bar_ms // series.period, np.int64)
    return GatheredBars(series, TimeAxis((bar_ms, series.delay, series.name), time, known), ends, sizes)


def _gather_inside(series: Series, sessions: Sessions, bar_ms: int) -> GatheredBars:
    """Gather the rows of a series with sessions."""
    stretches = sessions.merge_days() if bar_ms >= DAY else sessions
    bar = stretches.number_bars(series.time, bar_ms)
    starts = np.flatnonzero(np.diff(bar, prepend=bar[:1] - 1)).astype(np.int64)
    first = series.time[starts]
    opened = stretches.start[stretches.find_stretches(first)]
    time = opened if bar_ms >= DAY else opened + (first - opened) // bar_ms * bar_ms
    over = stretches.find_ends(time, bar_ms)
    ends = np.append(starts, len(series)).astype(np.int64)
    known = np.maximum(over + series.delay, series.known[ends[1:] - 1])
    # Bars of a day may lie about a break, in which no row is.
    sizes = sessions.number_bars(over - 1, series.period) - sessions.number_bars(time, series.period) + 1
    return GatheredBars(series, TimeAxis((bar_ms, series.delay, series.name), time, known, sessions), ends, sizes)


Compute = Callable[[tuple[Floats, ...], Literals, TimeAxis], Floats]
"""Columns in order, literals in order, rows -> one column on the same rows."""
