"""What is wrong with raw rows, and where: refused or set aside, never silently mended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy import bool_, float64, int64
from numpy.typing import NDArray

from factory.core.errors import DataError
from factory.core.times import iso, to_duration
from factory.market.catalog import STITCHED
from factory.market.declarations import find_excluded, find_unused, select_own
from factory.market.faults import Fault
from factory.market.grid import is_off_grid, tolerance
from factory.market.months import number_rows, step_stamps
from factory.market.raw_rows import RawRows
from factory.market.series_kinds import series_kind
from factory.market.series_spec import SeriesSpec
from factory.market.sessions import Sessions

MOST_QUARANTINED, FEW = 0.01, 2
"""Share of rows set aside above which the source itself is not to be trusted, and how many always may be."""
CONFLICT = "conflicting duplicate"
OUTSIDE = "rows outside sessions"
SEVERAL = 0.5
"""Share of rows that conflict from file to file above which the files may well be of several series."""
REPLACED = "bars still open, closed in another file"
SHOWN = 10
LISTED = 1_000
STILL = 10
"""Rows in a row without volume that make a run."""

Mask = NDArray[bool_]


@dataclass(frozen=True)
class RowFinding:
    """Rows with one thing wrong or remarkable.

    Parameters
    ----------
    time : ndarray of int64, shape (n,)
        Stamps, or the first stamps of runs, ms UTC, sorted.
    places : tuple of str
        Where the first thousand stand in the source; empty for runs.
    lengths : ndarray of int64 or None
        Rows of each run.
    period : int
        Milliseconds from row to row of a run.
    """

    time: NDArray[int64]
    places: tuple[str, ...] = ()
    lengths: NDArray[int64] | None = None
    period: int = 1

    def between(self, first: int | None, before: int | None) -> "RowFinding":
        """Select those with stamps in [first, before).

        Of a run that goes on, no more than its rows before `before`.
        """
        low = 0 if first is None else int(np.searchsorted(self.time, first))
        high = len(self.time) if before is None else int(np.searchsorted(self.time, before))
        time, lengths = self.time[low:high], None if self.lengths is None else self.lengths[low:high]
        if lengths is not None and before is not None:
            lengths = np.minimum(lengths, -(-(before - time) // self.period))
        return RowFinding(time, self.places[low:high], lengths, self.period)

    def extend(self, later: "RowFinding") -> "RowFinding":
        """Add those of a later stretch."""
        places = (*self.places, *later.places) if len(self.places) == len(self.time) else self.places
        runs = [one.lengths for one in (self, later) if one.lengths is not None]
        return RowFinding(np.concatenate([self.time, later.time]), places, np.concatenate(runs) if runs else None, self.period)

    def summarize(self, most: int) -> dict[str, Any]:
        """Summarise the finding: its count, first places, and for runs the rows in them."""
        summary: dict[str, Any] = {"count": len(self.time), "at": [iso(int(at)) for at in self.time[:most]]}
        if self.lengths is not None:
            summary |= {"rows": int(self.lengths.sum()), "longest": int(self.lengths.max(initial=0))}
        else:
            summary["where"] = list(self.places[:most])
        return summary


@dataclass(frozen=True)
class Quality:
    """The report on one series.

    Parameters
    ----------
    time : ndarray of int64, shape (n,)
        Stamps of the rows kept.
    quarantined : mapping of str to Finding
        Rows set aside, by what is wrong with them; they are missing in the dataset.
    noted : mapping of str to Finding
        What a person should know: ``gaps``, ``repeated rows``, ``still runs``, ``jumps``.
    read : tuple of str
        What they should know of how the files were read.
    faults : tuple of Fault
        What falsifies trials, in the open part.
    vintages : RawRows or None
        All that was published, of a source with vintages: rows are of what was first.
    """

    time: NDArray[int64]
    quarantined: Mapping[str, RowFinding]
    noted: Mapping[str, RowFinding]
    read: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()
    vintages: RawRows | None = None

    def summary(self, first: int | None, before: int | None) -> dict[str, Any]:
        """Summarise the report for stamps in [first, before): counts and the first ten places."""
        return self._summarize(first, before, SHOWN)

    def listing(self, first: int | None, before: int | None) -> dict[str, Any]:
        """List the report with up to a thousand places each."""
        return self._summarize(first, before, LISTED)

    def _summarize(self, first: int | None, before: int | None, most: int) -> dict[str, Any]:
        told: dict[str, Any] = {"rows": len(RowFinding(self.time).between(first, before).time)}
        for title, findings in (("quarantined", self.quarantined), ("noted", self.noted)):
            cut = {fault: finding.between(first, before) for fault, finding in findings.items()}
            told[title] = {fault: finding.summarize(most) for fault, finding in cut.items() if len(finding.time)}
        said = {"read": list(self.read), "faults": [fault.line for fault in self.faults]}
        return told | {title: lines for title, lines in said.items() if lines}


def validate_rows(
    name: str, spec: SeriesSpec, frame: RawRows, span: tuple[int, int], remainder: int, sessions: Sessions | None = None
) -> tuple[RawRows, Quality]:
    """Separate the sound rows of a series from the wrong ones, and report on both.

    Parameters
    ----------
    name : str
        Name of the series, for messages.
    spec : SeriesSpec
        What the rows should be.
    frame : RawRows
        The rows as read.
    span : tuple of int
        First and last moment of the dataset; rows outside are left out.
    remainder : int
        Of the expected stamps by the period.
    sessions : Sessions or None
        Where given, rows outside of them are set aside as nothing wrong, and those inside are counted from their starts.

    Returns
    -------
    tuple of (RawRows, Quality)
        The sound rows, in order, no stamp twice, and the report.

    Raises
    ------
    DataError
        If there are no rows, one file is out of order, or more than 1 % of the
        rows are wrong. Messages name rows and never values.
    """
    _refuse_disorder(name, spec, frame)
    ends = frame.time + spec.extent_ms if frame.known is None else frame.known
    told = ends if sessions is None else sessions.find_ends(frame.time, spec.period_ms)
    inside = (frame.time >= span[0]) & (told <= span[1]) & (frame.time < span[1])
    inside &= ~find_excluded(spec, frame.time)
    outside = np.zeros(len(frame), bool) if sessions is None else inside & ~sessions.contain(frame.time)
    unused = find_unused(spec, frame)
    rows = _order_rows(frame, np.logical_and.reduce([inside & ~outside, *(~mask for mask in unused.values())]))
    if not len(rows):
        where = "" if sessions is None else f" in a session of {spec.calendar}"
        raise DataError(
            f"series.{name}: no row{where} between {iso(span[0])} and {iso(span[1])}; check the files and the split"
        )
    is_open = _find_still_open(spec, frame, rows)
    still_open, rows = rows[is_open], rows[~is_open] if is_open.any() else rows
    ordered = _take_rows(frame, rows)
    time = ordered.time
    faults = {fault: mask for fault, mask in _find_wrong_rows(spec, ordered, remainder, sessions).items() if mask.any()}
    repeated = _find_repeats(time)
    wrong = np.logical_or.reduce([np.zeros(len(rows), bool), *faults.values()])
    _refuse_too_many(name, frame, rows, faults, wrong)
    quarantined = {fault: _make_finding(frame, rows, time, mask) for fault, mask in faults.items()}
    keep = np.flatnonzero(~wrong & ~repeated)
    sound = _take_rows(ordered, keep)
    noted = {
        "repeated rows": _make_finding(frame, rows, time, repeated & ~wrong),
        **_find_notes(spec, sound, frame, rows[keep], sessions),
    }
    if outside.any():
        apart = _order_rows(frame, outside)
        noted[OUTSIDE] = _make_finding(frame, apart, frame.time[apart], np.ones(len(apart), bool))
    if len(still_open):
        noted[REPLACED] = _make_finding(frame, still_open, frame.time[still_open], np.ones(len(still_open), bool))
    noted |= {what: _make_published_finding(frame, mask & inside) for what, mask in unused.items()}
    if frame.joints:
        noted[STITCHED] = RowFinding(np.array([at for at, _ in frame.joints], int64), tuple(keys for _, keys in frame.joints))
    if frame.moved is not None:
        noted[f"stamps moved by at most {to_duration(tolerance(spec))}"] = _make_finding(frame, rows, time, frame.moved[rows])
    return sound, Quality(sound.time, quarantined, noted, frame.notes)


def select_sound_rows(
    spec: SeriesSpec, frame: RawRows, first: int, before: int, remainder: int, sessions: Sessions | None = None
) -> RawRows:
    """Select the sound rows with first <= stamp < before of a checked frame; none where too many are wrong.

    For rows that a dataset can do without, as those before train: they are never a reason to refuse it.
    """
    chosen = (frame.time >= first) & (frame.time < before) & ~find_excluded(spec, frame.time)
    if sessions is not None:
        chosen &= sessions.contain(frame.time)
    rows = _order_rows(frame, np.logical_and.reduce([chosen, *(~mask for mask in find_unused(spec, frame).values())]))
    ordered = _take_rows(frame, rows[~_find_still_open(spec, frame, rows)])
    wrong = np.logical_or.reduce([*_find_wrong_rows(spec, ordered, remainder, sessions).values()])
    if not len(ordered) or (wrong.mean() > MOST_QUARANTINED and wrong.sum() > FEW):
        return _take_rows(frame, np.empty(0, int64))
    return _take_rows(ordered, np.flatnonzero(~wrong & ~_find_repeats(ordered.time)))


def _order_rows(frame: RawRows, chosen: Mask) -> NDArray[int64]:
    """Order the positions of some rows by their stamps."""
    rows = np.flatnonzero(chosen)
    return rows[np.argsort(frame.time[rows], kind="stable")] if (np.diff(frame.time) < 0).any() else rows


def _take_rows(frame: RawRows, rows: NDArray[int64]) -> RawRows:
    """Select rows by position; give the frame itself where that is all of them, in order."""
    if len(rows) == len(frame) and (np.diff(rows) == 1).all():
        return frame
    return frame.take(rows)


def _refuse_disorder(name: str, spec: SeriesSpec, frame: RawRows) -> None:
    if spec.has_vintages:
        return  # Sorted by stamps or by moments of publication, as their publishers do.
    back = np.flatnonzero(np.diff(frame.time) < 0) + 1
    starts = {first for _, first in frame.files}
    within = [int(row) for row in back if int(row) not in starts]
    if within:
        raise DataError(f"series.{name}: {frame.place(within[0])}: earlier than the row before it; sort the file by time")


def _find_wrong_rows(spec: SeriesSpec, frame: RawRows, remainder: int, sessions: Sessions | None) -> dict[str, Mask]:
    time, columns = frame.time, frame.columns
    off_grid = {"off the grid": is_off_grid(spec, time, remainder)}
    if sessions is not None:
        off_grid = {f"not whole bars of {spec.period} from the session's open": ~sessions.expect(time, spec.period_ms)}
    wrong = off_grid | {
        CONFLICT: _find_conflicts(time, columns),
        "infinite": np.logical_or.reduce([np.isinf(values) for values in columns.values()]),
    }
    if frame.known is not None:
        wrong["published before its stamp"] = frame.known < time
    return wrong | series_kind(spec.kind).find_wrong_rows(columns)


def _match_next(columns: Mapping[str, NDArray[float64]]) -> Mask:
    same = [(values[1:] == values[:-1]) | (np.isnan(values[1:]) & np.isnan(values[:-1])) for values in columns.values()]
    matches: Mask = np.logical_and.reduce(same)
    return matches


def _find_conflicts(time: NDArray[int64], columns: Mapping[str, NDArray[float64]]) -> Mask:
    """Find all rows of a stamp that comes with different values."""
    wrong = np.zeros(len(time), bool)
    twice = time[1:] == time[:-1]
    if twice.any():
        differ = twice & ~_match_next(columns)
        wrong = np.isin(time, time[1:][differ])
    return wrong


def _find_still_open(spec: SeriesSpec, frame: RawRows, rows: NDArray[int64]) -> Mask:
    """Find bars that had not closed yet at the end of their file.

    They are last rows of files that another file, which goes on, has with the same stamp and more in it: they closed there.
    """
    still_open = np.zeros(len(rows), bool)
    ends = {first - 1 for _, first in frame.files[1:]} | {len(frame) - 1}
    if len(ends) < 2:
        return still_open
    kind, time = series_kind(spec.kind), frame.time[rows]
    for end in ends:
        low, high = np.searchsorted(time, frame.time[end], "left"), np.searchsorted(time, frame.time[end], "right")
        same = rows[low:high]
        if end in same and any(int(row) not in ends and kind.has_grown(frame.columns, end, int(row)) for row in same):
            still_open[low + int(np.flatnonzero(same == end)[0])] = True
    return still_open


def _find_repeats(time: NDArray[int64]) -> Mask:
    """Find every row but the first of a stamp."""
    repeated = np.zeros(len(time), bool)
    repeated[1:] = time[1:] == time[:-1]
    return repeated


def _refuse_too_many(name: str, frame: RawRows, rows: NDArray[int64], faults: Mapping[str, Mask], wrong: Mask) -> None:
    if wrong.mean() <= MOST_QUARANTINED or wrong.sum() <= FEW:
        return
    lines = [
        f"{int(mask.sum())} rows: {fault}, first {frame.place(int(rows[np.argmax(mask)]))}" for fault, mask in faults.items()
    ]
    most = f"at most {MOST_QUARANTINED:.0%} may be set aside"
    mend = "correct them"
    if len(frame.files) > 1 and (CONFLICT in faults) and faults[CONFLICT].mean() > SEVERAL:
        mend = f"its {len(frame.files)} files tell the same stamps otherwise: are these one series? check them one by one"
    raise DataError(f"series.{name}: {wrong.mean():.1%} of the rows are wrong, {most}; {mend}", *lines)


def _make_finding(frame: RawRows, rows: NDArray[int64], time: NDArray[int64], mask: Mask) -> RowFinding:
    hits = np.flatnonzero(mask)
    return RowFinding(time[hits], tuple(frame.place(int(rows[hit])) for hit in hits[:LISTED]))


def _make_published_finding(frame: RawRows, mask: Mask) -> RowFinding:
    """Make a finding of rows by the moments at which they were published: before them nobody may know that they exist."""
    assert frame.known is not None, "only rows with moments of publication are found by them"
    hits = np.flatnonzero(mask)
    hits = hits[np.argsort(frame.known[hits], kind="stable")]
    return RowFinding(frame.known[hits], tuple(frame.place(int(row)) for row in hits[:LISTED]))


def _find_notes(
    spec: SeriesSpec, sound: RawRows, frame: RawRows, rows: NDArray[int64], sessions: Sessions | None
) -> dict[str, RowFinding]:
    findings = {"gaps": find_gaps(spec, sound.time, sessions)}
    kind = series_kind(spec.kind)
    stretch = np.zeros(len(sound), int64) if sessions is None else sessions.find_stretches(sound.time)
    for title, mask in kind.find_notable_runs(sound.columns).items():
        findings[title] = _find_runs(sound.time, mask, spec.period_ms, stretch)
    for title, mask in kind.find_notable_rows(select_own(spec, sound.columns)).items():
        findings[title] = _make_finding(frame, rows, sound.time, mask)
    return findings


def find_gaps(spec: SeriesSpec, time: NDArray[int64], sessions: Sessions | None) -> RowFinding:
    """Find the runs of rows that are absent between stamps."""
    if sessions is not None:
        return _find_gaps_inside(spec, time, sessions)
    steps = np.diff(number_rows(time, spec.period_ms))
    holes = np.flatnonzero(steps > 1)
    return RowFinding(step_stamps(time[holes], spec.period_ms, 1), (), steps[holes] - 1, spec.period_ms)


def _find_gaps_inside(spec: SeriesSpec, time: NDArray[int64], sessions: Sessions) -> RowFinding:
    """Find the gaps between some rows of each stretch of trading, so that none reaches over a night."""
    expected = sessions.list_bars(spec.period_ms)
    expected = expected[slice(*np.searchsorted(expected, time[[0, -1]]))] if len(time) else expected[:0]
    absent = expected[~np.isin(expected, time, assume_unique=True)]
    number, stretch = sessions.number_bars(absent, spec.period_ms), sessions.find_stretches(absent)
    first = np.flatnonzero((np.diff(number, prepend=-1) > 1) | (np.diff(stretch, prepend=-1) > 0))
    return RowFinding(absent[first], (), np.diff(np.append(first, len(absent))), spec.period_ms)


def merge_reports(reports: Sequence[Quality]) -> Quality:
    """Merge the reports on one stretch after another of a series."""
    if len(reports) == 1:
        return reports[0]
    quarantined, noted = (_merge_findings([getattr(one, title) for one in reports]) for title in ("quarantined", "noted"))
    read = tuple(dict.fromkeys(line for one in reports for line in one.read))
    return Quality(np.concatenate([one.time for one in reports]), quarantined, noted, read)


def _merge_findings(findings: Sequence[Mapping[str, RowFinding]]) -> dict[str, RowFinding]:
    merged: dict[str, RowFinding] = {}
    for fault, finding in (pair for one in findings for pair in one.items()):
        merged[fault] = merged[fault].extend(finding) if fault in merged else finding
    return merged


def _find_runs(time: NDArray[int64], mask: Mask, period: int, stretch: NDArray[int64]) -> RowFinding:
    """Find long runs of rows of one stretch of trading."""
    inner = mask[1:] & mask[:-1] & (stretch[1:] == stretch[:-1])
    first = np.flatnonzero(mask & ~np.append(False, inner)[: len(mask)])
    last = np.flatnonzero(mask & ~np.append(inner, False)[: len(mask)]) + 1
    long = last - first >= STILL
    return RowFinding(time[first[long]], (), (last - first)[long].astype(int64), period)
