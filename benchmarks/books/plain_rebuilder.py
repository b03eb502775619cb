"""Books from updates by a plain loop over dictionaries, as scripts have it."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy import float64
from numpy.typing import NDArray

Cells = Sequence[Sequence[str]]


def rebuild_plainly(updates: Iterable[tuple[Cells, Cells]], levels: int) -> NDArray[float64]:
    """Apply the asks and bids of updates one after another; give the first levels after each, shape (n, 4 * levels)."""
    asks: dict[float, float] = {}
    bids: dict[float, float] = {}
    rows = []
    for changed_asks, changed_bids in updates:
        for side, cells in ((asks, changed_asks), (bids, changed_bids)):
            for price, size in cells:
                if float(size) == 0.0:
                    side.pop(float(price), None)
                else:
                    side[float(price)] = float(size)
        best = zip(sorted(asks)[:levels], sorted(bids, reverse=True)[:levels], strict=True)
        rows.append([number for ask, bid in best for number in (ask, asks[ask], bid, bids[bid])])
    return np.array(rows)


def read_plainly(path: Path, levels: int) -> NDArray[float64]:
    """Read a capture that begins with a snapshot, and give the books after it and after each update."""
    with path.open(encoding="utf-8") as lines:
        messages = (json.loads(line.partition(" ")[2]) for line in lines)
        return rebuild_plainly((_sides_of(message) for message in messages), levels)


def _sides_of(message: dict[str, Cells]) -> tuple[Cells, Cells]:
    return (message["asks"], message["bids"]) if "lastUpdateId" in message else (message["a"], message["b"])
