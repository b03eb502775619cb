"""Rows in their places: every stamp that the calendar expects, absent ones missing."""

from dataclasses import replace
from math import gcd

import numpy as np
from numpy import bool_, float64, int64
from numpy.typing import NDArray

from factory.core.errors import DataError
from factory.core.times import DAY, MINUTE, count_months, iso, to_duration
from factory.market.months import find_places, list_stamps, number_months, number_rows, start_months, step_stamps
from factory.market.raw_rows import RawRows
from factory.market.series import Series
from factory.market.series_kinds import series_kind
from factory.market.series_spec import SeriesSpec
from factory.market.sessions import Sessions

MOST_JITTER, JITTER_SHARE = 1_000, 100
"""A stamp is moved onto its place from within a second, and a hundredth of the period."""
LATE_SHARE = 4
"""Bars whose stamps all stand late by up to a quarter of their period are taken for those that began there."""


def tolerance(spec: SeriesSpec) -> int:
    """Compute the milliseconds by which a stamp may miss its place and still be moved onto it."""
    return min(MOST_JITTER, spec.period_ms // JITTER_SHARE)


def find_remainder(spec: SeriesSpec, time: NDArray[int64]) -> int:
    """Find the remainder of the stamps by the period that most rows have, however the first may stand.

    Where no remainder is that of most, as stamps that miss their place by some milliseconds each, it is the second that
    most are nearest to. Bars that divide a day stand at its multiples, UTC, if most do within :func:`tolerance`.
    """
    if not len(time):
        return 0
    if months := count_months(spec.period_ms):
        return _find_months(time, months)
    rest = time % spec.period_ms
    most, share = _mode(rest)
    if share <= 0.5:
        most, _ = _mode((rest + MOST_JITTER // 2) // MOST_JITTER * MOST_JITTER % spec.period_ms)
        return 0 if _divides_day(spec) and most <= tolerance(spec) else most
    return 0 if _divides_day(spec) and 0 < most <= tolerance(spec) else most


def align_stamps(name: str, spec: SeriesSpec, frame: RawRows) -> tuple[RawRows, int, int]:
    """Move stamps that miss their place a little onto it; those further off stay, to be set aside and named.

    Sessions begin at whole minutes, from which their bars are counted.

    Returns
    -------
    frame : RawRows
        The rows.
    remainder : int
        Of the expected stamps by the period.
    late : int
        Milliseconds that all bars stood late: they count as known that much later.

    Raises
    ------
    DataError
        If most bars stand elsewhere than where bars begin.
    """
    if spec.calendar is not None:
        spec = spec.model_copy(update={"period": to_duration(gcd(spec.period_ms, MINUTE))})
    period, most = spec.period_ms, find_remainder(spec, frame.time)
    if count_months(period):
        _refuse_unfinished(name, spec, frame)
        return frame, most, 0
    off = (frame.time - most + period // 2) % period - period // 2
    moved = (off != 0) & (np.abs(off) <= tolerance(spec))
    time, late = np.where(moved, frame.time - off, frame.time) if moved.any() else frame.time, 0
    if most and _divides_day(spec):
        if most * LATE_SHARE > period:
            row = frame.place(int(np.argmax(off == 0)))
            raise DataError(
                f"series.{name}: most rows, such as {row}, are stamped {to_duration(most)} after a multiple of {spec.period}; "
                f"{spec.kind} are stamped at their open: name the column that holds it with source: {{time: ...}}"
            )
        time, late, most = time - most, most, 0
    notes = frame.notes
    if late:
        after = to_duration(late)
        notes += (
            f"{spec.kind} stamped {after} late: each is that of the {spec.period} before its stamp, and known {after} later",
        )
    return replace(frame, time=time, moved=moved if moved.any() else None, notes=notes), most, late


def is_off_grid(spec: SeriesSpec, time: NDArray[int64], remainder: int) -> NDArray[bool_]:
    """Check of each stamp that it is none at which a row is expected, shape (n,)."""
    months = count_months(spec.period_ms)
    if not months:
        return np.asarray(time % spec.period_ms != remainder)
    place, at_end = divmod(remainder, 2)
    return np.asarray((number_months(time) % months != place) | (time != find_places(time, bool(at_end))))


def _find_months(time: NDArray[int64], months: int) -> int:
    """Find which of some months have a row, twice its number, and one more where rows stand on the last day."""
    at_end = int(np.sum(find_places(time, True) == time) > np.sum(find_places(time, False) == time))
    return 2 * _mode(number_months(time) % months)[0] + at_end


def _refuse_unfinished(name: str, spec: SeriesSpec, frame: RawRows) -> None:
    """Refuse months that would be known before they are over, unless the source says when.

    Those that stand on their first day are over when the next ones begin, those on their last day when that ends.
    """
    if spec.has_vintages or not len(frame):
        return
    known = spec.published.find_moments(frame.time) if spec.published else frame.time + spec.delay_ms
    begun = find_places(frame.time, False) == frame.time
    ended = find_places(frame.time, True) == frame.time
    over = np.where(begun, step_stamps(frame.time, spec.period_ms, 1), np.where(ended, frame.time + DAY, frame.time))
    early = known < over
    if early.any():
        first = int(np.argmax(early))
        at = iso(int(frame.time[first]))
        key = f"published: after: {spec.published.after}" if spec.published else f"delay: {spec.delay}"
        about, least, delay = (
            (f"from {at} on and would be known before that is over", spec.period, to_duration(spec.period_ms - 1))
            if begun[first]
            else (f"up to {at} and would be known before that day is over", "1d", "1d")
        )
        raise DataError(
            f"series.{name}: {frame.place(first)} tells of {spec.period} {about} ({key}); "
            f"count from its stamp, such as published: {{..., after: {least}}} or delay: {delay}, "
            "or name the column that says when with source: {available: ...}"
        )


def measure_earliness(spec: SeriesSpec, frame: RawRows, aligned: RawRows, late: int) -> int:
    """Compute the milliseconds by which rows would count as known before their own stamps, as those were moved back.

    It goes by the most that any stamp is moved, so that it tells nothing of single rows; 0 where none was moved back, or where
    rows are known so long after their stamps, or from moments of their own, that it makes no difference.
    """
    if aligned.moved is None or aligned.known is not None or not (aligned.moved & (frame.time - late > aligned.time)).any():
        return 0
    return max(0, tolerance(spec) - spec.least_known_ms)


def detect_period(time: NDArray[int64]) -> tuple[int, float] | None:
    """Find the step from row to row that is most common, to the second, ms, and the share of steps that keep it.

    None where there are no two stamps.
    """
    steps = np.diff(np.unique(time))
    if not len(steps):
        return None
    return _mode(np.maximum(1, (steps + MOST_JITTER // 2) // MOST_JITTER) * MOST_JITTER)


def _divides_day(spec: SeriesSpec) -> bool:
    return series_kind(spec.kind).is_stamped_at_open and DAY % spec.period_ms == 0


def _mode(values: NDArray[int64]) -> tuple[int, float]:
    """Find the commonest value, the smallest of several, and its share."""
    if (values == values[0]).all():
        return int(values[0]), 1.0
    distinct, counts = np.unique(values, return_counts=True)
    return int(distinct[np.argmax(counts)]), float(counts.max() / len(values))


def lay_on_grid(
    name: str,
    spec: SeriesSpec,
    frame: RawRows,
    span: tuple[int, int],
    remainder: int,
    late: int = 0,
    sessions: Sessions | None = None,
) -> Series:
    """Lay rows on the dense grid of a dataset's span.

    Parameters
    ----------
    name : str
        Name of the series.
    spec : SeriesSpec
        Its period, delay and kind.
    frame : RawRows
        Checked rows: on the grid, inside the span, no stamp twice.
    span : tuple of int
        First and last moment of the rows, ms UTC.
    remainder, late : int
        From :func:`align_stamps`.
    sessions : Sessions or None
        Of :func:`open_sessions`: only bars in them are expected.

    Returns
    -------
    Series
        Over the whole span; NaN in every column where the source has no row.
    """
    if sessions is not None:
        return _lay_on_sessions(name, spec, frame, span, late, sessions)
    period = spec.period_ms
    time = list_stamps(find_first(spec, span[0], remainder), span[1], period)
    rows = number_rows(frame.time, period) - number_rows(time[:1], period) if len(time) else np.zeros(len(frame), int64)
    known = find_known(spec, frame, time, rows) + late
    least = spec.least_delay_ms
    time = time[(known if least is not None else time + spec.extent_ms) <= span[1]]
    columns = _place_rows(frame, rows, len(time))
    return Series(name, spec.kind, period, spec.delay_ms + late, time, known[: len(time)], columns, least_delay=least)


def find_first(spec: SeriesSpec, since: int, remainder: int) -> int:
    """Find the first stamp from a moment on at which a row is expected, ms UTC."""
    months = count_months(spec.period_ms)
    if not months:
        return since + (remainder - since) % spec.period_ms
    place, at_end = divmod(remainder, 2)
    number = int(number_months(np.array([since], int64))[0])
    number += (place - number) % months
    stamps = find_places(start_months(np.array([number, number + months], int64)), bool(at_end))
    return int(stamps[np.argmax(stamps >= since)])


def _lay_on_sessions(
    name: str, spec: SeriesSpec, frame: RawRows, span: tuple[int, int], late: int, sessions: Sessions
) -> Series:
    """Lay rows on the bars of the sessions, from the session of the first moment on."""
    sessions, period, delay = sessions.between(*span), spec.period_ms, spec.delay_ms + late
    time = sessions.list_bars(period)
    ends = sessions.find_ends(time, period)
    inside = (time >= span[0]) & (ends <= span[1])
    time, ends = time[inside], ends[inside]
    columns = _place_rows(frame, np.searchsorted(time, frame.time), len(time))
    return Series(name, spec.kind, period, delay, time, ends + delay, columns, sessions=sessions)


def _place_rows(frame: RawRows, rows: NDArray[int64], count: int) -> dict[str, NDArray[float64]]:
    """Put each column's values at their rows of a grid, NaN elsewhere; what lies beyond its end is left out."""
    held, columns = rows < count, {}
    for column, values in frame.columns.items():
        columns[column] = np.full(count, np.nan)
        columns[column][rows[held]] = values[held]
    return columns


def find_known(spec: SeriesSpec, frame: RawRows, time: NDArray[int64], rows: NDArray[int64]) -> NDArray[int64]:
    """Find when each row of a grid is known, shape (n,), never decreasing.

    Of rows that have their own moments of publication an absent one is known when it would be at the latest, or when the
    next one is. One that came before an older one counts from the older one on.
    """
    if spec.published:
        return spec.published.find_moments(time)
    latest = time + spec.known_ms
    if frame.known is None:
        return latest
    known = np.full(len(time), np.iinfo(int64).max)
    known[rows] = frame.known
    coming = np.minimum.accumulate(known[::-1])[::-1]
    absent = np.ones(len(time), bool)
    absent[rows] = False
    return np.maximum.accumulate(np.where(absent, np.minimum(latest, coming), known))


def find_missing(series: Series) -> NDArray[bool_]:
    """Find the rows that hold nothing, shape (n,)."""
    missing: NDArray[bool_] = np.logical_and.reduce([np.isnan(values) for values in series.columns.values()])
    return missing
