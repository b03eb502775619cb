"""The proof of `rfcat ledger verify`."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from factory.ledger.anchors import GENESIS, Position
from factory.ledger.rows import columns_match, row_hash

SHORTEST_PREFIX = 12


@dataclass(frozen=True, slots=True)
class Verification:
    """What a verification found.

    Parameters
    ----------
    rows : int
        Rows in the ledger.
    head : Position
        The newest row.
    problems : tuple of str
        One line each; empty when the ledger is whole.
    """

    rows: int
    head: Position
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return not self.problems


def verify(rows: Iterable[Row[Any]], anchors: Sequence[Position], others: Sequence[Position] = ()) -> Verification:
    """Check a chain against itself and against the heads kept outside.

    Parameters
    ----------
    rows : iterable of rows
        The whole table, by seq.
    anchors : sequence of Position
        The workspace's anchors, which are to name each row in order. The last
        row may lack its own: a crash came between the two.
    others : sequence of Position
        Heads kept elsewhere.
    """
    hashes: dict[int, str] = {}
    problems: list[str] = []
    head = Position(0, GENESIS)
    for row in rows:
        problems += _check_row(row, head)
        hashes[row.seq] = row.hash
        head = Position(row.seq, row.hash)
    problems += _check_anchors(anchors, hashes, head)
    problems += [problem for other in others for problem in _check_anchor(other, hashes, head)]
    return Verification(len(hashes), head, tuple(problems))


def _check_row(row: Row[Any], before: Position) -> list[str]:
    problems = []
    if row.seq != before.seq + 1:
        problems.append(f"row {before.seq + 1}: missing; row {row.seq} follows row {before.seq}")
    elif row.prev != before.hash:
        problems.append(f"row {row.seq}: does not continue row {before.seq}; one of them was replaced or moved")
    if row.hash != row_hash(row.prev, row.seq, row.kind, row.at, row.payload):
        problems.append(f"row {row.seq}: edited; its hash does not match its content")
    elif not _columns_match(row):
        problems.append(f"row {row.seq}: edited; its columns do not match its payload")
    return problems


def _columns_match(row: Row[Any]) -> bool:
    try:
        return columns_match(row, json.loads(row.payload))
    except (ValueError, AttributeError):  # forged: no JSON, or no object
        return False


def _check_anchors(anchors: Sequence[Position], hashes: dict[int, str], head: Position) -> list[str]:
    problems = []
    for expected, anchor in enumerate(anchors, start=1):
        if anchor.seq != expected:
            return [f"anchors: line {expected} does not anchor row {expected}; the file was edited"]
        problems += _check_anchor(anchor, hashes, head)
    if head.seq > len(anchors) + 1:
        problems.append(f"rows {len(anchors) + 1} to {head.seq}: without anchor; they were added or the anchors cut")
    return problems


def _check_anchor(anchor: Position, hashes: dict[int, str], head: Position) -> list[str]:
    if anchor.seq > head.seq:
        return [f"row {anchor.seq}: cut off; the ledger ends at row {head.seq}"]
    held = hashes.get(anchor.seq)
    # A dropped row is reported where the chain breaks.
    if held is None or (len(anchor.hash) >= SHORTEST_PREFIX and held.startswith(anchor.hash)):
        return []
    return [f"row {anchor.seq}: not the row that was anchored; the chain was rebuilt from there or before"]
