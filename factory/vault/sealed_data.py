"""Sealed rows, opened. Only the vault's own process imports this."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy import float64
from numpy.typing import NDArray

from factory.core.canonical import digest
from factory.core.times import HOUR
from factory.market.catalog import Catalog, require_files
from factory.market.dataset import SERIES, load_series, series_files
from factory.market.series import Partition, Series
from factory.market.spec import DatasetSpec
from factory.storage.workspace import Workspace
from factory.vault.pools import Claim, sealed_claims

ONE_MARKET = 0.5
"""Absolute correlation of hourly returns above which two markets are one (STATISTICS section 2.2)."""
FEWEST_HOURS = 48


def open_sealed(workspace: Workspace, name: str) -> Partition:
    """Open the sealed partition of a dataset, with all rows before it so that features can warm up.

    Raises
    ------
    DataError
        If its files are damaged.
    """
    meta = Catalog(workspace).meta(name)
    bounds = meta["partitions"]["sealed"]
    series = {key: _whole(workspace, name, key, facts) for key, facts in meta[SERIES].items()}
    print_, contracts = digest(["sealed", meta["fingerprint"], bounds]), Catalog(workspace).spec(name).contracts
    return Partition(name, "sealed", bounds["start"], bounds["end"], series, print_, contracts)


def require_sealed(workspace: Workspace, name: str) -> None:
    """Refuse a dataset whose sealed part does not hold what its build wrote; it is hashed, and nothing is made of it.

    Raises
    ------
    DataError
        If it is damaged, and no word of where.
    """
    for key, facts in Catalog(workspace).meta(name)[SERIES].items():
        require_files(workspace.vault / name, dict.fromkeys(series_files(key, facts), 0), sealed=True)


def correlated_claims(workspace: Workspace, name: str) -> set[Claim]:
    """Find what other datasets seal of markets that move with those that this one trades, over shared time."""
    catalog = Catalog(workspace)
    mine = catalog.spec(name)
    claims: set[Claim] = set()
    for other in catalog.names():
        theirs = catalog.spec(other)
        if other != name and _share_time(mine, theirs) and _move_together(workspace, mine, theirs):
            claims |= sealed_claims(theirs)
    return claims


def _share_time(one: DatasetSpec, other: DatasetSpec) -> bool:
    (start, end), (first, last) = one.split.span("sealed"), other.split.span("sealed")
    return max(start, first) < min(end, last)


def _move_together(workspace: Workspace, one: DatasetSpec, other: DatasetSpec) -> bool:
    return any(
        abs(_correlation(left, right)) > ONE_MARKET for left in _traded(workspace, one) for right in _traded(workspace, other)
    )


def _traded(workspace: Workspace, spec: DatasetSpec) -> Iterator[Series]:
    facts = Catalog(workspace).meta(spec.dataset)[SERIES]
    for series in sorted({contract.of for contract in spec.contracts.values()}):
        yield _sealed_rows(workspace, spec.dataset, series, facts[series])


def _correlation(left: Series, right: Series) -> float:
    """Compute the correlation of hourly returns in the hours that both have, 0 where they are too few."""
    (hours, ours), (theirs, values) = _hourly(left), _hourly(right)
    _, mine, yours = np.intersect1d(hours, theirs, return_indices=True)
    if len(mine) < FEWEST_HOURS:
        return 0.0
    correlation = float(np.corrcoef(ours[mine], values[yours])[0, 1])
    return correlation if np.isfinite(correlation) else 0.0


def _hourly(series: Series) -> tuple[NDArray[np.int64], NDArray[float64]]:
    """Compute the log return of each hour from the last close of the hour before; give the hours and the returns."""
    close = series.columns["close"]
    there = np.isfinite(close)
    hour = series.time[there] // HOUR
    last = np.flatnonzero(np.diff(hour, append=np.iinfo(np.int64).max))
    return hour[last][1:], np.diff(np.log(close[there][last]))


def _whole(workspace: Workspace, name: str, key: str, facts: dict[str, Any]) -> Series:
    require_files(workspace.datasets / name, dict.fromkeys(series_files(key, facts), 0))
    opened = load_series(workspace.datasets / name, key, facts, facts["rows"])
    closed = _sealed_rows(workspace, name, key, facts)
    columns = {column: np.concatenate([values, closed.columns[column]]) for column, values in opened.columns.items()}
    time, known = np.concatenate([opened.time, closed.time]), np.concatenate([opened.known, closed.known])
    return replace(opened, time=time, known=known, columns=columns, sessions=closed.sessions)


def _sealed_rows(workspace: Workspace, name: str, key: str, facts: dict[str, Any]) -> Series:
    require_files(workspace.vault / name, dict.fromkeys(series_files(key, facts), 0), sealed=True)
    rows = np.iinfo(np.int64).max
    return load_series(workspace.vault / name, key, facts, int(rows))
