"""The proof of `rfcat doctor`: that the datasets on disk are those that were built."""

from pathlib import Path

from factory.core.errors import FactoryError
from factory.core.hashes import HASHES, find_damage
from factory.market.catalog import MEND, Catalog
from factory.market.dataset import open_partition
from factory.market.store import fingerprints_of
from factory.storage.workspace import Workspace


def verify_dataset(workspace: Workspace, name: str) -> list[str]:
    """List the problems of a dataset, one line each.

    Every file is read whole, and the rows are held against their fingerprints.

    Of the sealed part no more is told than that it is damaged.

    Parameters
    ----------
    workspace : Workspace
        Where it was built.
    name : str
        The dataset.
    """
    problems = [f"{file} is damaged or gone" for file in _damaged(workspace.datasets / name)]
    if _damaged(workspace.vault / name):
        problems.append("its sealed part is damaged or gone")
    if not problems and not _is_printed(workspace, name):
        problems.append("its rows are not those of its fingerprint")
    return [f"dataset '{name}': {problem}; {MEND}" for problem in problems]


def _damaged(folder: Path) -> list[str]:
    try:
        return find_damage(folder)
    except (OSError, ValueError):
        return [HASHES]


def _is_printed(workspace: Workspace, name: str) -> bool:
    """Check whether the fingerprints, by which the ledger files trials, are those of the rows."""
    catalog = Catalog(workspace)
    parts = catalog.meta(name)["partitions"]
    try:
        series = open_partition(workspace, name, "validation").series
    except FactoryError:
        return False
    rows = {partition: one["rows"] for partition, one in parts.items() if "rows" in one}
    prints = fingerprints_of(catalog.spec(name), series, rows)
    return all(parts[partition]["fingerprint"] == one for partition, one in prints.items())
