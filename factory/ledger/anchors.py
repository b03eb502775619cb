"""The ledger's heads, kept outside its database."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from factory.core.canonical import dumps
from factory.core.errors import LedgerError

GENESIS = "0" * 64
_TAIL = 1024  # several lines


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the ledger: what stands there proves all before it.

    Parameters
    ----------
    seq : int
        Number of the row; 0 before the first.
    hash : str
        Its hash; a prefix of at least 12 digits does for an anchor.
    """

    seq: int
    hash: str

    @property
    def short(self) -> str:
        """``"12:3f9ac0d1e2b4"``."""
        return f"{self.seq}:{self.hash[:12]}"


class Anchors:
    """An append-only file of positions, one a line, one for each row.

    Callers hold the ledger's lock. A line that a crash has cut short does not
    count and is replaced by the next.

    Parameters
    ----------
    path : Path
        The file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def all(self) -> list[Position]:
        """Read every anchor, in the order of the file."""
        return [_parse(line) for line in self._lines()]

    def last(self) -> Position:
        """Read the newest anchor, or position 0 where there is none."""
        if not self._path.exists():
            return Position(0, GENESIS)
        with self._path.open("rb") as file:
            lines = _tail(file).split(b"\n")
        return _parse(lines[-2]) if len(lines) > 1 else Position(0, GENESIS)

    def add(self, position: Position) -> None:
        """Append a position and have the disk confirm it.

        Raises
        ------
        LedgerError
            If the disk is full or the file cannot be written.
        """
        line = dumps({"hash": position.hash, "seq": position.seq}).encode() + b"\n"
        try:
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            with os.fdopen(handle, "r+b") as file:
                cut_short = _tail(file).rpartition(b"\n")[2]
                file.seek(-len(cut_short), os.SEEK_END)
                file.truncate()
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise LedgerError(f"ledger: its anchor cannot be written: {error.strerror}; mend that and try again") from error

    def _lines(self) -> list[bytes]:
        return self._path.read_bytes().split(b"\n")[:-1] if self._path.exists() else []


def _parse(line: bytes) -> Position:
    try:
        read = json.loads(line)
        return Position(int(read["seq"]), str(read["hash"]))
    except (ValueError, KeyError, TypeError):
        return Position(-1, "")


def _tail(file: BinaryIO) -> bytes:
    file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
    return file.read()
