"""What a row of the ledger is, and the hash that ties it to the one before."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from factory.core.canonical import digest
from factory.core.errors import LedgerError

PAYLOAD_VERSION = 1
"""Version of the payloads written now; older ones stay as they are."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the ledger.

    Parameters
    ----------
    seq : int
        Its number, from 1.
    kind : str
        ``trial``, ``exploration``, ``look``, ``proposal``, ...
    at : int
        When it was written, ms UTC.
    payload : mapping
        What was written, with its version under ``v``.
    hash : str
        SHA-256 of this row and the hash before it.
    """

    seq: int
    kind: str
    at: int
    payload: Mapping[str, Any]
    hash: str


def row_hash(prev: str, seq: int, kind: str, at: int, payload: str) -> str:
    """Compute the hash of a row: over the hash before it and the payload's text as it is stored.

    Because the text counts and not its meaning, later payloads may hold more
    keys without touching what stands.
    """
    return digest([prev, seq, kind, at, payload])


def trial_subject(pipeline: str, fingerprint: str) -> str:
    """Compute what a trial is filed under: the same pipeline on the same data is one trial."""
    return digest([pipeline, fingerprint])


def index_of(kind: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Build the columns that repeat what a payload says; only an exploration can count for more than one."""
    count = payload.get("count", 1) if kind == "exploration" else 1
    return {"dataset": payload.get("dataset"), "subject": payload.get("subject"), "count": count}


def columns_match(row: Row[Any], payload: Mapping[str, Any]) -> bool:
    """Check whether the columns of a row are those of its payload."""
    return all(getattr(row, name) == value for name, value in index_of(row.kind, payload).items())


def read(row: Row[Any]) -> Entry:
    """Read a row of the table as an entry.

    Raises
    ------
    LedgerError
        If it is not what was written.
    """
    if row.hash == row_hash(row.prev, row.seq, row.kind, row.at, row.payload):
        payload = json.loads(row.payload)
        if columns_match(row, payload):
            return Entry(row.seq, row.kind, row.at, payload, row.hash)
    raise LedgerError(f"ledger: row {row.seq} was edited; run `rfcat ledger verify`, then restore ledger.sqlite from a backup")
