"""Which datasets a workspace holds, without opening their rows."""

import json
from collections.abc import Mapping
from functools import lru_cache
from os.path import isfile
from pathlib import Path
from typing import Any

from factory.core.canonical import digest
from factory.core.errors import DataError, SealError, did_you_mean
from factory.core.hashes import HASHES, DamageError, Stamp, require_whole
from factory.market.spec import DatasetSpec
from factory.storage.workspace import Workspace

META = "meta.json"
SPEC = "spec.json"
QUALITY = "quality.json"
OVERSHOOT = "overshoot"
"""Key of a series' facts: see :mod:`factory.market.overshoot`."""
CALENDAR = "calendar"
"""Key of the facts of a series that has sessions: its calendar's name."""
STITCHED = "stitched symbols"
"""Of a quality report: from when on rows are those of another symbol."""
LEAST_DELAY = "least_delay"
"""Key of a series' facts where its rows have delays of their own: the least that they may have."""
NONE_BUILT = "none is built yet; run `rfcat start`, or `rfcat dataset build FILE` on your own data (docs/datasets.md)"
MEND = "run 'rfcat dataset build' again, or 'rfcat start' for the simulated market"


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
        """List the names of all built datasets, sorted."""
        return sorted(path.parent.name for path in self._folder.glob(f"[!.]*/{META}"))

    def meta(self, name: str) -> dict[str, Any]:
        """Read what the build wrote down of a dataset.

        Returns
        -------
        dict
            ``simulated`` (bool), ``fingerprint``, ``series`` (by name: kind,
            underlying, period, delay, columns, overshoot, rows, missing, first and last
            stamp, quality and faults, all of the open part), ``partitions`` (by name: start, end,
            and for open ones rows by series and fingerprint; of the sealed part
            only the dates are told), ``gap``, ``looks``.

        Raises
        ------
        DataError
            If there is no such dataset, or the file is damaged.
        """
        meta: dict[str, Any] = json.loads(self._read(name, META))
        return meta

    def spec(self, name: str) -> DatasetSpec:
        """Read the dataset file that a dataset was built from.

        Raises
        ------
        DataError
            If there is no such dataset, or the file is damaged.
        """
        return _spec(self._read(name, SPEC))

    def quality(self, name: str) -> dict[str, Any]:
        """Read what the import found in the open part of each series, by name: up to a thousand places of each finding.

        Raises
        ------
        DataError
            If there is no such dataset, or the file is damaged.
        """
        listed: dict[str, Any] = json.loads(self._read(name, QUALITY))
        return listed

    def fingerprint(self, name: str, partition: str | None = None) -> str:
        """Return the hash of one open partition's rows and bounds, or of the whole dataset with its contracts.

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

    def score_key(self, name: str, contract: str, targets: tuple[str, ...], also: tuple[str, ...] = ()) -> str:
        """Compute the hash of what a trial depends on beside the pipeline.

        That is validation's rows, the present costs of a contract and of those that are traded beside it, the windows of
        contracts that proxies learn, and P5's baseline.

        Raises
        ------
        DataError
            If there is no such dataset, or the file is damaged.
        """
        return _score_key(self.fingerprint(name, "validation"), self._read(name, SPEC), contract, targets, also)

    def _read(self, name: str, file: str) -> str:
        # A name comes from anyone: it may be no path out of the folder, and be longer than Path.is_file bears.
        folder = self._folder / name
        if folder.parent == self._folder and not name.startswith(".") and isfile(folder / META):  # noqa: PTH113
            require_files(folder, {file: 0})
            return (folder / file).read_text(encoding="utf-8")
        names = self.names()
        hint = did_you_mean(name, names) if names else NONE_BUILT
        raise DataError(f"dataset '{name[:64]}' unknown; {hint}")


def require_files(folder: Path, files: Mapping[str, int], sealed: bool = False) -> tuple[Stamp, ...]:
    """Refuse files of one half of a dataset that do not hold what its build wrote.

    Parameters
    ----------
    folder : Path
        Of that half.
    files : mapping of str to int
        Bytes at the end that are not used, by path in it.
    sealed : bool
        Whether no more may be told than that.

    Returns
    -------
    tuple of Stamp
        Of :func:`~factory.core.hashes.require_whole`.

    Raises
    ------
    DataError
        Naming the first that is damaged or gone.
    """
    try:
        return require_whole(folder, files)
    except (ValueError, OSError) as error:
        where = str(error) if isinstance(error, DamageError) else Path(getattr(error, "filename", None) or folder).name
        told = f"{'its sealed part' if sealed else where} is damaged or gone"
        if not (folder / HASHES).is_file():
            told = "built by an older version"
        raise DataError(f"dataset '{folder.name}': {told}; {MEND}") from None


@lru_cache(16)
def _spec(text: str) -> DatasetSpec:
    return DatasetSpec.model_validate_json(text)


@lru_cache(64)
def _score_key(fingerprint: str, spec_text: str, contract: str, targets: tuple[str, ...], also: tuple[str, ...]) -> str:
    spec = _spec(spec_text)
    terms = spec.contracts.get(contract)
    costs = terms.model_dump(mode="json") if terms else None
    # What is declared genuine leaves the rows as they were, and changes what is said of trials on them.
    declared = {name: [one.at for one in series.adjust] for name, series in spec.series.items() if series.adjust}
    learned = {name: [one.of, one.window] for name in targets if (one := spec.binaries.get(name))}
    beside = {name: spec.contracts[name].model_dump(mode="json") for name in also if name in spec.contracts}
    told = [one for one in (learned, beside) if one]
    return digest([fingerprint, costs, *told, *([spec.baseline] if spec.baseline else []), *([declared] if declared else [])])


def partition_meta(meta: dict[str, Any], partition: str) -> dict[str, Any]:
    """Select one open partition of a dataset's meta.

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
    part: dict[str, Any] = meta["partitions"][partition]
    return part
