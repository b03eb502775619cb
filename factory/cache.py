"""Arrays kept by the hash of what they were made from."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

LIMIT_BYTES = 4 * 2**30
UNLIMITED = 2**62


class Cache:
    """A folder of arrays by key, least used evicted first.

    Entries are folders of ``.npy`` files, renamed into place, so a reader
    never meets half an entry and a killed writer leaves none.

    Parameters
    ----------
    root : Path
        Folder of the entries.
    limit : int
        Bytes above which the least recently used entries go.
    """

    def __init__(self, root: Path, limit: int = LIMIT_BYTES) -> None:
        self.root = root
        self.limit = limit

    def has(self, key: str) -> bool:
        """Whether an entry is there; reads nothing."""
        return self._folder(key).is_dir()

    def get(self, key: str) -> "dict[str, NDArray[Any]] | None":
        """The arrays of an entry, mapped read-only, or None."""
        import numpy as np

        folder = self._folder(key)
        try:
            arrays = {path.stem: np.load(path, mmap_mode="r") for path in folder.glob("*.npy")}
            os.utime(folder)
        except (OSError, ValueError):
            return None
        return arrays or None

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
                temporary.rename(folder)
        except OSError:
            return
        self._evict()

    def _folder(self, key: str) -> Path:
        return self.root / key[:2] / key

    @contextmanager
    def _aside(self) -> Iterator[Path]:
        """A folder out of readers' sight; what is left of it goes."""
        temporary = Path(tempfile.mkdtemp(dir=self.root, prefix=".new-"))
        try:
            yield temporary
        finally:
            shutil.rmtree(temporary, ignore_errors=True)

    def _evict(self) -> None:
        """Remove the least used; another process may do the same meanwhile."""
        entries = []
        for folder in self.root.glob("??/*"):
            with suppress(OSError):
                entries.append((folder.stat().st_mtime, _size(folder), folder))
        excess = sum(size for _, size, _ in entries) - self.limit
        for _, size, folder in sorted(entries):
            if excess <= 0:
                break
            # Renamed away whole: a reader shall never find half of it.
            with suppress(OSError), self._aside() as aside:
                folder.rename(aside / folder.name)
            excess -= size
        for stale in self.root.glob(".new-*"):
            with suppress(OSError):
                if time.time() - stale.stat().st_mtime > 3600:
                    shutil.rmtree(stale, ignore_errors=True)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("*.npy"))
