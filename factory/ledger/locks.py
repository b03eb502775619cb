"""File locks between processes; the system frees them when their holder dies."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from factory.errors import LedgerError

PATIENCE = 30.0
"""Seconds to wait for a lock."""
DEAD_AFTER = 86_400
"""Age in seconds from which an unclaimed file is litter."""


@contextmanager
def exclusive(path: Path, patience: float = PATIENCE) -> Iterator[None]:
    """Hold a file's lock alone, among threads and processes.

    Parameters
    ----------
    path : Path
        The lock file; made if absent, never removed.
    patience : float
        Seconds to wait.

    Raises
    ------
    LedgerError
        If another process keeps it for longer.
    """
    with _opened(path) as handle:
        deadline = time.monotonic() + patience
        while not _try(handle, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                raise LedgerError(f"ledger: another process holds its lock for over {patience:g} s; end it and try again")
            time.sleep(0.005)
        yield


class Claim:
    """A lock that says "this process lives", held until closed or dead.

    Parameters
    ----------
    path : Path
        Its file; one a claim.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._handle, fcntl.LOCK_EX)

    def close(self) -> None:
        """Give the claim up."""
        self._path.unlink(missing_ok=True)
        os.close(self._handle)


def is_claimed(path: Path) -> bool:
    """Whether a living process holds the :class:`Claim` on a file."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        return not _try(handle, fcntl.LOCK_SH)
    finally:
        os.close(handle)


def sweep(folder: Path) -> None:
    """Remove the files of claims whose processes died without closing them."""
    for path in folder.iterdir():
        with suppress(FileNotFoundError):
            # A fresh file may be a claim that is just being made.
            if time.time() - path.stat().st_mtime > DEAD_AFTER and not is_claimed(path):
                path.unlink()


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        yield handle
    finally:
        os.close(handle)


def _try(handle: int, how: int) -> bool:
    try:
        fcntl.flock(handle, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
