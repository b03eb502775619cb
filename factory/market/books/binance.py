"""Binance's depth streams in files: raw captures, each line with its time of receipt, or messages beside REST snapshots."""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from factory.core.errors import DataError
from factory.market.books.capture import Capture
from factory.market.books.events import NANOS, Events, Reading, TradeEvents
from factory.market.books.sequence import Snapshots, parse_snapshot
from factory.market.books.unpacking import open_unpacked

RAW_LINE = re.compile(rb"\s*[0-9]{19} +\{")
MESSAGE = re.compile(rb'\s*\{.*?"(lastUpdateId|depthUpdate)"', re.DOTALL)
Message = dict[str, Any]


def is_raw(path: Path, head: bytes) -> bool:
    """Check whether a file has a time of receipt, ns, before each message."""
    return RAW_LINE.match(head) is not None


def is_rest(path: Path, head: bytes) -> bool:
    """Check whether a file has bare messages or is a snapshot."""
    return MESSAGE.match(head) is not None


def read_raw(paths: Sequence[Path], reading: Reading) -> Iterator[Events | TradeEvents]:
    """Read raw captures in the order of their first lines; one goes on where the one before ended, if its updates do."""
    capture = Capture(reading, Snapshots([]))
    for path in sorted(paths, key=lambda path: next(_messages(path), (0, 0, {}))[1]):
        yield from capture.read(path.name, _messages(path))


def read_rest(paths: Sequence[Path], reading: Reading) -> Iterator[Events | TradeEvents]:
    """Read files of updates in the order of their first, each snapshot taken where the updates reach it."""
    snapshots, streams = [], []
    for path in paths:
        _, _, first = next(_messages(path), (0, 0, {}))
        if "lastUpdateId" in first:
            snapshots += [parse_snapshot(message, place, received) for place, received, message in _messages(path)]
        else:
            streams.append((first.get("E", 0), path))
    if not snapshots or not streams:
        lacks = "snapshot, such as an answer of GET /api/v3/depth," if streams else "updates, one depthUpdate a line,"
        raise DataError(f"{paths[0].name}: no {lacks} among the files; name it too, as books are made of both")
    capture = Capture(reading, Snapshots(snapshots))
    for _, path in sorted(streams):
        yield from capture.read(path.name, _messages(path))


def _messages(path: Path) -> Iterator[tuple[int, int, Message]]:
    """Yield the number of each line, when it was received, ms UTC or -1, and what it says."""
    for place, line in enumerate(_lines(path), 1):
        if not line.strip():
            continue
        stamp, _, text = line.partition(b" ") if RAW_LINE.match(line) else (b"", b"", line)
        try:
            message = json.loads(text)
        except ValueError:
            mend = "remove that line" if line.endswith(b"\n") else "it is cut off; remove it, or get the whole file"
            raise DataError(f"{path.name} line {place}: no message in JSON; {mend}") from None
        message = message.get("data", message) if isinstance(message, dict) else message
        if not isinstance(message, dict):
            raise DataError(f"{path.name} line {place}: no message of a stream; remove that line")
        yield place, int(stamp) // NANOS if stamp else -1, message


def _lines(path: Path) -> Iterator[bytes]:
    """Yield the lines of a file; a snapshot that was written over many is one."""
    with open_unpacked(path) as text:
        first = text.readline()
        if first.strip() and first.strip().endswith(b"}"):
            yield first
            yield from text
        else:
            yield (first + text.read()).replace(b"\n", b" ") + b"\n"
