"""Values that are revised: what each stood at when another was published, how far revisions go, and what a file tells of them.

A file with vintages has a row each time that a value was published. A series has one row an observation, of what was
published first; what earlier observations stood at by then are columns beside it, so that a change or a growth rate is
reckoned within one vintage. A revision between two releases is seen with the next: late, and never early.
"""

from dataclasses import replace

import numpy as np
from numpy import bool_, float64, int64
from numpy.typing import NDArray

from factory.core.errors import DataError
from factory.core.times import iso
from factory.market.declarations import find_excluded, name_prior, select_own
from factory.market.months import step_stamps
from factory.market.raw_rows import RawRows
from factory.market.series import Series
from factory.market.series_spec import SeriesSpec
from factory.market.vintage_facts import ONE_VINTAGE, Revisions, holds_one_vintage


def add_priors(spec: SeriesSpec, frame: RawRows, start: int) -> RawRows:
    """Add to each row what earlier observations stood at when it was published, as the source asks with ``prior``.

    Parameters
    ----------
    spec : SeriesSpec
    frame : RawRows
        All vintages, stamps in their places.
    start : int
        First stamp that may be told of: those before belong to nobody here, or to another dataset's seal.

    Raises
    ------
    DataError
        If the files have a column of such a name already.
    """
    if not spec.priors or frame.known is None:
        return frame
    usable = (frame.time >= start) & ~find_excluded(spec, frame.time)
    columns = dict(frame.columns)
    for count in spec.priors:
        wanted = step_stamps(frame.time, spec.period_ms, -count)
        for column, values in frame.columns.items():
            if (name := name_prior(column, count)) in frame.columns:
                raise DataError(
                    f"source.prior: the files have a column '{name}' already; name others with source: {{columns: ...}}"
                )
            columns[name] = read_vintages(frame, values, usable, wanted)
    return replace(frame, columns=columns)


def read_vintages(frame: RawRows, values: NDArray[float64], usable: NDArray[bool_], wanted: NDArray[int64]) -> NDArray[float64]:
    """Read what stood at the stamp that each row asks for, by the moment that the row was published; NaN for nothing.

    Parameters
    ----------
    frame : RawRows
    values : ndarray of float64, shape (n,)
        Of one column.
    usable : ndarray of bool, shape (n,)
        Rows that may be read.
    wanted : ndarray of int64, shape (n,)
        A stamp for each row.
    """
    assert frame.known is not None, "only rows with moments of publication are vintages"
    held = np.flatnonzero(usable & np.isfinite(values))
    held = held[np.lexsort((frame.known[held], frame.time[held]))]
    stamps, moments = np.unique(frame.time[held]), np.unique(frame.known)
    if not len(held):
        return np.full(len(frame), np.nan)
    # One number orders rows by stamp and then by publication.
    keys = np.searchsorted(stamps, frame.time[held]) * len(moments) + np.searchsorted(moments, frame.known[held])
    place = np.minimum(np.searchsorted(stamps, wanted), len(stamps) - 1)
    at = np.searchsorted(keys, place * len(moments) + np.searchsorted(moments, frame.known), side="right") - 1
    there = (stamps[place] == wanted) & (at >= 0) & (frame.time[held[at]] == wanted)
    return np.where(there, values[held[at]], np.nan)


def order_vintages(spec: SeriesSpec, frame: RawRows, start: int, before: int, end: int) -> RawRows | None:
    """Select all that was published of a series, in the order of publication, for whoever audits a build.

    Returns
    -------
    RawRows or None
        Rows with start <= stamp < before that were published by `end`; None of a source without vintages.
    """
    if not spec.has_vintages or frame.known is None:
        return None
    chosen = (frame.time >= start) & (frame.time < before) & (frame.known <= end) & ~find_excluded(spec, frame.time)
    return order_rows(RawRows(frame.time, select_own(spec, frame.columns), known=frame.known).take(chosen))


def order_rows(vintages: RawRows) -> RawRows:
    """Order rows by the moments at which they were published."""
    assert vintages.known is not None, "only rows with moments of publication are vintages"
    return vintages.take(np.lexsort((vintages.time, vintages.known)))


def cut_before(vintages: RawRows | None, first: int) -> RawRows | None:
    """Cut off what was published of stamps before a moment."""
    return None if vintages is None else vintages.take(vintages.time >= first)


def forget_before(spec: SeriesSpec, series: Series, first: int) -> Series:
    """Cut off the rows stamped before a moment, and what later rows tell of them."""
    kept = series.since(first)
    columns = dict(kept.columns)
    for count in spec.priors:
        there = step_stamps(kept.time, spec.period_ms, -count) >= first
        for column in select_own(spec, kept.columns):
            name = name_prior(column, count)
            columns[name] = np.where(there, kept.columns[name], np.nan)
    return replace(kept, columns=columns)


def measure_revisions(vintages: RawRows, by: int) -> dict[str, Revisions]:
    """Measure how far each column was revised by some moment."""
    assert vintages.known is not None, "only rows with moments of publication are vintages"
    return {
        column: _measure(vintages.time[rows], vintages.known[rows], values[rows])
        for column, values in vintages.columns.items()
        if len(rows := np.flatnonzero(np.isfinite(values) & (vintages.known <= by)))
    }


def _measure(time: NDArray[int64], known: NDArray[int64], values: NDArray[float64]) -> Revisions:
    order = np.lexsort((known, time))
    first = np.flatnonzero(np.diff(time[order], prepend=time.min() - 1))
    last = np.append(first[1:], len(order)) - 1
    begun = values[order[first]]
    sizes = np.abs(values[order[last]] - begun)
    sizes = sizes[sizes > 0]
    steps = np.abs(np.diff(begun))
    middle, step = (float(np.median(one)) if len(one) else 0.0 for one in (sizes, steps))
    return Revisions(len(first), len(sizes), middle, float(sizes.max(initial=0.0)), step)


def tell_vintages(spec: SeriesSpec, vintages: RawRows | None, by: int) -> tuple[str, ...]:
    """Tell what a person should know of the revisions of a series: how many there were, or that the source tells of none."""
    if holds_one_vintage(spec):
        return (
            f"{ONE_VINTAGE}: values are as the source has them now, and what was revised before that stands where the first "
            "figure was; of a file that says when each was published name that column with source: {available: ...}",
        )
    if vintages is None:
        return ()
    told = measure_revisions(vintages, by)
    if told and not any(one.revised for one in told.values()):
        return (f"{ONE_VINTAGE}: no value was published twice, so that what was revised stands where the first figure was",)
    return tuple(one.tell(column) for column, one in told.items())


def refuse_one_release(name: str, spec: SeriesSpec, frame: RawRows) -> None:
    """Refuse a file whose rows were all published at once: it was cut out of one vintage, and its dates tell of the download.

    Raises
    ------
    DataError
        If so.
    """
    if spec.has_vintages and frame.known is not None and len(frame) > 1 and (frame.known == frame.known[0]).all():
        raise DataError(
            f"series.{name}: all {len(frame)} rows were published at {iso(int(frame.known[0]))}: the file is one vintage, "
            "whose dates tell when it was taken; get all vintages, or leave source.available out and write published: or delay:"
        )
