"""When a market trades: stretches of trading between nights, week-ends, holidays and breaks, and the bars in them."""

from dataclasses import dataclass

import numpy as np
from numpy import bool_, int64
from numpy.typing import NDArray

from factory.core.times import DAY
from factory.market.pace import Pace

Times = NDArray[int64]


@dataclass(frozen=True, slots=True)
class Sessions:
    """Stretches of trading in order; a session with a lunch break has two, of daily bars one.

    Bars are counted from the start of each stretch, the last of it ends with it, and of bars of a day each stretch is one.

    Parameters
    ----------
    day : ndarray of int64, shape (m,)
        The date that the exchange gives the session, as midnight, ms UTC.
    start, end : ndarray of int64, shape (m,)
        Bounds of the stretch, ms UTC, `end` excluded.
    """

    day: Times
    start: Times
    end: Times

    def __len__(self) -> int:
        return len(self.start)

    def between(self, first: int, before: int) -> "Sessions":
        """Select the sessions, whole ones, that end after a moment and begin before another."""
        low = int(np.searchsorted(self.end, first, side="right"))
        low = int(np.searchsorted(self.day, self.day[low])) if low < len(self) else low
        return Sessions(self.day[low:], self.start[low:], self.end[low:]).before(before)

    def before(self, end: int) -> "Sessions":
        """Select the sessions, whole ones, that begin before a moment."""
        high = int(np.searchsorted(self.start, end))
        high = int(np.searchsorted(self.day, self.day[high - 1], side="right")) if high else 0
        return Sessions(self.day[:high], self.start[:high], self.end[:high])

    def find_stretches(self, time: Times) -> Times:
        """Find the stretch that last began at or before each moment, -1 for none, shape (n,)."""
        stretch: Times = np.searchsorted(self.start, time, side="right") - 1
        return stretch

    def contain(self, time: Times) -> NDArray[bool_]:
        """Check whether each moment lies in a stretch, shape (n,)."""
        if not len(self):
            return np.zeros(len(time), bool)
        stretch = self.find_stretches(time)
        return np.asarray((stretch >= 0) & (time < self.end[stretch]))

    def expect(self, time: Times, period: int) -> NDArray[bool_]:
        """Check whether a bar is expected to begin at each moment, shape (n,)."""
        if not len(self):
            return np.zeros(len(time), bool)
        away = time - self.start[self.find_stretches(time)]
        return np.asarray(self.contain(time) & ((away == 0) if period >= DAY else (away % period == 0)))

    def count_bars(self, period: int) -> Times:
        """Count the bars of each stretch, shape (m,)."""
        return np.asarray(np.ones(len(self), int64) if period >= DAY else -(-(self.end - self.start) // period))

    def number_bars(self, time: Times, period: int) -> Times:
        """Number bars by their openings, from the first of all on; of a moment between openings the bar it lies in."""
        counts = self.count_bars(period)
        stretch = self.find_stretches(time)
        place = np.minimum((time - self.start[stretch]) // period, counts[stretch] - 1)
        return np.asarray((np.cumsum(counts) - counts)[stretch] + place)

    def list_bars(self, period: int) -> Times:
        """List the openings of all bars, ms UTC."""
        counts = self.count_bars(period)
        before = np.repeat(np.cumsum(counts) - counts, counts)
        return np.repeat(self.start, counts) + (np.arange(len(before)) - before) * period

    def find_last_bars(self, period: int) -> Times:
        """Find the opening of the last bar of each stretch, ms UTC, shape (m,)."""
        return self.start + (self.count_bars(period) - 1) * period

    def find_ends(self, time: Times, period: int) -> Times:
        """Find the end of the bar that begins at each moment, shape (n,)."""
        ends = self.end[self.find_stretches(time)]
        return ends if period >= DAY else np.minimum(time + period, ends)

    def merge_days(self) -> "Sessions":
        """Make one stretch of each session, breaks included."""
        first = np.flatnonzero(np.diff(self.day, prepend=-DAY - 1))
        last = np.append(first[1:], len(self)) - 1
        return Sessions(self.day[first], self.start[first], self.end[last])

    def merge_adjoining(self) -> "Sessions":
        """Make one stretch of those between which no time passes, named after the first."""
        first = np.flatnonzero(np.append(True, self.start[1:] != self.end[:-1]))
        last = np.append(first[1:], len(self)) - 1
        return Sessions(self.day[first], self.start[first], self.end[last])

    def fit(self, time: Times, span: int) -> NDArray[bool_]:
        """Check whether trading goes on without a pause from each moment for so many ms, shape (n,)."""
        whole = self.merge_adjoining()
        return whole.contain(time) & (time + span <= whole.end[whole.find_stretches(time)])

    def tick(self, every: int, first: int, before: int) -> Times:
        """List moments of a clock in [first, before), ms UTC: counted from the start of each stretch.

        Of a day or more, the starts of sessions: of the first in each span of that length, counted from 1970.
        """
        if every >= DAY:
            days = self.merge_days()
            span = days.day // every
            times = days.start[np.diff(span, prepend=span[:1] - 1) > 0]
        else:
            times = self.list_bars(every)
        return times[(times >= first) & (times < before)]

    def unroll(self, time: Times) -> Times:
        """Move the stamps of each session to a day of its own, from its midnight on, in order, shape (n,)."""
        days = self.merge_days()
        session = days.find_stretches(time)
        return session * DAY + time - days.start[session]

    def measure_pace(self) -> Pace:
        """Measure how densely bars lie."""
        days = self.merge_days()
        passed = int(days.start[-1] - days.start[0]) / (len(days) - 1) if len(days) > 1 else float(DAY)
        closed = int(np.max(self.start[1:] - self.end[:-1], initial=0))
        return Pace(passed, float(np.sum(self.end - self.start)) / max(1, len(days)), closed)

    def pack(self) -> Times:
        """Pack the stretches into one array, shape (m, 3); :meth:`unpack` reads it."""
        return np.column_stack([self.day, self.start, self.end])

    @classmethod
    def unpack(cls, rows: Times) -> "Sessions":
        """Read stretches that were packed."""
        return cls(*(np.ascontiguousarray(column) for column in rows.T))
