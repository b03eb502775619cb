"""What keeps a sealed row from lying open under another name.

Every dataset leaves two marks in the vault: which markets it seals and when,
and a hash of every 30 consecutive rows, open and sealed. A new dataset is
refused if its open dates, or any of its open rows whatever they are called,
are sealed elsewhere, and the other way round.
"""

import fcntl
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy import float64, uint64
from numpy.typing import NDArray

from factory import canonical
from factory.errors import SealError
from factory.market.series import Series
from factory.market.spec import DatasetSpec
from factory.times import iso
from factory.workspace import Workspace

SEAL = "seal.json"
CHUNK = 30
DISTINCT = 8
"""Chunks with fewer different values, as of a thin market that stands still, tell nothing."""

Hashes = NDArray[uint64]


@dataclass(frozen=True)
class Marks:
    """Hashes of the rows of a dataset.

    Parameters
    ----------
    open, sealed : mapping of str to ndarray of uint64
        By series; one hash for each 30 rows that lie wholly on that side.
    """

    open: Mapping[str, Hashes]
    sealed: Mapping[str, Hashes]


@contextmanager
def exclusive(workspace: Workspace) -> Iterator[None]:
    """Let one process at a time build datasets in a workspace."""
    with (workspace.vault / ".build.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def refuse_exposure(workspace: Workspace, spec: DatasetSpec, *, extends: bool = False) -> None:
    """Refuse by the dates, before a file is read.

    Parameters
    ----------
    workspace : Workspace
        Whose seals count.
    spec : DatasetSpec
        What is to be built.
    extends : bool
        Whether a person opens the old sealed part of this dataset, into validation, and seals newer bars.

    Raises
    ------
    SealError
        If the split of an existing dataset would change, or open dates of one
        dataset are sealed dates of another for the same underlying.
    """
    mine = _claims(spec)
    for name, theirs in _seals(workspace):
        if name == spec.dataset:
            (_refuse_other_extension if extends else _refuse_change)(spec, theirs)
            continue
        for series, claim in mine.items():
            for other in theirs["series"].values():
                if claim["identity"] == other["identity"]:
                    _refuse_overlap(series, claim, name, other)


def _refuse_change(spec: DatasetSpec, before: Mapping[str, Any]) -> None:
    mine = _claims(spec)
    changed = [key for key in ("split", "looks") if before[key] != _head(spec)[key]]
    changed += [f"series.{name}" for name, claim in before["series"].items() if mine.get(name) != claim]
    if changed:
        raise SealError(f"{changed[0]}: fixed since '{spec.dataset}' was first built; put it back, or choose another name")


def _refuse_other_extension(spec: DatasetSpec, before: Mapping[str, Any]) -> None:
    """Only the split may change, and only so that what was sealed becomes validation whole and newer bars are sealed."""
    old, new = before["split"], _head(spec)["split"]
    first, last = old["sealed"]
    allowed = {"train": old["train"], "validation": [old["validation"][0], last]}
    changed = [f"split.{name}: must be {bounds[0]} .. {bounds[1]}" for name, bounds in allowed.items() if new[name] != bounds]
    mine = _claims(spec)
    known = {name: claim["identity"] for name, claim in before["series"].items()}
    if before["looks"] != spec.looks or known != {name: claim["identity"] for name, claim in mine.items()}:
        changed.append("looks, series: must be those of before")
    if changed:
        raise SealError(*(f"{line}; {first} .. {last} was sealed and becomes validation" for line in changed))


def _refuse_overlap(series: str, mine: Mapping[str, Any], name: str, theirs: Mapping[str, Any]) -> None:
    for opened, sealed, whose in ((mine["open"], theirs["sealed"], "sealed"), (theirs["open"], mine["sealed"], "open")):
        first, last = max(opened[0], sealed[0]), min(opened[1], sealed[1])
        if first < last:
            raise SealError(f"series.{series}: {iso(first)} .. {iso(last)} is {whose} in dataset '{name}'; move the split")


def marks_of(spec: DatasetSpec, series: Mapping[str, Series]) -> Marks:
    """Hash the rows of each series on both sides of the seal."""
    boundary = spec.bounds("validation")[1]
    sealed_from = spec.split.span("sealed")[0]
    opened, closed = {}, {}
    for name, one in series.items():
        first, hashes = chunk_hashes(one)
        after = one.time[first::CHUNK][: len(hashes)]
        ends = after + (CHUNK - 1) * one.period + spec.series[name].extent_ms
        told = hashes != 0
        opened[name] = np.unique(hashes[told & (ends <= boundary)])
        closed[name] = np.unique(hashes[told & (after >= sealed_from)])
    return Marks(opened, closed)


def refuse_twins(workspace: Workspace, spec: DatasetSpec, marks: Marks) -> None:
    """Refuse by the rows themselves.

    Raises
    ------
    SealError
        If rows are open on one side and sealed on another, in this dataset or
        between it and any other, whatever the series are called.
    """
    others = [(name, _stored(workspace, name)) for name, _ in _seals(workspace) if name != spec.dataset]
    for where, theirs in (("this dataset", marks), *((f"dataset '{name}'", found) for name, found in others)):
        for series in marks.open:
            for other in theirs.sealed:
                if _meet(marks.open[series], theirs.sealed[other]):
                    raise SealError(f"series.{series}: open rows are those of '{other}', sealed in {where}; leave them out")
        for series in marks.sealed:
            for other in theirs.open:
                if _meet(marks.sealed[series], theirs.open[other]):
                    raise SealError(f"series.{series}: sealed rows lie open in {where} as '{other}'; move the split")
    names = list(marks.open)
    for place, series in enumerate(names):
        for other in names[:place]:
            if _meet(marks.open[series], marks.open[other]):
                raise SealError(f"series.{series}: holds the same rows as series.{other}; keep one of them")


def write(folder: Path, spec: DatasetSpec, marks: Marks) -> None:
    """Leave a dataset's marks in its vault folder."""
    (folder / SEAL).write_text(canonical.dumps(_head(spec) | {"series": _claims(spec)}), encoding="utf-8")
    for side, hashes in (("open", marks.open), ("sealed", marks.sealed)):
        (folder / side).mkdir()
        for series, values in hashes.items():
            np.save(folder / side / f"{series}.npy", values)


def _head(spec: DatasetSpec) -> dict[str, Any]:
    return {"split": spec.split.model_dump(mode="json"), "looks": spec.looks}


def _claims(spec: DatasetSpec) -> dict[str, Any]:
    opened = [spec.span[0], spec.bounds("validation")[1]]
    sealed = list(spec.split.span("sealed"))
    return {name: {"identity": spec.identity(name), "open": opened, "sealed": sealed} for name in spec.series}


def _seals(workspace: Workspace) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted(workspace.vault.glob(f"[!.]*/{SEAL}")):
        yield path.parent.name, json.loads(path.read_text(encoding="utf-8"))


def _stored(workspace: Workspace, name: str) -> Marks:
    sides = [
        {path.stem: np.load(path) for path in (workspace.vault / name / side).glob("*.npy")} for side in ("open", "sealed")
    ]
    return Marks(*sides)


def _meet(left: Hashes, right: Hashes) -> bool:
    return bool(np.isin(left, right, assume_unique=True).any())


def chunk_hashes(series: Series) -> tuple[int, Hashes]:
    """First row of the first whole chunk of 30 rows, and a hash a chunk; 0 where it tells nothing."""
    values: NDArray[float64] = series.columns.get("close", next(iter(series.columns.values())))
    first = int(-(series.time[0] // series.period) % CHUNK) if len(values) else 0
    whole = (len(values) - first) // CHUNK
    if whole <= 0:
        return 0, np.empty(0, uint64)
    chunks = values[first : first + whole * CHUNK].reshape(whole, CHUNK)
    ordered = np.sort(chunks, axis=1)
    telling = (np.diff(ordered, axis=1) != 0).sum(axis=1) + 1 >= DISTINCT
    telling &= np.isfinite(chunks).all(axis=1)
    bits = np.ascontiguousarray(chunks).view(uint64)
    mixed = (bits ^ (bits >> uint64(33))) * uint64(0xFF51AFD7ED558CCD)
    mixed = (mixed ^ (mixed >> uint64(29))) * (uint64(0x9E3779B97F4A7C15) ** (np.arange(CHUNK, dtype=uint64) + uint64(1)))
    return first, np.where(telling, mixed.sum(axis=1, dtype=uint64) | uint64(1), uint64(0))
