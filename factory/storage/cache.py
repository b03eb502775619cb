"""Arrays kept by the hash of what they were made from, and checked by the hash of what they hold."""

import hashlib
import logging
import os
import shutil
import tempfile
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from factory.core.hashes import HASHES, DamageError, Stamp, is_whole, read_hashes, stamp, write_hashes
from factory.storage.arrays import mapped

if TYPE_CHECKING:
    from numpy.typing import NDArray

_log = logging.getLogger(__name__)

LIMIT_BYTES = 4 * 2**30
UNLIMITED = 2**62
SLACK = 0.01
"""Share of the limit that a process may write before it weighs the whole folder again."""

BYTES = "bytes"
"""The one array of an entry that is no array."""
RECENT = 128
Opened = tuple[tuple[Stamp, ...], "dict[str, NDArray[Any]]"]
_recent: OrderedDict[Path, Opened] = OrderedDict()
"""Entries as this process checked and mapped them, which takes longer than most reads, and their files as they were then."""

_written: dict[Path, int] = {}
"""Bytes that this process wrote since it last weighed a folder."""


class Cache:
    """A folder of arrays by key, least used evicted first.

    Entries are folders of ``.npy`` files and their hashes, renamed into place, so a reader
    never meets half an entry and a killed writer leaves none. What does not hold what was
    written goes when it is read, so that it is made anew.

    Parameters
    ----------
    root : Path
        Folder of the entries.
    limit : int
        Bytes above which, by a hundredth at most, the least recently used entries go.
    """

    def __init__(self, root: Path, limit: int = LIMIT_BYTES) -> None:
        self.root = root
        self.limit = limit

    def has(self, key: str) -> bool:
        """Check whether an entry is there, reading nothing."""
        return self._folder(key).is_dir()

    def get(self, key: str) -> "dict[str, NDArray[Any]] | None":
        """Open the arrays of an entry, mapped read-only, or return None."""
        folder = self._folder(key)
        try:
            os.utime(folder)
        except FileNotFoundError:
            return None
        except OSError:
            pass  # It can be read all the same.
        try:
            opened = _recent.pop(folder, None)
            if opened is None or opened[0] != _stamps(folder, opened[1]):
                opened = _open(folder)
        except FileNotFoundError:
            self._drop(folder)  # written by a version before there were hashes, or being dropped by another process
            return None
        except ValueError as error:
            _log.warning("%s: %s of entry %s is damaged; the entry is dropped", self.root.name, error, key[:12])
            self._drop(folder)
            return None
        except OSError:
            return None
        _recent[folder] = opened
        if len(_recent) > RECENT:
            _recent.popitem(last=False)
        return dict(opened[1]) or None

    def put(self, key: str, arrays: "Mapping[str, NDArray[Any]]") -> None:
        """Keep arrays under a key. A full disk loses nothing but the entry."""
        import numpy as np

        folder = self._folder(key)
        if folder.is_dir():
            return
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            with self._aside() as temporary:
                for name, array in arrays.items():
                    np.save(temporary / f"{name}.npy", np.ascontiguousarray(array))
                write_hashes(temporary)
                size = _size(temporary)
                temporary.rename(folder)
        except OSError:
            return
        self._grown(size)

    def put_bytes(self, data: bytes) -> str:
        """Keep bytes, such as a picture, under the hash of what they are, and return it."""
        import numpy as np

        key = hashlib.sha256(data).hexdigest()
        self.put(key, {BYTES: np.frombuffer(data, np.uint8)})
        return key

    def get_bytes(self, key: str) -> bytes | None:
        """Read bytes by their key, or return None where they are gone."""
        arrays = self.get(key)
        return None if arrays is None else bytes(arrays[BYTES].tobytes())

    def _folder(self, key: str) -> Path:
        return self.root / key[:2] / key

    def _drop(self, folder: Path) -> None:
        # Renamed away whole: a reader shall never find half of it.
        with suppress(OSError), self._aside() as aside:
            folder.rename(aside / folder.name)

    @contextmanager
    def _aside(self) -> Iterator[Path]:
        """Make a folder out of readers' sight, and remove what is left of it."""
        temporary = Path(tempfile.mkdtemp(dir=self.root, prefix=".new-"))
        try:
            yield temporary
        finally:
            shutil.rmtree(temporary, ignore_errors=True)

    def _grown(self, size: int) -> None:
        """Count what was written.

        The whole folder is measured, and shrunk to its limit, at a process's first entry and at each hundredth of the limit.
        """
        written = _written.get(self.root, self.limit) + size
        if written < SLACK * self.limit:
            _written[self.root] = written
            return
        _written[self.root] = 0
        self._evict()

    def _evict(self) -> None:
        """Remove the least recently used entries; another process may do the same meanwhile."""
        entries = []
        for folder in self.root.glob("??/*"):
            with suppress(OSError):
                entries.append((folder.stat().st_mtime, _size(folder), folder))
        excess = sum(size for _, size, _ in entries) - self.limit
        for _, size, folder in sorted(entries):
            if excess <= 0:
                break
            self._drop(folder)
            excess -= size
        for stale in self.root.glob(".new-*"):
            with suppress(OSError):
                if time.time() - stale.stat().st_mtime > 3600:
                    shutil.rmtree(stale, ignore_errors=True)


def _open(folder: Path) -> Opened:
    """Check and map the arrays of an entry."""
    hashes = read_hashes(folder)
    files = sorted(folder.glob("*.npy"))
    names = [path.stem for path in files]
    stamps = _stamps(folder, names)
    if {path.name for path in files} != {*hashes}:
        raise DamageError("the list")
    for path in files:
        if not is_whole(path, hashes[path.name]):
            raise DamageError(path.name)
    return stamps, {name: mapped(path) for name, path in zip(names, files, strict=True)}


def _stamps(folder: Path, names: Iterable[str]) -> tuple[Stamp, ...]:
    return stamp(folder / HASHES), *(stamp(folder / f"{name}.npy") for name in names)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("*.npy"))
