"""The one call into the feature language."""

from functools import lru_cache

from factory.expressions.expression import Expression
from factory.expressions.grammar import parse


@lru_cache(maxsize=4096)
def expression(text: str) -> Expression:
    """Parse a feature's expression, remembering the last few thousand.

    Raises
    ------
    ExpressionError
        If it is not one.
    """
    return parse(text)
