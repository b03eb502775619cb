"""What keeps a sealed row from lying open under another name.

Every dataset leaves two marks in the vault: which markets it seals and when,
and a hash of every 30 consecutive rows, open and sealed. A new dataset is
refused if its open dates, or any of its open rows whatever they are called,
are sealed elsewhere, and the other way round; so it is if rows move alike
over dates that are open on one side and sealed on the other. Hashes find
exact copies at any other time, and those too short to be told by their moves.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy import float64, int64, uint64
from numpy.typing import NDArray

from factory.core import canonical, errors
from factory.core.errors import DataError, FactoryError, SealError
from factory.core.hashes import HASHES, read_hashes, require_whole
from factory.core.threads import worker_environment
from factory.core.times import DAY, iso
from factory.market.catalog import MEND
from factory.market.months import number_rows
from factory.market.series import Series
from factory.market.spec import DatasetSpec
from factory.storage.workspace import Workspace

SEAL = "seal.json"
ELSEWHERE = "where no search has begun yet build it in another workspace (--workspace)"
VAULT = "factory.vault"
"""The program that opens sealed rows; it stands below this room, which knows it by name alone."""
CHUNK = 30
SESSIONS_A_MONTH = 15
"""At least; by it rows of a month are known to make a chunk."""
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
    since : mapping of str to int
        Stamp of the first row of each series, ms UTC, which may lie before train; unknown of stored marks.
    """

    open: Mapping[str, Hashes]
    sealed: Mapping[str, Hashes]
    since: Mapping[str, int] = field(default_factory=dict)


def refuse_exposure(workspace: Workspace, spec: DatasetSpec, *, extends: bool = False) -> None:
    """Refuse a dataset by its dates, before a file is read.

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
    for name, theirs in stored_seals(workspace):
        if name == spec.dataset:
            (_refuse_other_extension if extends else _refuse_change)(spec, theirs)
            continue
        for series, claim in mine.items():
            for other in theirs["series"].values():
                if _markets(claim) & _markets(other):
                    _refuse_overlap(series, claim, name, other)


def warm_up_starts(workspace: Workspace, spec: DatasetSpec) -> dict[str, int]:
    """Compute the first moment, ms UTC, of which a series' rows may lie open before train.

    None that is sealed for the same market.
    """
    train = spec.span[0]
    starts = {name: spec.warm_up_start(name) for name in spec.series}
    for dataset, theirs in stored_seals(workspace):
        for name in starts if dataset != spec.dataset else ():
            for other in theirs["series"].values():
                first, last = other["sealed"]
                if _markets(other) & {*spec.identities(name)} and first < train:
                    starts[name] = min(max(starts[name], last), train)
    return starts


def _refuse_change(spec: DatasetSpec, before: Mapping[str, Any]) -> None:
    mine = _claims(spec)
    changed = [key for key in ("split", "looks") if before[key] != _head(spec)[key]]
    changed += [f"series.{name}" for name, claim in before["series"].items() if _fixed(mine.get(name)) != _fixed(claim)]
    if changed:
        raise SealError(
            f"{changed[0]}: fixed since '{spec.dataset}' was first built; put it back, choose another name, or {ELSEWHERE}"
        )


def _fixed(claim: Mapping[str, Any] | None) -> Any:
    """Select what of a claim may not change.

    All but where its rows before train begin, which sources may come to hold more of.
    """
    return claim and {**claim, "open": claim["open"][1]}


def _refuse_other_extension(spec: DatasetSpec, before: Mapping[str, Any]) -> None:
    """Refuse an extension that changes more than the split.

    Only the split may change, and only so that what was sealed becomes validation whole and newer bars are sealed.
    """
    old, new = before["split"], _head(spec)["split"]
    first, last = old["sealed"]
    allowed = {"train": old["train"], "validation": [old["validation"][0], last]}
    changed = [f"split.{name}: must be {bounds[0]} .. {bounds[1]}" for name, bounds in allowed.items() if new[name] != bounds]
    mine = _claims(spec)
    known = {name: _markets(claim) for name, claim in before["series"].items()}
    if before["looks"] != spec.looks or known != {name: _markets(claim) for name, claim in mine.items()}:
        changed.append("looks, series: must be those of before")
    if changed:
        raise SealError(*(f"{line}; {first} .. {last} was sealed and becomes validation" for line in changed))


def _refuse_overlap(series: str, mine: Mapping[str, Any], name: str, theirs: Mapping[str, Any]) -> None:
    for opened, sealed, whose in ((mine["open"], theirs["sealed"], "sealed"), (theirs["open"], mine["sealed"], "open")):
        first, last = max(opened[0], sealed[0]), min(opened[1], sealed[1])
        if first < last:
            raise SealError(
                f"series.{series}: {iso(first)} .. {iso(last)} is {whose} in dataset '{name}'; move the split, or {ELSEWHERE}"
            )


def marks_of(spec: DatasetSpec, series: Mapping[str, Series]) -> Marks:
    """Hash the rows of each series on both sides of the seal."""
    boundary = spec.bounds("validation")[1]
    sealed_from = spec.split.span("sealed")[0]
    opened, closed = {}, {}
    for name, one in series.items():
        starts, hashes = chunk_hashes(one)
        after = one.time[starts]
        ends = one.ends[starts + CHUNK - 1]
        told = hashes != 0
        opened[name] = np.unique(hashes[told & (ends <= boundary)])
        closed[name] = np.unique(hashes[told & (after >= sealed_from)])
    return Marks(opened, closed, {name: int(one.time[0]) for name, one in series.items() if len(one)})


def refuse_twins(workspace: Workspace, spec: DatasetSpec, marks: Marks) -> None:
    """Refuse a dataset by the rows themselves.

    Raises
    ------
    SealError
        If rows are open on one side and sealed on another, in this dataset or
        between it and any other, whatever the series are called.
    """
    others = [(name, _stored(workspace, name)) for name, _ in stored_seals(workspace) if name != spec.dataset]
    for where, theirs in (("this dataset", marks), *((f"dataset '{name}'", stored) for name, stored in others)):
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


def refuse_alike(workspace: Workspace, spec: DatasetSpec, opened: Path, closed: Path) -> None:
    """Refuse a dataset if open rows move like sealed rows, whatever was done to them; the vault's process compares them.

    Parameters
    ----------
    workspace : Workspace
        Whose seals count.
    spec : DatasetSpec
        What is being built.
    opened, closed : Path
        The folders of its two parts, written and not yet in place.

    Raises
    ------
    SealError
        If open rows of one dataset move like sealed rows of another, or the comparison failed.
    DataError
        If rows of another dataset are damaged.
    """
    mine = read_seal(closed)
    others = [theirs for name, theirs in stored_seals(workspace) if name != spec.dataset]
    if not any(shared_dates(mine, theirs) or shared_dates(theirs, mine) for theirs in others):
        return
    command = [sys.executable, "-m", VAULT, str(workspace.root), "compare", spec.dataset, str(opened), str(closed)]
    variables = {**os.environ, **worker_environment(workspace.root)}
    answer = subprocess.run(command, stdout=subprocess.PIPE, text=True, encoding="utf-8", env=variables, check=False).stdout
    if not answer.endswith("\n"):
        raise SealError(
            "the vault could not compare sealed rows, so nothing was built; a person reads vault/log in the workspace"
        )
    comparison = json.loads(answer)
    if comparison["refused"]:
        kind: type[FactoryError] = getattr(errors, comparison["error"])
        raise kind(*comparison["refused"])


def write(folder: Path, spec: DatasetSpec, marks: Marks) -> None:
    """Write a dataset's marks into its vault folder."""
    (folder / SEAL).write_text(canonical.dumps(_head(spec) | {"series": _claims(spec, marks.since)}), encoding="utf-8")
    for side, hashes in (("open", marks.open), ("sealed", marks.sealed)):
        (folder / side).mkdir()
        for series, values in hashes.items():
            np.save(folder / side / f"{series}.npy", values)


def read_seal(folder: Path) -> dict[str, Any]:
    """Read what :func:`write` says of a dataset.

    Split, looks, and by series its identity and its open and sealed dates.

    Raises
    ------
    SealError
        If it is damaged: nothing else tells what is sealed.
    """
    try:
        if _is_hashed(folder):
            require_whole(folder, {SEAL: 0})
    except (OSError, ValueError):
        raise SealError(f"dataset '{folder.name}': its seal is damaged; restore the vault folder from a backup") from None
    seal: dict[str, Any] = json.loads((folder / SEAL).read_text(encoding="utf-8"))
    return seal


def stored_seals(workspace: Workspace) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each dataset that has a seal, and what :func:`read_seal` gives of it."""
    for path in sorted(workspace.vault.glob(f"[!.]*/{SEAL}")):
        yield path.parent.name, read_seal(path.parent)


def sealed_dates(seal: Mapping[str, Any]) -> tuple[int, int]:
    """Return the first and last moment that a dataset seals, ms UTC."""
    first, last = next(iter(seal["series"].values()))["sealed"]
    return first, last


def shared_dates(opened: Mapping[str, Any], sealed: Mapping[str, Any]) -> tuple[int, int] | None:
    """Find the first and last moment that are open in one dataset and sealed in another.

    None below a day, which tells nothing.
    """
    start, end = min(claim["open"] for claim in opened["series"].values())
    first, last = sealed_dates(sealed)
    first, last = max(start, first), min(end, last)
    return (first, last) if last - first >= DAY else None


def _head(spec: DatasetSpec) -> dict[str, Any]:
    return {"split": spec.split.model_dump(mode="json"), "looks": spec.looks}


def _claims(spec: DatasetSpec, since: Mapping[str, int] | None = None) -> dict[str, Any]:
    """Build what each series opens and seals; `since` tells of first rows that lie before train."""
    train, end = spec.span[0], spec.bounds("validation")[1]
    first = {name: min(train, (since or {}).get(name, train)) for name in spec.series}
    sealed = list(spec.split.span("sealed"))
    claims: dict[str, Any] = {}
    for name in spec.series:
        identity, *others = spec.identities(name)
        more = {"others": others} if others else {}
        claims[name] = {"identity": identity, **more, "open": [first[name], end], "sealed": sealed}
    return claims


def _markets(claim: Mapping[str, Any]) -> set[str]:
    """Collect the markets of a claim: that of the series, and others that it was spliced of."""
    return {claim["identity"], *claim.get("others", ())}


def _stored(workspace: Workspace, name: str) -> Marks:
    folder = workspace.vault / name
    try:
        sides = [{path.stem: np.load(path) for path in _mark_files(folder, side)} for side in ("open", "sealed")]
    except (OSError, ValueError):
        raise DataError(f"dataset '{name}': its marks in the vault are damaged or gone; {MEND}") from None
    return Marks(*sides)


def _mark_files(folder: Path, side: str) -> list[Path]:
    if not _is_hashed(folder):
        return sorted((folder / side).glob("*.npy"))
    files = [name for name in read_hashes(folder) if name.startswith(f"{side}/")]
    require_whole(folder, dict.fromkeys(files, 0))
    return [folder / name for name in files]


def _is_hashed(folder: Path) -> bool:
    """Check whether a version that has hashes built a dataset.

    Any other may be built anew beside those that did not.
    """
    return (folder / HASHES).is_file()


def _meet(left: Hashes, right: Hashes) -> bool:
    return bool(np.isin(left, right, assume_unique=True).any())


def chunk_hashes(series: Series) -> tuple[NDArray[int64], Hashes]:
    """Hash each chunk of 30 rows; give the chunks' first rows, and the hashes.

    A hash is 0 where it tells nothing.
    """
    values: NDArray[float64] = series.columns.get("close", next(iter(series.columns.values())))
    starts = _find_chunks(series)
    if not len(starts):
        return starts, np.empty(0, uint64)
    if series.sessions is None:
        chunks = values[starts[0] : starts[-1] + CHUNK].reshape(-1, CHUNK)
    else:
        chunks = np.lib.stride_tricks.sliding_window_view(values, CHUNK)[starts]
    ordered = np.sort(chunks, axis=1)
    telling = (np.diff(ordered, axis=1) != 0).sum(axis=1) + 1 >= DISTINCT
    telling &= np.isfinite(chunks).all(axis=1)
    bits = np.ascontiguousarray(chunks).view(uint64)
    mixed = (bits ^ (bits >> uint64(33))) * uint64(0xFF51AFD7ED558CCD)
    mixed = (mixed ^ (mixed >> uint64(29))) * (uint64(0x9E3779B97F4A7C15) ** (np.arange(CHUNK, dtype=uint64) + uint64(1)))
    return starts, np.where(telling, mixed.sum(axis=1, dtype=uint64) | uint64(1), uint64(0))


def _find_chunks(series: Series) -> NDArray[int64]:
    """Find the first row of each chunk: such that the same rows make the same chunks wherever a series begins.

    Where there are sessions, chunks begin anew in each, or in each month or year where a session holds too few rows; the first
    of them counts only where it is whole.
    """
    n = len(series)
    if series.sessions is None:
        first = int(-number_rows(series.time[:1], series.period)[0] % CHUNK) if n else 0
        return np.arange(first, max(first, n - CHUNK + 1), CHUNK)
    day = series.sessions.day[series.sessions.find_stretches(series.time)]
    a_day = int(np.bincount(np.unique(day, return_inverse=True)[1], minlength=1).max(initial=0))
    unit = "D" if a_day >= CHUNK else "M" if a_day * SESSIONS_A_MONTH >= CHUNK else "Y"
    group = day.astype("datetime64[ms]").astype(f"datetime64[{unit}]").astype(int64)
    begin = np.flatnonzero(np.diff(group, prepend=group[:1] - 1))
    count = np.diff(np.append(begin, n))
    if n and (unit != "D" or series.sessions.unroll(series.time[:1])[0] % DAY):
        begin, count = begin[1:], count[1:]
    whole = count // CHUNK
    place = np.arange(int(whole.sum())) - np.repeat(np.cumsum(whole) - whole, whole)
    return np.asarray(np.repeat(begin, whole) + CHUNK * place, dtype=int64)
