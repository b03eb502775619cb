"""Files as sealed memory: read once, handed to workers as descriptors that nobody can write to."""

import os
import threading
from collections import OrderedDict
from pathlib import Path

from sandbox.limits import MIB

MOST_BYTES = 1024 * MIB

Key = tuple[str, int, int, int]


class Memory:
    """Copies of files in memory, the least used dropped first.

    A worker gets a copy and not the file: a descriptor of the file would lead
    whoever owns it to a name, and could be opened anew for writing.

    Parameters
    ----------
    most : int
        Bytes above which the least used copies go.
    """

    def __init__(self, most: int = MOST_BYTES) -> None:
        self._most = most
        self._held: OrderedDict[Key, int] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, path: Path) -> int:
        """Open a descriptor of a file's sealed copy; the caller closes it.

        Raises
        ------
        OSError
            If the file cannot be read.
        """
        status = path.stat()
        key = (str(path), status.st_ino, status.st_mtime_ns, status.st_size)
        with self._lock:
            if key not in self._held:
                self._held[key] = _copy(path)
            self._held.move_to_end(key)
            taken = os.dup(self._held[key])
            self._drop(sum(size for *_, size in self._held))
        return taken

    def close(self) -> None:
        """Let go of all copies; those that workers map live as long as they do."""
        with self._lock:
            while self._held:
                os.close(self._held.popitem()[1])

    def _drop(self, total: int) -> None:
        while total > self._most and len(self._held) > 1:
            (*_, size), descriptor = self._held.popitem(last=False)
            os.close(descriptor)
            total -= size


def _copy(path: Path) -> int:
    import fcntl  # Not on Windows, where the broker is imported and runs nothing.

    seals = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE
    copy = os.memfd_create("frame", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        with path.open("rb") as file:
            while os.sendfile(copy, file.fileno(), None, 1 << 30):
                pass
        fcntl.fcntl(copy, fcntl.F_ADD_SEALS, seals)
    except BaseException:
        os.close(copy)
        raise
    return copy
