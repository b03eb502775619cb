"""Rows of calendar months, quarters and years beside rows of equal times: where they stand, and what number each has."""

import numpy as np
from numpy import int64
from numpy.typing import NDArray

from factory.core.times import DAY, MONTHS, count_months, spell_period

Times = NDArray[int64]
NEARLY = 0.9
"""Share of steps from row to row that keep a number of months, from which on rows are taken for months."""


def number_rows(time: Times, period: int) -> Times:
    """Number rows by their stamps, from 1970 on, the same wherever a series begins; of months the month that each is in."""
    months = count_months(period)
    return number_months(time) // months if months else time // period


def number_months(time: Times) -> Times:
    """Number the month that each moment is in, UTC, from 1970 on, shape (n,)."""
    return np.asarray(time.astype("datetime64[ms]").astype("datetime64[M]").astype(int64))


def start_months(number: Times) -> Times:
    """Find the first moments of some months, ms UTC."""
    return np.asarray(number.astype("datetime64[M]").astype("datetime64[ms]").astype(int64))


def find_places(time: Times, at_end: bool) -> Times:
    """Find where the row of each stamp's month stands: on its first day, or on its last."""
    number = number_months(time)
    return start_months(number + 1) - DAY if at_end else start_months(number)


def step_stamps(time: Times, period: int, count: int | Times) -> Times:
    """Move stamps by some rows; of months that stand on their last day, to the last day there."""
    months = count_months(period)
    if not months:
        return np.asarray(time + count * period)
    number = number_months(time)
    at_end = time == start_months(number + 1) - DAY
    moved = number + count * months
    return np.where(at_end, start_months(moved + 1) - DAY, start_months(moved) + time - start_months(number))


def list_stamps(first: int, before: int, period: int) -> Times:
    """List the stamps of rows from one on, ms UTC, that lie before a moment."""
    months = count_months(period)
    if not months:
        return np.arange(first, before, period, dtype=int64)
    begin, end = number_months(np.array([first, max(first, before)], int64))
    stamps = step_stamps(np.full((end - begin) // months + 1, first), period, np.arange((end - begin) // months + 1))
    return stamps[stamps < before]


def detect_months(time: Times) -> tuple[str, float] | None:
    """Find the months from row to row that nearly all rows keep that stand on first or on last days, and the share of steps.

    None where rows are no months.
    """
    stamps = np.unique(time)
    number = number_months(stamps)
    if len(stamps) < 2 or not any((find_places(stamps, at_end) == stamps).all() for at_end in (False, True)):
        return None
    steps = np.diff(number)
    months = int(np.bincount(np.minimum(steps, 13)).argmax())
    share = float(np.mean(steps == months))
    return (spell_period(MONTHS[months] * DAY + 1), share) if months in MONTHS and share >= NEARLY else None
