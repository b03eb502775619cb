"""What the files of a folder held when they were written: block by block, so that no other content is ever computed from.

Disks, memory and people change files. Evidence is made of bytes, so each folder that evidence is read from (both halves of a
dataset, every entry of a cache) names all its files in ``hashes.json`` with the SHA-256 of each MiB; a file that is kept by
itself (a frame of an agent's own code) has them beside it. A process checks the
blocks that it is about to use when it first opens them, and again only when the file system says that the file has changed.

SHA-256, and no checksum: ledger, fingerprints and reports go by it, it is in the standard library, it finds a file that was
edited to keep a checksum, and where the processor has instructions for it, it takes about twice the time of CRC-32.
The hashes have no key: whoever may write both file and hashes can make them agree. That is found elsewhere: a dataset's
fingerprint, which every trial's row in the ledger names, is a SHA-256 of the same rows, and `rfcat doctor` holds them
against each other.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from factory.core.canonical import dumps

HASHES = "hashes.json"
BLOCK = 2**20
"""Bytes of a block; the last of a file is shorter."""
THREADS = min(4, os.cpu_count() or 1)
"""Files that are read at once: hashing holds no lock of the interpreter."""

Hashes = Mapping[str, Sequence[str]]
"""Of each block of each file, by its path in the folder."""
Stamp = tuple[int, int, int, int]

_checked: dict[Path, tuple[Stamp, Stamp, int]] = {}
"""Files that this process found whole: as they and their hashes were then, and how many of their blocks were read."""


_alone: dict[Path, tuple[Stamp, str]] = {}
"""Files kept by themselves that this process found whole, as they and the text of their hashes were then."""


class DamageError(ValueError):
    """A file does not hold what was written."""


def write_hashes(folder: Path) -> None:
    """Write the block hashes of all files below a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != HASHES)
    hashes = {path.relative_to(folder).as_posix(): _hash_blocks(path) for path in files}
    (folder / HASHES).write_text(dumps(hashes), encoding="utf-8")


def read_hashes(folder: Path) -> Hashes:
    """Read the hashes that :func:`write_hashes` wrote.

    Raises
    ------
    FileNotFoundError
        If nothing was written: by a version before there were hashes.
    DamageError
        If it is not what was written.
    """
    try:
        hashes: Hashes = json.loads((folder / HASHES).read_bytes())
    except ValueError:
        raise DamageError(HASHES) from None
    if not isinstance(hashes, dict) or not all(isinstance(blocks, list) for blocks in hashes.values()):
        raise DamageError(HASHES)
    return hashes


def require_whole(folder: Path, files: Mapping[str, int]) -> tuple[Stamp, ...]:
    """Refuse files that do not hold what was written.

    Parameters
    ----------
    folder : Path
        The folder that has the hashes.
    files : mapping of str to int
        Bytes at the end that are not going to be used, by path in the folder.

    Returns
    -------
    tuple of Stamp
        What the file system says of each: others when one of them may have changed.

    Raises
    ------
    OSError
        If one of them, or the hashes, are not there.
    DamageError
        Naming the first that differs.
    """
    written = stamp(folder / HASHES)
    asked = {name: (folder / name, unused, stamp(folder / name)) for name, unused in files.items()}
    unchecked = {name: one for name, one in asked.items() if _first_unchecked(one[0], one[2], written) < _blocks(*one[1:])}
    if unchecked:
        hashes = read_hashes(folder)
        with ThreadPoolExecutor(THREADS) as pool:
            results = pool.map(lambda name: _check(*unchecked[name], hashes.get(name, ()), written), unchecked)
        for name, whole in zip(unchecked, results, strict=True):
            if not whole:
                raise DamageError(name)
    return tuple(now for _, _, now in asked.values())


def hashes_beside(path: Path) -> Path:
    """Name the file with the hashes of one that is kept by itself."""
    return path.with_name(f"{path.name}.{HASHES}")


def hash_text(path: Path) -> str:
    """Compute the text to be kept beside a file that is kept by itself: the hashes of its blocks."""
    return dumps(_hash_blocks(path))


def require_whole_alone(path: Path) -> None:
    """Refuse a file kept by itself that does not hold what was written; read once a process until it changes.

    Raises
    ------
    OSError
        If it, or its hashes, are not there.
    DamageError
        If it differs.
    """
    now, text = stamp(path), hashes_beside(path).read_text(encoding="utf-8", errors="replace")
    if _alone.get(path) == (now, text):
        return
    if hash_text(path) != text:
        raise DamageError(path.name)
    _alone[path] = now, text


def find_damage(folder: Path) -> list[str]:
    """List the files of a folder that are damaged, missing or unrecorded; every file is read in whole, each time.

    Raises
    ------
    FileNotFoundError, DamageError
        As of :func:`read_hashes`.
    """
    hashes = read_hashes(folder)
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - {HASHES}
    return sorted(name for name in there | {*hashes} if name not in there or not is_whole(folder / name, hashes.get(name)))


def is_whole(path: Path, hashes: Sequence[str] | None) -> bool:
    """Check whether a file holds exactly the blocks with these hashes."""
    return _hash_blocks(path) == hashes


def stamp(path: Path) -> Stamp:
    """Return a file's inode, size and times; they differ when its content may have changed."""
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _first_unchecked(path: Path, now: Stamp, written: Stamp) -> int:
    """Return the number of the first block that this process has not verified for the file and hashes as they are now."""
    known = _checked.get(path)
    return known[2] if known is not None and known[:2] == (now, written) else 0


def _check(path: Path, unused: int, now: Stamp, expected: Sequence[str], written: Stamp) -> bool:
    """Hash the blocks that were not read before, and remember a file that is whole."""
    first, last = _first_unchecked(path, now, written), _blocks(unused, now)
    if _blocks(0, now) != len(expected) or _hash_blocks(path, first, last) != expected[first:last]:
        return False
    _checked[path] = now, written, last
    return True


def _blocks(unused: int, now: Stamp) -> int:
    """Count the blocks that hold all of a file but its last bytes."""
    return -(-(now[1] - unused) // BLOCK)


def _hash_blocks(path: Path, first: int = 0, last: int | None = None) -> list[str]:
    """Compute the SHA-256 of each of the blocks `first` up to `last` of a file."""
    digests: list[str] = []
    block = memoryview(bytearray(min(BLOCK, path.stat().st_size)))
    with path.open("rb") as file:
        file.seek(first * BLOCK)
        while (last is None or first + len(digests) < last) and (read := file.readinto(block)):
            digests.append(hashlib.sha256(block[:read]).hexdigest())
    return digests
