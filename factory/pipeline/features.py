"""The one call into the feature language."""

from collections.abc import Collection, Mapping
from functools import lru_cache

from factory.core.errors import ExpressionError
from factory.expressions.expression import Expression
from factory.expressions.grammar import parse
from factory.expressions.recipes import RECIPES


@lru_cache(maxsize=4096)
def expression(text: str) -> Expression:
    """Parse a feature's expression, remembering the last few thousand.

    Raises
    ------
    ExpressionError
        If it is not one.
    """
    return parse(text)


def canonical_text(name: str, features: Mapping[str, str], series: Mapping[str, Collection[str]]) -> str:
    """Write one feature among others in canonical form, on series that are known to be there.

    Raises
    ------
    ExpressionError
        If it is no expression; where it uses another feature, the error says so.
    """
    try:
        return expression(features[name]).text
    except ExpressionError:
        recipe = RECIPES.get(features[name].strip())
        if recipe:
            written = recipe.on("btc", "eth").text
            raise ExpressionError(f"'{recipe.name}' is a recipe; write it out for your series, such as {written}") from None
        others = {other: text for other, text in features.items() if other != name}
        return parse(features[name], features=others, series=series).text
