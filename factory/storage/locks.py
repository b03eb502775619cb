"""Locks on files, among threads and processes; the system frees them when their holder dies."""

import math
import os
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from filelock import BaseFileLock

if sys.platform != "win32":
    with suppress(ImportError):
        import fcntl

HAS_FLOCK = "fcntl" in globals()
STEP = 0.005
"""Seconds between two tries."""
DEAD_AFTER = 86_400
"""Age in seconds from which a file that nobody is seen to hold is litter."""


class Held(Protocol):
    """A lock that is held until it is closed."""

    def close(self) -> None:
        """Release the lock."""


def take(path: Path, patience: float = 0.0, *, reads: bool = False) -> Held | None:
    """Take a file's lock.

    Parameters
    ----------
    path : Path
        The lock file; made if absent.
    patience : float
        Seconds to wait for it; infinite waits for ever.
    reads : bool
        Whether the holder only reads: it needs no lock where it could not make the file, since nobody writes there either.

    Returns
    -------
    Held or None
        None if others kept it for so long.

    Raises
    ------
    OSError
        If the file cannot be made or opened.
    """
    from filelock import FileLock, Timeout

    # Each taker has one of its own, so that threads of a process exclude each other too; a file that merely exists is no
    # lock, since it would outlive its holder.
    lock = FileLock(
        path,
        timeout=-1 if patience == math.inf else patience,
        thread_local=False,
        is_singleton=False,
        fallback_to_soft=False,
    )
    try:
        lock.acquire(poll_interval=STEP)
    except Timeout:
        return None
    except OSError:
        if reads:
            return _Nothing()
        raise
    return _Taken(lock)


@contextmanager
def exclusive(path: Path, patience: float = 0.0, *, reads: bool = False) -> Iterator[bool]:
    """Hold a file's lock inside the block, among threads and processes; parameters and errors as of :func:`take`.

    Yields
    ------
    bool
        Whether it is held; False if others kept it for so long.
    """
    held = take(path, patience, reads=reads)
    if held is None:
        yield False
        return
    with closing(held):
        yield True


class _Taken:
    def __init__(self, lock: "BaseFileLock") -> None:
        self._lock = lock

    def close(self) -> None:
        """Release the lock."""
        self._lock.release()


class _Nothing:
    def close(self) -> None:
        """Do nothing, since nothing was held."""


@contextmanager
def mark_writing(handle: int) -> Iterator[None]:
    """Mark an open file as being written, and close it when the block ends.

    Windows neither locks it so nor renames it while it is open: it is closed at once.
    """
    if not HAS_FLOCK:
        os.close(handle)
        yield
        return
    try:
        while not _try(handle):  # Somebody looks at it.
            time.sleep(STEP)
        yield
    finally:
        os.close(handle)


@contextmanager
def lock_unwritten(path: Path) -> Iterator[bool]:
    """Tell whether nobody writes a file, and keep it so inside the block.

    Without marks, one that is old enough is taken for left.
    """
    if not HAS_FLOCK:
        yield time.time() - path.stat().st_mtime > DEAD_AFTER
        return
    with path.open("rb") as file:
        yield _try(file.fileno())


def _try(handle: int) -> bool:
    if sys.platform != "win32":
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True
