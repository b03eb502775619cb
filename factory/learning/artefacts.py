"""What is fitted, kept by the hash of what it was fitted on."""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from factory.core import canonical
from factory.storage.cache import Cache

VERSION = 4
"""Raised when fitted stages or scores would differ for the same input."""


def content_key(*parts: Any) -> str:
    """Hash plain values and arrays: equal content, equal key."""
    state = hashlib.sha256(canonical.dumps(VERSION).encode())
    for part in parts:
        if isinstance(part, np.ndarray):
            state.update(f"{part.dtype}{part.shape}".encode())
            state.update(np.ascontiguousarray(part).data)
        else:
            state.update(canonical.dumps(part).encode())
    return state.hexdigest()


def load_or_compute(
    cache: Cache | None, key: str, compute: Callable[[], dict[str, NDArray[Any]]]
) -> Mapping[str, NDArray[Any]]:
    """Read arrays by the hash of what they are made from; compute and store them where they are not kept."""
    kept = cache.get(key) if cache else None
    if kept is not None:
        return kept
    arrays = compute()
    if cache:
        cache.put(key, arrays)
    return arrays
