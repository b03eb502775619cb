"""Open a built dataset: memory-mapped, read-only, and never its sealed part."""

from pathlib import Path
from typing import Any

import numpy as np

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
    folder = workspace.datasets / name / SERIES
    series = {key: load_series(folder / key, key, facts, found["rows"][key]) for key, facts in meta[SERIES].items()}
    return Partition(name, partition, found["start"], found["end"], series, found["fingerprint"])


def load_series(folder: Path, name: str, facts: dict[str, Any], rows: int) -> Series:
    """Map the first `rows` rows of one stored series."""
    try:
        arrays = {
            column: np.asarray(np.load(folder / f"{column}.npy", mmap_mode="r"))[:rows]
            for column in ("time", "known", *facts["columns"])
        }
    except (OSError, ValueError):
        raise DataError(f"series '{name}': its files are damaged or gone; run 'rfcat dataset build' again") from None
    time, known = arrays.pop("time"), arrays.pop("known")
    return Series(name, facts["kind"], facts["period"], facts["delay"], time, known, arrays)
