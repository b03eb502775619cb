"""Canonical JSON and the hashes made of it."""

import hashlib
import json
from typing import Any

SHORT = 12


def dumps(value: Any) -> str:
    """Write a value as canonical JSON: sorted keys, no blanks, no NaN.

    Parameters
    ----------
    value : Any
        JSON-able value.

    Returns
    -------
    str
        The same text for equal values, on every machine.

    Raises
    ------
    ValueError
        If a number is NaN or infinite.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def in_order(value: Any) -> str:
    """Write a value as compact JSON, keys in the order given: for answers, which are read and never hashed.

    Raises
    ------
    ValueError
        If a number is NaN or infinite.
    """
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(value: Any) -> str:
    """Compute the SHA-256 of the canonical JSON of a value, 64 hex digits."""
    return hashlib.sha256(dumps(value).encode()).hexdigest()


def short_id(value: Any) -> str:
    """Return the first 12 hex digits of :func:`digest`: the ids that people and agents see."""
    return digest(value)[:SHORT]


def seed_for(fingerprint: str, path: str) -> int:
    """Derive a seed from a data fingerprint and a part's path.

    The pipeline's id stays out of it, so that a child pipeline reuses every
    fitted part that it did not change.

    Parameters
    ----------
    fingerprint : str
        Fingerprint of the partition that is learned from.
    path : str
        Where the part stands, e.g. ``"experts.trend"``.

    Returns
    -------
    int
        In [0, 2**31).
    """
    return int(digest([fingerprint, path])[:8], 16) & 0x7FFFFFFF
