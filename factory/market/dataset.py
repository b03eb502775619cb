"""Open a built dataset: memory-mapped, read-only, and never its sealed part."""

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from factory.arrays import mapped
from factory.canonical import dumps
from factory.errors import DataError
from factory.market.catalog import Catalog, partition_meta
from factory.market.series import Partition, Series
from factory.workspace import Workspace

SERIES = "series"


def open_partition(workspace: Workspace, name: str, partition: str) -> Partition:
    """The rows that one open part of a dataset's split may see.

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
    found = partition_meta(meta, partition)
    series = _open_series(workspace.datasets / name / SERIES, found["fingerprint"], dumps([meta[SERIES], found["rows"]]))
    return Partition(name, partition, found["start"], found["end"], series, found["fingerprint"])


@lru_cache(4)
def _open_series(folder: Path, fingerprint: str, told: str) -> Mapping[str, Series]:
    """The rows of one fingerprint, mapped once: a trial may take no longer than mapping them."""
    series, rows = json.loads(told)
    return MappingProxyType({key: load_series(folder / key, key, facts, rows[key]) for key, facts in series.items()})


def load_series(folder: Path, name: str, facts: dict[str, Any], rows: int) -> Series:
    """Map the first `rows` rows of one stored series."""
    try:
        arrays = {column: mapped(folder / f"{column}.npy")[:rows] for column in ("time", "known", *facts["columns"])}
    except (OSError, ValueError):
        raise DataError(f"series '{name}': its files are damaged or gone; run 'rfcat dataset build' again") from None
    time, known = arrays.pop("time"), arrays.pop("known")
    return Series(name, facts["kind"], facts["period"], facts["delay"], time, known, arrays)
