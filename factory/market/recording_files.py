"""Files of recordings: captures that only grow, and the status beside them.

Every flush appends one whole member of gzip that holds whole lines. So whatever reads gzip reads a capture also while it is
written and after a kill, at about a quarter of the size that plain text has.
"""

import gzip
import json
import os
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from factory.market.recording import SUFFIX, Chunk
from factory.storage.workspace import Workspace, write_text

STATUS = ".status.json"
BLOCK = 1 << 16
GZIP = 31
"""What zlib calls a stream with gzip's head and tail."""


def recording_folder(workspace: Workspace, market: str, symbol: str) -> Path:
    """Return where recordings of a symbol lie: in the vault, as they may hold rows that will be sealed."""
    return workspace.vault / "downloads" / market / symbol / "depth"


def append_chunks(folder: Path, chunks: Iterable[Chunk]) -> None:
    """Append lines to their files, owner-only, each chunk as one member of gzip."""
    for chunk in chunks:
        content = gzip.compress("".join(chunk.lines).encode(), compresslevel=6, mtime=0)
        with os.fdopen(os.open(folder / chunk.file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab") as file:
            file.write(content)


def write_status(folder: Path, name: str, status: dict[str, Any]) -> None:
    """Write the status of one run of a recording whole."""
    write_text(folder / f"{name}{STATUS}", json.dumps(status, indent=1) + "\n", 0o600)


def list_statuses(folder: Path) -> list[dict[str, Any]]:
    """Read the statuses of all runs anywhere in a folder, oldest first."""
    statuses = [json.loads(path.read_text(encoding="utf-8")) for path in folder.rglob(f"*{STATUS}")]
    return sorted(statuses, key=lambda status: str(status["started"]))


def mend_captures(folder: Path, name: str) -> None:
    """Cut off what a kill or a lost disk left half-written at the end of a recording's newest file."""
    for path in sorted(folder.glob(f"{name}-*{SUFFIX}"))[-1:]:
        whole = _measure_whole(path)
        if not whole:
            path.unlink()
        elif whole < path.stat().st_size:
            os.truncate(path, whole)


def _measure_whole(path: Path) -> int:
    """Count the bytes of a file up to the end of its last whole member."""
    whole = position = 0
    member = zlib.decompressobj(GZIP)
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            position += len(block)
            try:
                while block:
                    member.decompress(block)
                    if not member.eof:
                        break
                    block, member = member.unused_data, zlib.decompressobj(GZIP)
                    whole = position - len(block)
            except zlib.error:
                break
    return whole
