"""The ledger's lock, and the claims by which servers show that they live."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from factory.core.errors import LedgerError
from factory.storage.locks import DEAD_AFTER, take

PATIENCE = 30.0
"""Seconds to wait for a lock."""


@contextmanager
def exclusive(path: Path, patience: float = PATIENCE, *, reads: bool = False) -> Iterator[None]:
    """Hold a file's lock alone, among threads and processes.

    Parameters
    ----------
    path : Path
        The lock file; made if absent, never removed.
    patience : float
        Seconds to wait.
    reads : bool
        Whether nothing is written under it: then a workspace that cannot be written needs none.

    Raises
    ------
    LedgerError
        If another process keeps it for longer, or the workspace cannot be written.
    """
    try:
        held = take(path, patience, reads=reads)
    except OSError as error:
        raise LedgerError(f"ledger: it cannot be written here ({error.strerror or error}), only read") from error
    if held is None:
        raise LedgerError(f"ledger: another process holds its lock for over {patience:g} s; end it and try again")
    with closing(held):
        yield


class Claim:
    """A lock that says "this process lives", held until closed or dead.

    Parameters
    ----------
    path : Path
        Its file; one a claim.

    Raises
    ------
    OSError
        If it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._held = take(path)
        assert self._held is not None, "its file has a name of its own"

    def close(self) -> None:
        """Give the claim up."""
        assert self._held is not None
        self._held.close()  # First: Windows removes no open file.
        self._path.unlink(missing_ok=True)


def is_claimed(path: Path) -> bool:
    """Whether a living process holds the :class:`Claim` on a file."""
    if not path.exists():
        return False
    held = take(path, reads=True)
    if held is not None:
        held.close()
    return held is None


def sweep(folder: Path) -> None:
    """Remove the files of claims whose processes died without closing them."""
    for path in folder.iterdir():
        with suppress(FileNotFoundError):
            # A fresh file may be a claim that is just being made.
            if time.time() - path.stat().st_mtime > DEAD_AFTER and not is_claimed(path):
                path.unlink()
