"""From raw rows to a dataset: checked, split, its sealed part put into the vault at once."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy import float64
from numpy.typing import NDArray

from factory.core.errors import DataError, SealError
from factory.core.progress import Progress, no_progress, subrange
from factory.core.times import DAY, iso, moment, to_duration
from factory.market import seal_registry, staging, store
from factory.market.book_simulator import simulate_book
from factory.market.books import read_books
from factory.market.contract_checks import refuse_told_at_end
from factory.market.contracts import MOST_FUNDING, USUAL_FUNDING, ByBars, ByRecord, Perpetual
from factory.market.coverage import measure_coverage, warn_of_thin
from factory.market.declarations import apply_declarations
from factory.market.downloads import fetch_command, find_files
from factory.market.faults import ABSENT, JUMP, Fault
from factory.market.files import Download
from factory.market.funding import read_record, warn_of_missed
from factory.market.grid import align_stamps, lay_on_grid
from factory.market.overshoot import measure_overshoot
from factory.market.quality import Quality, validate_rows
from factory.market.raw_rows import RawRows
from factory.market.readers import read_files
from factory.market.series import Series
from factory.market.series_kinds import series_kind
from factory.market.series_rows import find_sessions, read_checked_rows
from factory.market.series_spec import SeriesSpec
from factory.market.sessions import Sessions
from factory.market.settlement import PRICE, UP
from factory.market.simulator import simulate
from factory.market.spec import PARTITIONS, DatasetSpec
from factory.market.splices import list_parts
from factory.market.stitching import stitch
from factory.market.vintages import cut_before, forget_before, order_vintages, refuse_one_release, tell_vintages
from factory.storage.workspace import Workspace

SIMULATORS = {"minutes": simulate, "book": simulate_book}
"""What draws a simulated dataset, by its ``market``."""
FEWEST = 0.9
"""Share of the expected rows that a series under a contract must hold in each partition."""
MOST = 2**62
"""Later than any moment."""


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
    for contract in spec.binaries.values():
        if contract.odds and not spec.simulated:
            refuse_told_at_end(contract.odds, spec.series[contract.odds])
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
            without = {name: forget_before(spec.series[name], one, spec.span[0]) for name, one in series.items()}
            if all(len(without[name]) == len(one) for name, one in series.items()):
                raise
            quality = {name: replace(one, vintages=cut_before(one.vintages, spec.span[0])) for name, one in quality.items()}
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
    read_source = _open_sources(workspace, spec, source_dir)
    starts = seal_registry.warm_up_starts(workspace, spec)
    for position, (name, one) in enumerate(spec.series.items()):
        progress(position / len(spec.series), f"importing {name}")
        end = spec.bounds("validation")[1]
        checked = read_checked_rows(name, one, partial(read_source, name), starts[name], spec.span, end)
        quality[name] = replace(
            checked.quality,
            read=(*checked.quality.read, *tell_vintages(one, checked.vintages, end)),
            faults=_open_faults(spec, name, checked.rows, checked.sessions),
            vintages=checked.vintages,
        )
        span = checked.first, spec.span[1]
        series[name] = lay_on_grid(name, one, checked.rows, span, checked.remainder, checked.late, checked.sessions)
        own = series[name].since(spec.span[0])
        series[name] = replace(series[name], overshoot=measure_overshoot(own, spec.bounds("train")[1]))
        _require_rows(workspace, spec, series[name])
        _require_volume(spec, own)
        _require_odds(spec, series[name])
        _require_settlement_column(spec, series[name])
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
    return check_rows(spec, read_rows(paths, spec))


def check_rows(spec: SeriesSpec, frame: RawRows, name: str = "file") -> Quality:
    """Tell what an import would find in the rows of one series, as they were read.

    Raises
    ------
    DataError
        If they are not as they must be.
    """
    frame, sessions, _ = find_sessions(name, spec, frame, (int(frame.time.min()) - DAY, int(frame.time.max()) + DAY))
    frame, remainder, _ = align_stamps(name, spec, frame)
    frame = apply_declarations(spec, frame)
    span = int(frame.time.min()), int(frame.time.max()) + spec.period_ms
    refuse_one_release(name, spec, frame)
    clean, report = validate_rows(name, spec, frame, span, remainder, sessions)
    vintages = order_vintages(spec, frame, int(frame.time.min()), span[1], MOST)
    read = (*report.read, *tell_vintages(spec, vintages, MOST))
    return replace(report, read=read, faults=_find_faults(spec, clean, *span, sessions), vintages=vintages)


def _open_faults(spec: DatasetSpec, name: str, frame: RawRows, sessions: Sessions | None) -> tuple[Fault, ...]:
    """Find the faults of the open rows; refuse a jump after them.

    No agent may hear of such a jump and an exam would trade across it.
    """
    one, end = spec.series[name], spec.bounds("validation")[1]
    last_open = int(frame.time[max(0, int(np.searchsorted(frame.time, end)) - 1)])
    closed = _find_faults(one, frame, last_open, spec.span[1], sessions)
    jumps = [iso(fault.spans[0][0]) for fault in closed if fault.kind == JUMP and fault.spans[0][1] >= end]
    if jumps:
        raise DataError(
            f"series.{name}: its price jumps {len(jumps)} times in the sealed part, first {jumps[0]}, as where coins are "
            f"redenominated; declare each under series.{name}, such as adjust: [{{at: {jumps[0]}, factor: ...}}], factor: 1 "
            "where the market truly moved so, or exclude it"
        )
    return _find_faults(one, frame, int(frame.time[0]), end, sessions)


def _find_faults(spec: SeriesSpec, frame: RawRows, first: int, before: int, sessions: Sessions | None) -> tuple[Fault, ...]:
    """Find the faults of the checked rows with first <= stamp < before, less those that the dataset file declares."""
    low, high = np.searchsorted(frame.time, (first, before))
    columns = {name: values[low:high] for name, values in frame.columns.items()}
    declared_at = [one.moment for one in spec.adjust]
    time = frame.time[low:high]
    places = None if sessions is None else sessions.number_bars(time, spec.period_ms)
    faults = series_kind(spec.kind).find_faults(time, columns, spec.period_ms, declared_at, places)
    return tuple(fault for fault in faults if fault.kind != ABSENT or spec.counts_volume)


def _open_sources(workspace: Workspace, spec: DatasetSpec, source_dir: Path) -> Callable[[str, SeriesSpec], RawRows]:
    """Return what reads the rows of a series, by its name, from the source that a spec of it names."""
    if spec.simulated:
        drawn = SIMULATORS[spec.simulated.market](
            spec.simulated.seed, moment(spec.simulated.start), spec.simulated.days, spec.simulated.edge
        )
        unknown = [
            f"series.{name}: the simulator draws {', '.join(drawn)}; remove it" for name in spec.series if name not in drawn
        ]
        if unknown:
            raise DataError(*unknown)
        return lambda name, _: drawn[name]
    return lambda name, one: _read_source(workspace, spec, name, one, source_dir)


def _read_source(workspace: Workspace, spec: DatasetSpec, name: str, one: SeriesSpec, source_dir: Path) -> RawRows:
    """Read the files of one source of a series; those of several symbols are stitched."""
    if not isinstance(one.source, Download):
        return read_rows(find_files(workspace, name, one, source_dir), one)
    parts = [one.model_copy(update={"source": part}) for part in one.source.parts]
    frames = [read_rows(find_files(workspace, name, part, source_dir, spec.span[0]), part) for part in parts]
    return stitch(name, [part.symbol for part in one.source.parts], frames)


def read_rows(paths: Sequence[Path], spec: SeriesSpec) -> RawRows:
    """Read the files of one series by what its kind holds."""
    return read_books(paths, spec) if series_kind(spec.kind).holds_books else read_files(paths, spec)


def _require_rows(workspace: Workspace, spec: DatasetSpec, series: Series) -> None:
    """Refuse a series that is not there when it is needed: most often a half-finished download."""
    traded = any(contract.of == series.name for contract in spec.contracts.values())
    for partition, share in measure_coverage(spec, series).items():
        if share < (FEWEST if traded else 0) or (partition == "train" and share == 0):
            span = " .. ".join(iso(at) for at in spec.split.span(partition))
            needs = f"a contract needs {FEWEST:.0%} of them: " if traded else ""
            if calendar := spec.series[series.name].calendar:
                needs += f"rows are expected in the sessions of {calendar}, see that zone: is right; "
            mend = f"{needs}{_name_rest(workspace, spec, series.name, partition)}, or move the split"
            raise DataError(f"series.{series.name}: holds {share:.0%} of the rows of {partition} ({span}); {mend}")


def _name_rest(workspace: Workspace, spec: DatasetSpec, name: str, partition: str) -> str:
    """Say how a person gets the rows that a series lacks in a partition: of the source that it ends with."""
    part = next(one for one in list_parts(spec.series[name]) if spec.split.span(partition)[1] <= one.before)
    if isinstance(part.spec.source, Download):
        since = part.fetch_start(spec.span[0])
        commands = [fetch_command(workspace, one, part.spec.period, since) for one in part.spec.source.parts]
        return f"fetch the rest with: {' && '.join(commands)}"
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


def _require_odds(spec: DatasetSpec, series: Series) -> None:
    """Refuse recorded odds without the column that a contract is priced by, or known only after the price is paid."""
    for name, contract in spec.binaries.items():
        if contract.odds != series.name:
            continue
        if "up" not in series.columns:
            raise DataError(
                f"series.{series.name}: no column 'up', which prices contracts.{name}; it has {', '.join(series.columns)}"
            )
        if series.delay:
            raise DataError(
                f"series.{series.name}: its rows are stamped {to_duration(series.delay)} into their windows, and a price of "
                f"contracts.{name} must be known when it is paid; record each as its window starts"
            )


def _require_settlement_column(spec: DatasetSpec, series: Series) -> None:
    """Refuse a series that settles windows without the column that does."""
    for name, contract in spec.binaries.items():
        settle = contract.settle
        if isinstance(settle, ByBars) or settle.of != series.name:
            continue
        wanted, held = UP if isinstance(settle, ByRecord) else PRICE, list(series.columns)
        if wanted not in held and (wanted == UP or len(held) > 1):
            raise DataError(
                f"series.{series.name}: no column '{wanted}', which settles contracts.{name}; it has {', '.join(held)}; "
                f"say which it is with source: {{columns: {{{wanted}: ...}}}}"
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
        if told := _find_no_share(record.rate):
            mend = f"say what is counted, such as source: {{units: {{{column}: percent}}}}"
            raise DataError(f"{where}: {column} is {told}; {mend}")
        for partition in PARTITIONS:
            share = record.coverage(*spec.split.span(partition))
            if share < FEWEST:
                raise DataError(
                    f"{where}: records {share:.0%} of the funding of {partition}; contracts.{name} needs {FEWEST:.0%} of it: "
                    f"{_name_rest(workspace, spec, of, partition)}, or assume a rate"
                )


def _find_no_share(rates: NDArray[float64]) -> str | None:
    """Say what shows that rates of funding are no shares of notional: one of them, or the middle of them."""
    sizes = np.abs(rates)
    if sizes.max(initial=0.0) >= MOST_FUNDING:
        return f"{rates[np.argmax(sizes)]:.4g} somewhere, and funding is a share of notional below {MOST_FUNDING:g}"
    if len(sizes) and (middle := float(np.median(sizes))) > USUAL_FUNDING:
        return f"{middle:.4g} or more in half of the rows, and funding is a share of notional, mostly below {USUAL_FUNDING:g}"
    return None


def _require_baseline_column(spec: DatasetSpec, series: Series) -> None:
    """Refuse a baseline that is no column."""
    name, _, column = (spec.baseline or "").partition(".")
    if name == series.name and column not in series.columns:
        raise DataError(f"baseline: series '{name}' has no column '{column}'; it has {', '.join(series.columns)}")
