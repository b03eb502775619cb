"""Recorded funding: the stamps at which a rate was recorded, and those at which one was due and none was recorded.

Exchanges pay at intervals that change between 8, 4 and 1 hours, so that a series of them has the finest as its period and no
row at most of its places: there nothing was due. What is due is told by the intervals around it alone.
"""

from typing import NamedTuple

import numpy as np
from numpy import float64, int64
from numpy.typing import NDArray

from factory.core.times import HOUR, iso
from factory.market.series import Series

LONGEST = 8 * HOUR
"""No interval between payments is longer, ms."""


class Record(NamedTuple):
    """What is recorded of funding, and what is not.

    Parameters
    ----------
    time : ndarray of int64, shape (n,)
        Stamps that have a rate, ms UTC.
    rate : ndarray of float64, shape (n,)
        What a long paid and a short received, as a share of notional.
    missed : ndarray of int64, shape (m,)
        Stamps at which a payment was due and no rate was recorded.
    """

    time: NDArray[int64]
    rate: NDArray[float64]
    missed: NDArray[int64]

    def coverage(self, first: int, last: int) -> float:
        """Compute the share of the payments due in [first, last) whose rate is recorded."""
        recorded, missed = (int(np.sum((one >= first) & (one < last))) for one in (self.time, self.missed))
        return recorded / max(recorded + missed, 1)


def warn_of_missed(name: str, record: Record) -> str | None:
    """Warn the person who builds of payments that were due and are not recorded; sealed ones go to nobody else."""
    if not len(record.missed):
        return None
    count, first = len(record.missed), iso(int(record.missed[0]))
    due = "payment of funding was" if count == 1 else "payments of funding were"
    return f"series.{name}: {count} {due} due and not recorded, first {first}; there each side pays the greatest rate recorded"


def read_record(series: Series, column: str, first: int, last: int) -> Record:
    """Read the rates of a column that are stamped before `last`, and what is missing of them in [first, last)."""
    values = series.columns[column]
    there = np.flatnonzero(np.isfinite(values) & (series.time < last))
    time = series.time[there]
    return Record(time, values[there], find_missed(time, first, last))


def find_missed(time: NDArray[int64], first: int, last: int) -> NDArray[int64]:
    """Find the stamps in [first, last) at which a payment was due and is not among some.

    A step from stamp to stamp that is longer than both beside it, or than :data:`LONGEST`, is a hole: at a change of interval
    it would be as long as one of them. It is filled at the shorter of both, as are the times before the first stamp and
    after the last.

    Parameters
    ----------
    time : ndarray of int64, shape (n,)
        Recorded stamps, increasing.
    """
    if not len(time):
        return np.arange(-(-first // LONGEST) * LONGEST, last, LONGEST, dtype=int64)
    steps = np.diff(time)
    before = np.concatenate([steps[1:2], steps[:-1]]) if len(steps) > 1 else np.full(len(steps), LONGEST)
    after = np.concatenate([steps[1:], steps[-2:-1]]) if len(steps) > 1 else before
    shorter = np.minimum(np.minimum(before, after), LONGEST)
    holes = np.flatnonzero(steps > np.minimum(np.maximum(before, after), LONGEST))
    early, late = (min(int(step), LONGEST) for step in (steps[0], steps[-1])) if len(steps) else (LONGEST, LONGEST)
    missed = [
        np.arange(int(time[0]) - early, first - 1, -early, dtype=int64)[::-1],
        *(np.arange(time[hole] + shorter[hole], time[hole + 1], shorter[hole], dtype=int64) for hole in holes.tolist()),
        np.arange(int(time[-1]) + late, last, late, dtype=int64),
    ]
    due = np.concatenate(missed)
    return due[(due >= first) & (due < last)]
