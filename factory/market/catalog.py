"""Which datasets a workspace holds, without opening their rows."""

import json
from functools import lru_cache
from typing import Any

from factory.canonical import digest, dumps
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
        return dict(self._read(name, META))

    def spec(self, name: str) -> DatasetSpec:
        """The dataset file that a dataset was built from.

        Raises
        ------
        DataError
            If there is no such dataset.
        """
        return _spec(dumps(self._read(name, SPEC)))

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
        """Hash of what a score on validation depends on beside the pipeline: the rows, and a contract at its present costs.

        Raises
        ------
        DataError
            If there is no such dataset.
        """
        found = self.spec(name).contracts.get(contract)
        return digest([self.fingerprint(name, "validation"), found.model_dump(mode="json") if found else None])

    def _read(self, name: str, file: str) -> dict[str, Any]:
        names = self.names()
        if name not in names:
            hint = did_you_mean(name, names) if names else "none is built yet; run 'rfcat dataset build'"
            raise DataError(f"dataset '{name}' unknown; {hint}")
        found: dict[str, Any] = json.loads((self._folder / name / file).read_text(encoding="utf-8"))
        return found


@lru_cache(16)
def _spec(text: str) -> DatasetSpec:
    return DatasetSpec.model_validate_json(text)


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
