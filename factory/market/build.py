"""From raw rows to a dataset: checked, split, its sealed part put into the vault at once."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from factory.errors import DataError
from factory.market import seals, store
from factory.market.contracts import Binary
from factory.market.frames import Frame
from factory.market.grid import anchor, missing, on_grid
from factory.market.quality import Quality, check
from factory.market.readers import read_files
from factory.market.series import Series
from factory.market.simulator import simulate
from factory.market.sources.paths import files_of
from factory.market.spec import DatasetSpec
from factory.progress import Progress, silent, within
from factory.times import iso, moment
from factory.workspace import Workspace

FEWEST = 0.9
"""Share of the expected rows that a series under a contract must hold in each partition."""


def build(
    workspace: Workspace,
    spec: DatasetSpec,
    source_dir: Path | None = None,
    progress: Progress = silent,
    opening: Callable[[], None] | None = None,
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
    opening : callable, optional
        Given when a person extends the dataset, so that its sealed part becomes validation: called
        before that is written, when all else is checked.

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
    with seals.exclusive(workspace):
        store.recover(workspace)
        seals.refuse_exposure(workspace, spec, extends=opening is not None)
        series, quality = read_series(workspace, spec, source_dir or Path(), within(progress, 0.0, 0.8))
        marks = seals.marks_of(spec, series)
        seals.refuse_twins(workspace, spec, marks)
        progress(0.85, "writing")
        if opening is not None:
            opening()
        return store.write(workspace, spec, series, quality, marks)


def read_series(
    workspace: Workspace, spec: DatasetSpec, source_dir: Path, progress: Progress
) -> tuple[dict[str, Series], dict[str, Quality]]:
    """All rows of a dataset's sources, checked and on their grids, and what the checks found; writes nothing.

    Raises
    ------
    DataError
        If they are not as they must be.
    """
    series: dict[str, Series] = {}
    quality: dict[str, Quality] = {}
    frame_of = _frames(workspace, spec, source_dir)
    for position, (name, one) in enumerate(spec.series.items()):
        progress(position / len(spec.series), f"importing {name}")
        frame = frame_of(name)
        remainder = anchor(one, frame.time)
        clean, quality[name] = check(name, one, frame, spec.span, remainder)
        series[name] = on_grid(name, one, clean, spec.span, remainder)
        _covered(spec, series[name])
        _priced(spec, series[name])
        _held(spec, series[name])
    return series, quality


def _frames(workspace: Workspace, spec: DatasetSpec, source_dir: Path) -> Callable[[str], Frame]:
    if spec.simulated:
        drawn = simulate(spec.simulated.seed, moment(spec.simulated.start), spec.simulated.days, spec.simulated.edge)
        unknown = [
            f"series.{name}: the simulator draws {', '.join(drawn)}; remove it" for name in spec.series if name not in drawn
        ]
        if unknown:
            raise DataError(*unknown)
        return drawn.__getitem__
    return lambda name: read_files(files_of(workspace, name, spec.series[name], source_dir), spec.series[name])


def _covered(spec: DatasetSpec, series: Series) -> None:
    """Refuse a series that is not there when it is needed: most often a half-finished download."""
    traded = any(contract.of == series.name for contract in spec.contracts.values())
    for partition in ("train", "validation", "sealed"):
        first, last = np.searchsorted(series.time, spec.split.span(partition))
        share = float(np.mean(~missing(series)[first:last])) if last > first else 0.0
        if share < (FEWEST if traded else 0) or (partition == "train" and share == 0):
            span = " .. ".join(iso(at) for at in spec.split.span(partition))
            mend = f"a contract needs {FEWEST:.0%} of them: fetch the rest, or move the split" if traded else "move the split"
            raise DataError(f"series.{series.name}: holds {share:.0%} of the rows of {partition} ({span}); {mend}")


def _priced(spec: DatasetSpec, series: Series) -> None:
    """Refuse recorded odds without the column that a contract is priced by."""
    for name, contract in spec.contracts.items():
        if isinstance(contract, Binary) and contract.odds == series.name and "up" not in series.columns:
            raise DataError(
                f"series.{series.name}: no column 'up', which prices contracts.{name}; it has {', '.join(series.columns)}"
            )


def _held(spec: DatasetSpec, series: Series) -> None:
    """Refuse a baseline that is no column."""
    name, _, column = (spec.baseline or "").partition(".")
    if name == series.name and column not in series.columns:
        raise DataError(f"baseline: series '{name}' has no column '{column}'; it has {', '.join(series.columns)}")
