"""The rows of one series, from all its sources: read, in their places, checked, and of one piece."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy import int64

from factory.core.errors import DataError
from factory.core.times import to_duration
from factory.market.declarations import apply_declarations
from factory.market.grid import align_stamps
from factory.market.quality import Quality, RowFinding, find_gaps, merge_reports, select_sound_rows, validate_rows
from factory.market.raw_rows import RawRows
from factory.market.series_spec import SeriesSpec
from factory.market.splices import list_parts, require_factors

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
    remainder, late : int
        See :func:`~factory.market.grid.align_stamps`.
    quality : Quality
        What was found in the dataset's span.
    """

    rows: RawRows
    first: int
    remainder: int
    late: int
    quality: Quality


def read_rows(
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
    aligned = [align_stamps(name, part.spec, read(part.spec)) for part in parts]
    _, remainder, late = aligned[-1]
    _require_one_clock(name, [(rest, behind) for _, rest, behind in aligned])
    frames = [apply_declarations(part.spec, frame) for part, (frame, _, _) in zip(parts, aligned, strict=True)]
    told = require_factors(name, spec, frames, end)
    pieces, reports = [], []
    for part, frame in zip(parts, frames, strict=True):
        pieces.append(select_sound_rows(part.spec, frame, max(start, part.first), min(span[0], part.before), remainder))
        first, before = max(span[0], part.first), min(span[1], part.before)
        if first < before:
            clean, report = validate_rows(name, part.spec, frame, (first, before), remainder)
            pieces.append(clean)
            reports.append(report)
    whole = _join([piece for piece in pieces if len(piece)])
    return CheckedRows(
        whole, min(int(whole.time[0]), span[0]), remainder, late, _tell_joints(spec, merge_reports(reports), told)
    )


def _require_one_clock(name: str, clocks: Sequence[tuple[int, int]]) -> None:
    """Refuse sources whose rows stand at different places of the period, or come differently late."""
    if len(set(clocks)) > 1:
        stand = " and ".join(to_duration(sum(clock)) if sum(clock) else "0" for clock in clocks)
        raise DataError(f"series.{name}: its sources stand {stand} after a multiple of the period; use those that agree")


def _join(pieces: Sequence[RawRows]) -> RawRows:
    """Join rows in order, with the columns that all have."""
    if len(pieces) == 1:
        return pieces[0]
    names = [name for name in pieces[-1].columns if all(name in piece.columns for piece in pieces)]
    columns = {name: np.concatenate([piece.columns[name] for piece in pieces]) for name in names}
    return RawRows(np.concatenate([piece.time for piece in pieces]), columns)


def _tell_joints(spec: SeriesSpec, quality: Quality, told: tuple[str, ...]) -> Quality:
    """Add to a report where one source follows another, and the gaps that they leave between them."""
    if not told:
        return quality
    joints = RowFinding(np.array([one.moment for one in spec.splice], int64), told)
    gaps = find_gaps(quality.time, spec.period_ms)
    return replace(quality, noted={**quality.noted, JOINTS: joints, "gaps": gaps})
