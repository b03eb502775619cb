"""The rows of one series, from all its sources: read, in their places, checked, and of one piece."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy import int64

from factory.core.errors import DataError
from factory.core.times import DAY, to_duration
from factory.market.declarations import apply_declarations
from factory.market.grid import align_stamps, measure_earliness
from factory.market.quality import Quality, RowFinding, find_gaps, merge_reports, select_sound_rows, validate_rows
from factory.market.raw_rows import RawRows, join_rows
from factory.market.series_spec import SeriesSpec
from factory.market.sessions import Sessions
from factory.market.splices import list_parts, require_factors
from factory.market.vintages import add_priors, order_rows, order_vintages, refuse_one_release

JOINTS = "joints"
"""What the report on a series calls the moments at which one source follows another."""


@dataclass(frozen=True)
class CheckedRows:
    """The sound rows of a series.

    Parameters
    ----------
    rows : RawRows
        In order, no stamp twice; those before the dataset's span are there to warm up.
    first : int
        First moment of the rows, ms UTC.
    remainder : int
        See :func:`~factory.market.grid.align_stamps`.
    late : int
        Milliseconds by which all rows are known later than their places tell: bars that stood late, or may tell of more than
        their session, or what :func:`~factory.market.grid.measure_earliness` gives.
    quality : Quality
        What was found in the dataset's span.
    sessions : Sessions or None
        When its market trades, of one with a calendar.
    vintages : RawRows or None
        All that was published by the end of the dataset, in the order of publication, where the source tells when.
    """

    rows: RawRows
    first: int
    remainder: int
    late: int
    quality: Quality
    sessions: Sessions | None
    vintages: RawRows | None = None


def read_checked_rows(
    name: str, spec: SeriesSpec, read: Callable[[SeriesSpec], RawRows], start: int, span: tuple[int, int], end: int
) -> CheckedRows:
    """Read and check the rows of a series.

    Parameters
    ----------
    name : str
        Name of the series, for messages.
    spec : SeriesSpec
        What the rows should be, and where they come from.
    read : callable
        Reads the rows of one source.
    start : int
        First moment of rows that warm up.
    span : tuple of int
        First and last moment of the dataset.
    end : int
        End of its open part.

    Raises
    ------
    DataError
        If they are not as they must be.
    """
    parts = list_parts(spec)
    dated = [find_sessions(name, part.spec, read(part.spec), (start, span[1])) for part in parts]
    aligned = [align_stamps(name, part.spec, frame) for part, (frame, _, _) in zip(parts, dated, strict=True)]
    sessions = _widest([opened for _, opened, _ in dated])
    _, remainder, late = aligned[-1]
    _require_one_clock(name, [(rest, behind) for _, rest, behind in aligned])
    late += max(
        measure_earliness(part.spec, raw, frame, behind)
        for part, (raw, _, _), (frame, _, behind) in zip(parts, dated, aligned, strict=True)
    ) + max(over for _, _, over in dated)
    frames = [apply_declarations(part.spec, frame) for part, (frame, _, _) in zip(parts, aligned, strict=True)]
    told = require_factors(name, spec, frames, end)
    for part, frame in zip(parts, frames, strict=True):
        refuse_one_release(name, part.spec, frame)
    frames = [add_priors(part.spec, frame, start) for part, frame in zip(parts, frames, strict=True)]
    pieces, reports = [], []
    for part, frame in zip(parts, frames, strict=True):
        pieces.append(
            select_sound_rows(part.spec, frame, max(start, part.first), min(span[0], part.before), remainder, sessions)
        )
        first, before = max(span[0], part.first), min(span[1], part.before)
        if first < before:
            clean, report = validate_rows(name, part.spec, frame, (first, before), remainder, sessions)
            pieces.append(clean)
            reports.append(report)
    whole = _join([piece for piece in pieces if len(piece)])
    quality = _tell_joints(spec, merge_reports(reports), told, sessions)
    published = [
        order_vintages(part.spec, frame, max(start, part.first), part.before, span[1])
        for part, frame in zip(parts, frames, strict=True)
    ]
    vintages = order_rows(join_rows([rows for rows in published if rows is not None])) if spec.has_vintages else None
    return CheckedRows(whole, min(int(whole.time[0]), span[0]), remainder, late, quality, sessions, vintages)


def find_sessions(name: str, spec: SeriesSpec, raw: RawRows, span: tuple[int, int]) -> tuple[RawRows, Sessions | None, int]:
    """Find the sessions of a series with a calendar, and move stamps of bars to their openings.

    Returns
    -------
    tuple of (RawRows, Sessions or None, int)
        The rows, the sessions, and the milliseconds after them up to which daily bars may tell.
    """
    from factory.market.calendars import date_sessions, open_bars, open_sessions, refuse_closes

    if spec.calendar is None:
        return (open_bars(spec, raw, None) if spec.is_stamped_at_close else raw), None, 0

    try:
        sessions = open_sessions(spec, raw, span)
    except DataError as error:
        raise DataError(*(f"series.{name}.{line}" for line in error.lines)) from None
    if spec.is_stamped_at_close:
        raw = open_bars(spec, raw, sessions)
    else:
        refuse_closes(name, spec, raw, sessions)
    frame, late = date_sessions(spec, raw, sessions) if spec.period_ms == DAY else (raw, 0)
    return frame, sessions, late


def _widest(opened: Sequence[Sessions | None]) -> Sessions | None:
    """Choose the sessions of all sources: those of the one whose rows begin first, as all are up to the same end."""
    return min((one for one in opened if one is not None), key=lambda one: int(one.start[0]), default=None)


def _require_one_clock(name: str, clocks: Sequence[tuple[int, int]]) -> None:
    """Refuse sources whose rows stand at different places of the period, or come differently late."""
    if len(set(clocks)) > 1:
        stand = " and ".join(to_duration(sum(clock)) if sum(clock) else "0" for clock in clocks)
        raise DataError(f"series.{name}: its sources stand {stand} after a multiple of the period; use those that agree")


def _join(pieces: Sequence[RawRows]) -> RawRows:
    """Join rows in order, with the columns that all have."""
    names = [name for name in pieces[-1].columns if all(name in piece.columns for piece in pieces)]
    return join_rows([replace(piece, columns={name: piece.columns[name] for name in names}) for piece in pieces])


def _tell_joints(spec: SeriesSpec, quality: Quality, told: tuple[str, ...], sessions: Sessions | None) -> Quality:
    """Add to a report where one source follows another, and the gaps that they leave between them."""
    if not told:
        return quality
    joints = RowFinding(np.array([one.moment for one in spec.splice], int64), told)
    gaps = find_gaps(spec, quality.time, sessions)
    return replace(quality, noted={**quality.noted, JOINTS: joints, "gaps": gaps})
