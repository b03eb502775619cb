"""Open a built dataset: checked, memory-mapped, read-only, and never its sealed part."""

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from factory.core.canonical import dumps
from factory.core.errors import DataError
from factory.core.hashes import Stamp
from factory.market.catalog import CALENDAR, LEAST_DELAY, MEND, OVERSHOOT, Catalog, partition_meta, require_files
from factory.market.series import Partition, Series
from factory.market.sessions import Sessions
from factory.storage.arrays import mapped
from factory.storage.workspace import Workspace

SERIES = "series"
SESSIONS = "sessions"
"""Name of the file with a series' sessions, beside those of its columns."""
NUMBER = 8
"""Bytes of a stamp and of a value."""


def open_partition(workspace: Workspace, name: str, partition: str) -> Partition:
    """Open the rows that one open part of a dataset's split may see.

    Parameters
    ----------
    workspace : Workspace
        Where the dataset was built.
    name : str
        The dataset.
    partition : str
        ``train`` or ``validation``.

    Returns
    -------
    Partition
        Arrays are mapped from disk and cannot be written.

    Raises
    ------
    DataError
        If there is no such dataset or partition, or its files are damaged.
    SealError
        For ``sealed``.
    """
    meta = Catalog(workspace).meta(name)
    part = partition_meta(meta, partition)
    folder, rows = workspace.datasets / name, part["rows"]
    unused = {
        file: 0 if file.endswith(f"/{SESSIONS}.npy") else NUMBER * (facts["rows"] - rows[key])
        for key, facts in meta[SERIES].items()
        for file in series_files(key, facts)
    }
    stamps = require_files(folder, unused)
    series = _open_series(folder, part["fingerprint"], dumps([meta[SERIES], rows]), stamps)
    contracts = Catalog(workspace).spec(name).contracts
    return Partition(name, partition, part["start"], part["end"], series, part["fingerprint"], contracts)


@lru_cache(4)
def _open_series(folder: Path, fingerprint: str, told: str, stamps: tuple[Stamp, ...]) -> Mapping[str, Series]:
    """Map the rows of one fingerprint, once: a trial may take no longer than mapping them."""
    series, rows = json.loads(told)
    return MappingProxyType({key: load_series(folder, key, facts, rows[key]) for key, facts in series.items()})


def series_files(name: str, facts: Mapping[str, Any]) -> list[str]:
    """Name the files of one series, from the folder of the half that they belong to."""
    more = (SESSIONS,) if CALENDAR in facts else ()
    return [f"{SERIES}/{name}/{column}.npy" for column in ("time", "known", *more, *facts["columns"])]


def load_series(half: Path, name: str, facts: dict[str, Any], rows: int) -> Series:
    """Map the first `rows` rows of one stored series of the open or the sealed half, whose files are whole.

    Its sessions are those up to its last row's, whatever a calendar says by now.
    """
    try:
        arrays = {Path(file).stem: mapped(half / file) for file in series_files(name, facts)}
    except (OSError, ValueError):
        raise DataError(f"series '{name}': its files are damaged or gone; {MEND}") from None
    sessions = Sessions.unpack(arrays.pop(SESSIONS)) if CALENDAR in facts else None
    arrays = {column: values[:rows] for column, values in arrays.items()}
    time, known = arrays.pop("time"), arrays.pop("known")
    if sessions is not None and len(time):
        sessions = sessions.before(int(time[-1]) + 1)
    overshoot, least = facts[OVERSHOOT], facts.get(LEAST_DELAY)
    return Series(name, facts["kind"], facts["period"], facts["delay"], time, known, arrays, overshoot, sessions, least)
