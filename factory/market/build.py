"""From raw rows to a dataset: checked, split, its sealed part put into the vault at once."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from factory.core.errors import DataError, SealError
from factory.core.progress import Progress, no_progress, subrange
from factory.core.times import iso, moment
from factory.market import seal_registry, staging, store
from factory.market.book_simulator import simulate_book
from factory.market.books import read_books
from factory.market.contracts import MOST_FUNDING, Binary, Perpetual
from factory.market.coverage import measure_coverage, warn_of_thin
from factory.market.declarations import apply_declarations
from factory.market.downloads import fetch_command, find_files
from factory.market.faults import ABSENT, JUMP, Fault
from factory.market.files import Download
from factory.market.funding import read_record, warn_of_missed
from factory.market.grid import align_stamps, lay_on_grid
from factory.market.overshoot import measure_overshoot
from factory.market.quality import Quality, select_sound_rows, validate_rows
from factory.market.raw_rows import RawRows
from factory.market.readers import read_files
from factory.market.series import Series
from factory.market.series_kinds import series_kind
from factory.market.series_spec import SeriesSpec
from factory.market.simulator import simulate
from factory.market.spec import PARTITIONS, DatasetSpec
from factory.storage.workspace import Workspace

SIMULATORS = {"minutes": simulate, "book": simulate_book}
"""What draws a simulated dataset, by its ``market``."""
FEWEST = 0.9
"""Share of the expected rows that a series under a contract must hold in each partition."""


def build(
    workspace: Workspace,
    spec: DatasetSpec,
    source_dir: Path | None = None,
    progress: Progress = no_progress,
    opening: staging.Opening | None = None,
    warn: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Build a dataset, or build it anew with the same split.

    Parameters
    ----------
    workspace : Workspace
        Open rows go to its datasets, sealed ones straight to its vault.
    spec : DatasetSpec
        Confirmed by a person.
    source_dir : Path or None
        Folder from which the spec's files are named; none needed for a
        simulated dataset or a provider's downloads.
    progress : Progress
        Told about each series.
    opening : Opening, optional
        Given when a person extends the dataset, so that its sealed part becomes validation.
    warn : callable
        Told in a line of each series that covers only some of a part; the person's alone, as it tells of the sealed one.

    Returns
    -------
    dict
        What :meth:`~factory.market.catalog.Catalog.meta` gives.

    Raises
    ------
    DataError
        For an unconfirmed spec, files that are not as they must be, a full disk.
    SealError
        If rows sealed in any dataset would be open in this one, or the other
        way round, or the split of an existing dataset would change.
    """
    if not spec.confirmed:
        raise DataError("confirmed: false; a person reads the dataset file, sets confirmed: true and builds again")
    with staging.lock_builds(workspace):
        staging.finish_or_undo(workspace, opening.record if opening else None)
        seal_registry.refuse_exposure(workspace, spec, extends=opening is not None)
        series, quality = read_series(workspace, spec, source_dir or Path(), subrange(progress, 0.0, 0.8))
        for one in series.values():
            if line := _warn_of(spec, one):
                warn(line)
        progress(0.85, "writing")
        check = partial(_admit, workspace, spec, progress)
        try:
            return _write(workspace, spec, series, quality, check, opening)
        except SealError:
            without = {name: one.since(spec.span[0]) for name, one in series.items()}
            if all(len(without[name]) == len(one) for name, one in series.items()):
                raise
        # Rows before train that another dataset seals under another name are left out; the rest is judged without them.
        return _write(workspace, spec, without, quality, check, opening)


def _warn_of(spec: DatasetSpec, series: Series) -> str | None:
    """Warn of what a series lacks: of recorded funding payments that were due, of others rows."""
    columns = {one.funding_column for one in spec.contracts.values() if isinstance(one, Perpetual)} - {None}
    recorded = sorted(column for name, column in filter(None, columns) if name == series.name)
    if not recorded:
        return warn_of_thin(series.name, measure_coverage(spec, series))
    lines = [warn_of_missed(series.name, read_record(series, column, *spec.span)) for column in recorded]
    return next(filter(None, lines), None)


def _write(
    workspace: Workspace,
    spec: DatasetSpec,
    series: dict[str, Series],
    quality: dict[str, Quality],
    check: Callable[[Path, Path], None],
    opening: staging.Opening | None,
) -> dict[str, Any]:
    marks = seal_registry.marks_of(spec, series)
    seal_registry.refuse_twins(workspace, spec, marks)
    return store.write(workspace, spec, series, quality, marks, check, opening)


def _admit(workspace: Workspace, spec: DatasetSpec, progress: Progress, opened: Path, closed: Path) -> None:
    """Check a last time before a dataset is put in place: compare it with sealed rows."""
    progress(0.9, "comparing with sealed rows")
    seal_registry.refuse_alike(workspace, spec, opened, closed)


def read_series(
    workspace: Workspace, spec: DatasetSpec, source_dir: Path, progress: Progress
) -> tuple[dict[str, Series], dict[str, Quality]]:
    """Read all rows of a dataset's sources, checked and on their grids, and what the checks found; write nothing.

    Rows before train begin where the source's do, within :meth:`~factory.market.spec.DatasetSpec.warm_up_start` and after
    what another dataset seals of the same market.

    Raises
    ------
    DataError
        If they are not as they must be.
    """
    series: dict[str, Series] = {}
    quality: dict[str, Quality] = {}
    frame_of = _open_frames(workspace, spec, source_dir)
    starts = seal_registry.warm_up_starts(workspace, spec)
    for position, (name, one) in enumerate(spec.series.items()):
        progress(position / len(spec.series), f"importing {name}")
        frame, remainder, late = align_stamps(name, one, frame_of(name))
        frame = apply_declarations(one, frame)
        clean, report = validate_rows(name, one, frame, spec.span, remainder)
        earlier = select_sound_rows(one, frame, starts[name], spec.span[0], remainder)
        first = int(earlier.time[0]) if len(earlier) else spec.span[0]
        whole = _join(earlier, clean)
        quality[name] = replace(report, faults=_open_faults(spec, name, whole))
        series[name] = lay_on_grid(name, one, whole, (first, spec.span[1]), remainder, late)
        own = series[name].since(spec.span[0])
        series[name] = replace(series[name], overshoot=measure_overshoot(own, spec.bounds("train")[1]))
        _require_rows(workspace, spec, series[name])
        _require_volume(spec, own)
        _require_odds_column(spec, series[name])
        _require_funding(workspace, spec, series[name])
        _require_baseline_column(spec, series[name])
    return series, quality


def check_files(paths: list[Path], spec: SeriesSpec) -> Quality:
    """Tell what an import would find in the files of one series, all of whose rows are looked at.

    Raises
    ------
    DataError
        If they are not as they must be.
    """
    frame, remainder, _ = align_stamps("file", spec, _read_rows(paths, spec))
    frame = apply_declarations(spec, frame)
    span = int(frame.time.min()), int(frame.time.max()) + spec.period_ms
    clean, report = validate_rows("file", spec, frame, span, remainder)
    return replace(report, faults=_find_faults(spec, clean, *span))


def _open_faults(spec: DatasetSpec, name: str, frame: RawRows) -> tuple[Fault, ...]:
    """Find the faults of the open rows; refuse a jump after them.

    No agent may hear of such a jump and an exam would trade across it.
    """
    one, end = spec.series[name], spec.bounds("validation")[1]
    closed = _find_faults(one, frame, end - one.period_ms, spec.span[1])
    jumps = [iso(fault.spans[0][0]) for fault in closed if fault.kind == JUMP and fault.spans[0][1] >= end]
    if jumps:
        raise DataError(
            f"series.{name}: its price jumps {len(jumps)} times in the sealed part, first {jumps[0]}, as where coins are "
            f"redenominated; declare each under series.{name}, such as adjust: [{{at: {jumps[0]}, factor: ...}}], factor: 1 "
            "where the market truly moved so, or exclude it"
        )
    return _find_faults(one, frame, int(frame.time[0]), end)


def _find_faults(spec: SeriesSpec, frame: RawRows, first: int, before: int) -> tuple[Fault, ...]:
    """Find the faults of the checked rows with first <= stamp < before, less those that the dataset file declares."""
    low, high = np.searchsorted(frame.time, (first, before))
    columns = {name: values[low:high] for name, values in frame.columns.items()}
    declared_at = [one.moment for one in spec.adjust]
    faults = series_kind(spec.kind).find_faults(frame.time[low:high], columns, spec.period_ms, declared_at)
    return tuple(fault for fault in faults if fault.kind != ABSENT or spec.counts_volume)


def _join(earlier: RawRows, later: RawRows) -> RawRows:
    if not len(earlier):
        return later
    columns = {name: np.concatenate([earlier.columns[name], values]) for name, values in later.columns.items()}
    return RawRows(np.concatenate([earlier.time, later.time]), columns)


def _open_frames(workspace: Workspace, spec: DatasetSpec, source_dir: Path) -> Callable[[str], RawRows]:
    if spec.simulated:
        drawn = SIMULATORS[spec.simulated.market](
            spec.simulated.seed, moment(spec.simulated.start), spec.simulated.days, spec.simulated.edge
        )
        unknown = [
            f"series.{name}: the simulator draws {', '.join(drawn)}; remove it" for name in spec.series if name not in drawn
        ]
        if unknown:
            raise DataError(*unknown)
        return drawn.__getitem__
    return lambda name: _read_rows(find_files(workspace, name, spec.series[name], source_dir, spec.span[0]), spec.series[name])


def _read_rows(paths: list[Path], spec: SeriesSpec) -> RawRows:
    return read_books(paths, spec) if series_kind(spec.kind).holds_books else read_files(paths, spec)


def _require_rows(workspace: Workspace, spec: DatasetSpec, series: Series) -> None:
    """Refuse a series that is not there when it is needed: most often a half-finished download."""
    traded = any(contract.of == series.name for contract in spec.contracts.values())
    for partition, share in measure_coverage(spec, series).items():
        if share < (FEWEST if traded else 0) or (partition == "train" and share == 0):
            span = " .. ".join(iso(at) for at in spec.split.span(partition))
            needs = f"a contract needs {FEWEST:.0%} of them: " if traded else ""
            mend = f"{needs}{_name_rest(workspace, spec, series.name)}, or move the split"
            raise DataError(f"series.{series.name}: holds {share:.0%} of the rows of {partition} ({span}); {mend}")


def _name_rest(workspace: Workspace, spec: DatasetSpec, name: str) -> str:
    """Say how a person gets the rows that a series lacks."""
    source = spec.series[name].source
    if isinstance(source, Download):
        return f"fetch the rest with: {fetch_command(workspace, source, spec.series[name].period, spec.span[0])}"
    return "fetch the rest and name its files"


def _require_volume(spec: DatasetSpec, series: Series) -> None:
    """Refuse a series under a contract in which nothing would ever fill: a source that has no volume and does not say so."""
    contracts = [name for name, contract in spec.contracts.items() if contract.of == series.name]
    counted = "volume" in series.columns or not spec.series[series.name].counts_volume
    if contracts and not (counted and series.traded.any()):
        raise DataError(
            f"series.{series.name}: no bar has volume, and nothing fills in one without it (contracts.{contracts[0]}); where "
            "the source counts none say so with source: {columns: {volume: none}}, and every bar counts as traded"
        )


def _require_odds_column(spec: DatasetSpec, series: Series) -> None:
    """Refuse recorded odds without the column that a contract is priced by."""
    for name, contract in spec.contracts.items():
        if isinstance(contract, Binary) and contract.odds == series.name and "up" not in series.columns:
            raise DataError(
                f"series.{series.name}: no column 'up', which prices contracts.{name}; it has {', '.join(series.columns)}"
            )


def _require_funding(workspace: Workspace, spec: DatasetSpec, series: Series) -> None:
    """Refuse recorded funding that has no such column, is no share of notional, or of which too much is missing."""
    for name, contract in spec.contracts.items():
        if not isinstance(contract, Perpetual) or contract.funding_column is None:
            continue
        of, column = contract.funding_column
        if of != series.name:
            continue
        where = f"series.{of}"
        if column not in series.columns:
            raise DataError(f"{where}: no column '{column}', which funds contracts.{name}; it has {', '.join(series.columns)}")
        record = read_record(series, column, *spec.span)
        if np.abs(record.rate).max(initial=0.0) >= MOST_FUNDING:
            raise DataError(
                f"{where}: {column} is {record.rate[np.argmax(np.abs(record.rate))]:.4g} somewhere, and funding is a share of "
                f"notional below {MOST_FUNDING:g}; say what is counted, such as source: {{units: {{{column}: percent}}}}"
            )
        for partition in PARTITIONS:
            share = record.coverage(*spec.split.span(partition))
            if share < FEWEST:
                raise DataError(
                    f"{where}: records {share:.0%} of the funding of {partition}; contracts.{name} needs {FEWEST:.0%} of it: "
                    f"{_name_rest(workspace, spec, of)}, or assume a rate"
                )


def _require_baseline_column(spec: DatasetSpec, series: Series) -> None:
    """Refuse a baseline that is no column."""
    name, _, column = (spec.baseline or "").partition(".")
    if name == series.name and column not in series.columns:
        raise DataError(f"baseline: series '{name}' has no column '{column}'; it has {', '.join(series.columns)}")
