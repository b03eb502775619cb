"""Which datasets a workspace holds, without opening their rows."""

import json
from functools import lru_cache
from os.path import isfile
from typing import Any

from factory.canonical import digest
from factory.errors import DataError, SealError, did_you_mean
from factory.market.spec import DatasetSpec
from factory.workspace import Workspace

META = "meta.json"
SPEC = "spec.json"


class Catalog:
    """The datasets of a workspace.

    Parameters
    ----------
    workspace : Workspace
        Where they were built.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._folder = workspace.datasets

    def names(self) -> list[str]:
        """Names of all built datasets, sorted."""
        return sorted(path.parent.name for path in self._folder.glob(f"[!.]*/{META}"))

    def meta(self, name: str) -> dict[str, Any]:
        """What the build wrote down of a dataset.

        Returns
        -------
        dict
            ``simulated`` (bool), ``fingerprint``, ``series`` (by name: kind,
            underlying, period, delay, columns, rows, missing, first and last stamp
            and quality, all of the open part), ``partitions`` (by name: start, end,
            and for open ones rows by series and fingerprint; of the sealed part
            only the dates are told), ``gap``, ``looks``.

        Raises
        ------
        DataError
            If there is no such dataset.
        """
        found: dict[str, Any] = json.loads(self._read(name, META))
        return found

    def spec(self, name: str) -> DatasetSpec:
        """The dataset file that a dataset was built from.

        Raises
        ------
        DataError
            If there is no such dataset.
        """
        return _spec(self._read(name, SPEC))

    def fingerprint(self, name: str, partition: str | None = None) -> str:
        """Hash of one open partition's rows and bounds, or of the whole dataset with its contracts.

        Raises
        ------
        DataError
            If there is no such dataset or partition.
        SealError
            For ``sealed``.
        """
        meta = self.meta(name)
        if partition is None:
            return str(meta["fingerprint"])
        return str(partition_meta(meta, partition)["fingerprint"])

    def score_key(self, name: str, contract: str) -> str:
        """Hash of what a trial depends on beside the pipeline: validation's rows, a contract's present costs, P5's baseline.

        Raises
        ------
        DataError
            If there is no such dataset.
        """
        return _score_key(self.fingerprint(name, "validation"), self._read(name, SPEC), contract)

    def _read(self, name: str, file: str) -> str:
        # A name comes from anyone: it may be no path out of the folder, and be longer than Path.is_file bears.
        folder = self._folder / name
        if folder.parent == self._folder and not name.startswith(".") and isfile(folder / META):  # noqa: PTH113
            return (folder / file).read_text(encoding="utf-8")
        names = self.names()
        hint = did_you_mean(name, names) if names else "none is built yet; run 'rfcat dataset build'"
        raise DataError(f"dataset '{name[:64]}' unknown; {hint}")


@lru_cache(16)
def _spec(text: str) -> DatasetSpec:
    return DatasetSpec.model_validate_json(text)


@lru_cache(64)
def _score_key(fingerprint: str, spec_text: str, contract: str) -> str:
    spec = _spec(spec_text)
    found = spec.contracts.get(contract)
    costs = found.model_dump(mode="json") if found else None
    return digest([fingerprint, costs, *([spec.baseline] if spec.baseline else [])])


def partition_meta(meta: dict[str, Any], partition: str) -> dict[str, Any]:
    """One open partition of a dataset's meta.

    Raises
    ------
    SealError
        For ``sealed``.
    DataError
        For any other name than ``train`` and ``validation``.
    """
    if partition == "sealed":
        raise SealError("partition 'sealed': closed; a submit spends a look at it, nothing opens it")
    if partition not in ("train", "validation"):
        raise DataError(f"partition '{partition}' unknown; {did_you_mean(partition, ['train', 'validation'])}")
    found: dict[str, Any] = meta["partitions"][partition]
    return found
