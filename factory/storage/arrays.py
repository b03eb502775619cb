"""Arrays on disk."""

from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

SMALL = 2**16
"""Bytes up to which a file is read: a small one takes about half the time that mapping it does."""

_reading = Lock()


def mapped(path: Path) -> "NDArray[Any]":
    """Open one stored array read-only: mapped, or read where it is small.

    Raises
    ------
    OSError, ValueError
        If it is not there, or damaged.
    """
    import numpy as np

    # numpy reads an array's header with `ast`, which Python 3.11 fails at in two threads at once (python/cpython#106905).
    with _reading:
        array = np.asarray(np.load(path, mmap_mode="r" if path.stat().st_size > SMALL else None))
    array.flags.writeable = False
    return array
