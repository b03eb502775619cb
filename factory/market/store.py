"""Write a built dataset: open rows to its folder, sealed rows to the vault, whole or not at all."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from factory.core import canonical
from factory.core.errors import DataError
from factory.core.hashes import write_hashes
from factory.market import faults, seal_registry, staging
from factory.market.catalog import CALENDAR, LEAST_DELAY, META, OVERSHOOT, QUALITY, SPEC
from factory.market.contracts import SETTLED
from factory.market.dataset import SERIES, SESSIONS
from factory.market.grid import find_missing
from factory.market.pace import PACE
from factory.market.quality import Quality
from factory.market.raw_rows import RawRows
from factory.market.series import Series
from factory.market.settlement import compare_with_bars
from factory.market.spec import DatasetSpec
from factory.market.vintage_facts import REVISED
from factory.market.vintages import measure_revisions
from factory.storage.workspace import Workspace

FORMAT = 3
OPEN = ("train", "validation")
VINTAGES = "vintages"
"""Folder of all that was published of series whose values are revised, for whoever audits a build."""
KNOWN = "(known)"
"""What moments of publication are hashed as: no name of a column."""


def write(
    workspace: Workspace,
    spec: DatasetSpec,
    series: Mapping[str, Series],
    quality: Mapping[str, Quality],
    marks: seal_registry.Marks,
    check: Callable[[Path, Path], None],
    opening: staging.Opening | None,
) -> dict[str, Any]:
    """Write both halves of a dataset, replacing an older build of the same name.

    Parameters
    ----------
    check : callable
        Called with the folders of the open and the closed half before they are put in place; what it raises keeps
        them from it.
    opening : Opening or None
        A person's, of what was sealed.

    Returns
    -------
    dict
        The dataset's meta.

    Raises
    ------
    DataError
        If the disk refuses; then nothing has changed.
    """
    meta = _meta(spec, series, quality)
    ends = {name: _find_closed(spec, one) for name, one in series.items()}
    try:
        with staging.stage(workspace) as (opened, closed):
            for name, one in series.items():
                cut = _rows(spec, one, "validation")
                _save(opened / SERIES / name, one, slice(None, cut), spec.bounds("validation")[1])
                _save(closed / SERIES / name, one, slice(cut, None), spec.span[1])
            for name, report in quality.items():
                if report.vintages is not None:
                    halves = opened / VINTAGES / name, closed / VINTAGES / name
                    _save_vintages(halves, report.vintages, spec.bounds("validation")[1])
            seal_registry.write(closed, spec, marks)
            _json(closed / QUALITY, {name: one.listing(ends[name], None) for name, one in quality.items()})
            _json(opened / QUALITY, {name: one.listing(None, ends[name]) for name, one in quality.items()})
            _json(opened / SPEC, spec.model_dump(mode="json", exclude_unset=True))
            _json(opened / META, meta)
            write_hashes(opened)
            write_hashes(closed)
            _owner_only(closed)
            check(opened, closed)
            staging.commit(workspace, spec.dataset, opening.sign() if opening else None)
    except OSError as error:
        raise DataError(f"dataset '{spec.dataset}': {error.strerror or 'cannot be written'}; nothing was written") from error
    staging.finish_or_undo(workspace, opening.record if opening else None)
    return meta


def _rows(spec: DatasetSpec, series: Series, partition: str) -> int:
    """Count the rows that lie wholly before a partition's end."""
    if series.least_delay is not None:
        return int(np.searchsorted(series.ends, spec.bounds(partition)[1], side="right"))
    one = spec.series[series.name]
    if series.sessions is not None:
        return int(np.searchsorted(series.known - one.delay_ms, spec.bounds(partition)[1], side="right"))
    extent = one.extent_ms + series.delay - one.delay_ms
    return int(np.searchsorted(series.time + extent, spec.bounds(partition)[1], side="right" if extent else "left"))


def _find_closed(spec: DatasetSpec, series: Series) -> int:
    """Find the stamp from which on rows are closed: a value may be published after validation that is stamped before."""
    end, rows = spec.bounds("validation")[1], _rows(spec, series, "validation")
    return min(end, int(series.time[rows])) if rows < len(series) else end


def _meta(spec: DatasetSpec, series: Mapping[str, Series], quality: Mapping[str, Quality]) -> dict[str, Any]:
    rows = {partition: {name: _rows(spec, one, partition) for name, one in series.items()} for partition in OPEN}
    prints = fingerprints_of(spec, series, rows)
    partitions: dict[str, Any] = {
        partition: {
            "start": spec.bounds(partition)[0],
            "end": spec.bounds(partition)[1],
            "rows": rows[partition],
            "fingerprint": prints[partition],
        }
        for partition in OPEN
    }
    partitions["sealed"] = {"start": spec.bounds("sealed")[0], "end": spec.bounds("sealed")[1]}
    contracts = {name: contract.model_dump(mode="json") for name, contract in spec.contracts.items()}
    start, end = spec.bounds("train")[0], spec.bounds("validation")[1]
    settled = {
        name: compare_with_bars(one, series, start, end) for name, one in spec.binaries.items() if not one.settles_by_bars
    }
    return {
        "v": FORMAT,
        "dataset": spec.dataset,
        "about": spec.about,
        "simulated": spec.simulated is not None,
        "fingerprint": canonical.digest([*sorted(prints.values()), contracts, spec.split.model_dump(mode="json")]),
        "gap": spec.gap,
        "looks": spec.looks,
        "series": {name: _facts(spec, one, rows["validation"][name], quality[name]) for name, one in series.items()},
        "partitions": partitions,
        **({SETTLED: settled} if settled else {}),
    }


def _facts(spec: DatasetSpec, series: Series, rows: int, quality: Quality) -> dict[str, Any]:
    present = np.flatnonzero(~find_missing(series)[:rows])
    return {
        "kind": series.kind,
        "underlying": spec.series[series.name].underlying,
        "period": series.period,
        "delay": series.delay,
        "columns": list(series.columns),
        OVERSHOOT: series.overshoot,
        **_calendar_facts(spec, series),
        "rows": rows,
        "missing": int(rows - len(present)),
        "first": int(series.time[present[0]]),
        "last": int(series.time[present[-1]]),
        "quality": quality.summary(None, _find_closed(spec, series)),
        faults.KEY: [fault.stored() for fault in quality.faults],
        **({} if series.least_delay is None else {LEAST_DELAY: series.least_delay}),
        **_vintage_facts(spec, series.name, quality),
    }


def _vintage_facts(spec: DatasetSpec, series: str, quality: Quality) -> dict[str, Any]:
    """Describe how far values were revised by the end of validation, of a source that tells."""
    if quality.vintages is None:
        return {}
    told = measure_revisions(quality.vintages, spec.bounds("validation")[1])
    return {REVISED: {column: asdict(one) for column, one in told.items()}}


def _calendar_facts(spec: DatasetSpec, series: Series) -> dict[str, Any]:
    """Describe the calendar of a series that has one: its name, and how densely its bars lie before the sealed part."""
    if series.sessions is None:
        return {}
    pace = series.sessions.before(spec.bounds("validation")[1]).measure_pace()
    return {CALENDAR: spec.series[series.name].calendar, PACE: list(pace)}


def fingerprints_of(spec: DatasetSpec, series: Mapping[str, Series], rows: Mapping[str, Mapping[str, int]]) -> dict[str, str]:
    """Compute the hash of each open partition's rows and bounds; validation's rows go on where train's end.

    What settles windows is in it where other rows than their bars do, since labels are by it.
    """
    parts: dict[str, list[Any]] = {partition: [partition, *spec.bounds(partition)] for partition in OPEN}
    settles = {name: one.settle.model_dump(mode="json") for name, one in spec.binaries.items() if not one.settles_by_bars}
    for partition in OPEN if settles else ():
        parts[partition].append(["settle", settles])
    for name, one in sorted(series.items()):
        # What a rule makes of stamps needs no hash; moments of publication that differ from row to row do.
        own = {} if one.least_delay is None else {KNOWN: one.known}
        for column, values in sorted({**one.columns, **own}.items()):
            running = hashlib.sha256()
            at = 0
            for partition in OPEN:
                end = rows[partition][name]
                running.update(np.ascontiguousarray(values[at:end], dtype="<f8").tobytes())
                first = int(one.time[0]) if end else 0
                parts[partition].append([name, one.kind, one.period, one.delay, first, end, column, running.hexdigest()])
                at = end
        if one.sessions is not None:
            for partition in OPEN:
                sessions = one.sessions.before(spec.bounds(partition)[1]).pack()
                parts[partition].append([name, SESSIONS, hashlib.sha256(sessions.astype("<i8").tobytes()).hexdigest()])
    return {partition: canonical.digest(facts) for partition, facts in parts.items()}


def _save(folder: Path, series: Series, rows: slice, end: int) -> None:
    """Write some rows of a series, and of its sessions all that begin before their end."""
    folder.mkdir(parents=True)
    for name, values in {"time": series.time, "known": series.known, **series.columns}.items():
        np.save(folder / f"{name}.npy", values[rows])
    if series.sessions is not None:
        np.save(folder / f"{SESSIONS}.npy", series.sessions.before(end).pack())


def _save_vintages(halves: tuple[Path, Path], vintages: RawRows, end: int) -> None:
    """Write all that was published of a series: what was published by the end of validation, and the rest."""
    assert vintages.known is not None, "only rows with moments of publication are vintages"
    cut = int(np.searchsorted(vintages.known, end, side="right"))
    for folder, rows in zip(halves, (slice(None, cut), slice(cut, None)), strict=True):
        folder.mkdir(parents=True)
        for name, values in {"time": vintages.time, "known": vintages.known, **vintages.columns}.items():
            np.save(folder / f"{name}.npy", values[rows])


def _json(path: Path, value: Any) -> None:
    path.write_text(canonical.dumps(value), encoding="utf-8")


def _owner_only(folder: Path) -> None:
    for path in folder.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
