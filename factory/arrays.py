"""Arrays mapped from disk."""

from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

_reading = Lock()


def mapped(path: Path) -> "NDArray[Any]":
    """One stored array, read-only.

    Raises
    ------
    OSError, ValueError
        If it is not there, or damaged.
    """
    import numpy as np

    # numpy reads an array's header with `ast`, which Python 3.11 fails at in two threads at once (python/cpython#106905).
    with _reading:
        return np.asarray(np.load(path, mmap_mode="r"))
