"""What a sample gives to learn from: how many decisions, how much their labels overlap, and their classes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy import bool_, int64
from numpy.typing import NDArray

from factory.core.times import DAY
from factory.learning.labels import Labels, uniqueness_of


@dataclass(frozen=True, slots=True)
class SampleFigures:
    """A sample in figures.

    Parameters
    ----------
    decisions : int
        Moments at which nothing is missing.
    lost : int
        Moments at which a feature is, which are dropped.
    a_day : float
        Decisions by calendar day.
    mean_distance : float or None
        Milliseconds from one decision to the next; None for fewer than two.
    up, down, flat : int
        Labels by class.
    unlabelled : int
        Decisions whose label needs a bar that is missing, or one beyond the partition.
    overlapping : float or None
        Share of labels that begin before an earlier one has ended; None without labels.
    uniqueness : float or None
        Mean of the labels' average uniqueness (López de Prado 2018, section 4.4); None without labels.
    """

    decisions: int
    lost: int
    a_day: float
    mean_distance: float | None
    up: int
    down: int
    flat: int
    unlabelled: int
    overlapping: float | None
    uniqueness: float | None

    @classmethod
    def read(cls, values: Sequence[float]) -> "SampleFigures":
        """Read figures that were written as numbers, NaN for None."""
        decisions, lost, a_day, apart, up, down, flat, unlabelled, *shares = values
        counts = {"up": int(up), "down": int(down), "flat": int(flat), "unlabelled": int(unlabelled)}
        distance, overlapping, uniqueness = (None if math.isnan(value) else value for value in (apart, *shares))
        return cls(int(decisions), int(lost), a_day, distance, **counts, overlapping=overlapping, uniqueness=uniqueness)


def measure_sample(labels: Labels, present: NDArray[bool_], start: int, end: int) -> SampleFigures:
    """Measure a sample.

    Parameters
    ----------
    labels : Labels
        One a moment, in order of time.
    present : ndarray of bool, shape (n,)
        Where no feature is missing.
    start, end : int
        Bounds of the partition, ms UTC.
    """
    kept = labels.take(present)
    known = kept.take(kept.known)
    return SampleFigures(
        decisions=len(kept),
        lost=len(labels) - len(kept),
        a_day=len(kept) / ((end - start) / DAY),
        mean_distance=float(np.diff(kept.start).mean()) if len(kept) > 1 else None,
        up=int((known.y == 1).sum()),
        down=int((known.y == 0).sum()),
        flat=int(known.flat.sum()),
        unlabelled=len(kept) - len(known),
        overlapping=float(find_overlaps(known.start, known.end).mean()) if len(known) else None,
        uniqueness=float(uniqueness_of(known).mean()) if len(known) else None,
    )


def find_overlaps(start: NDArray[int64], end: NDArray[int64]) -> NDArray[bool_]:
    """Find the labels that begin before an earlier one has ended, shape (n,); `start` never decreasing."""
    latest = np.maximum.accumulate(end)
    return np.concatenate([[False], start[1:] < latest[:-1]]) if len(start) else np.zeros(0, bool_)
