"""The one call into the feature language."""

from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True)
class Expression:
    """Stands in until the grammar is committed: text without its spare blanks."""

    text: str


@lru_cache(maxsize=4096)
def expression(text: str) -> Expression:
    """Parse a feature's expression, remembering the last few thousand."""
    return Expression(" ".join(text.split()))
