"""Claims, by which processes show that they live."""

import time
from contextlib import suppress
from pathlib import Path

from factory.storage.locks import DEAD_AFTER, take


class ProcessClaim:
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
        """Release the claim."""
        assert self._held is not None
        self._held.close()  # First: Windows removes no open file.
        self._path.unlink(missing_ok=True)


def is_claimed(path: Path) -> bool:
    """Check whether a living process holds the :class:`Claim` on a file."""
    if not path.exists():
        return False
    held = take(path, reads=True)
    if held is not None:
        held.close()
    return held is None


def remove_dead_claims(folder: Path) -> None:
    """Remove the files of claims whose processes died without closing them."""
    for path in folder.iterdir():
        with suppress(FileNotFoundError):
            # A fresh file may be a claim that is just being made.
            if time.time() - path.stat().st_mtime > DEAD_AFTER and not is_claimed(path):
                path.unlink()
