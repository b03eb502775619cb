"""Files as they lie or out of gzip."""

import gzip
from pathlib import Path
from typing import BinaryIO, cast

from factory.core.errors import DataError

HEAD = 65_536
"""Bytes by which a format is known."""


def open_unpacked(path: Path) -> BinaryIO:
    """Open a file for reading; one whose name ends in ``.gz`` is unpacked on the way."""
    return cast(BinaryIO, gzip.open(path)) if path.suffix.lower() == ".gz" else path.open("rb")


def read_head(path: Path) -> bytes:
    """Read the first bytes of a file.

    Raises
    ------
    DataError
        If it is empty or cannot be read.
    """
    try:
        with open_unpacked(path) as text:
            head = text.read(HEAD)
    except (OSError, EOFError) as error:
        why = getattr(error, "strerror", None) or "cannot be unpacked"
        raise DataError(f"{path.name}: {why.lower()}; name a file that can be read") from None
    if not head:
        raise DataError(f"{path.name}: empty; download it again")
    return head
