"""What pipelines are built of, for people."""

from collections.abc import Iterable
from typing import Annotated

import typer

from server.cli.commands import one_of
from server.cli.common import Page
from server.cli.screen import show


def _families() -> Iterable[str]:
    from factory.expressions.operators import OPERATORS
    from factory.expressions.recipes import RECIPES

    return dict.fromkeys([*(one.family for one in OPERATORS.values()), *(one.family for one in RECIPES.values())])


def _stages() -> Iterable[str]:
    from factory.pipeline.parts.catalog import KINDS

    return KINDS


def features(
    search: Annotated[list[str] | None, typer.Argument(help="Words to look for, such as: rsi.")] = None,
    family: Annotated[str | None, typer.Option(help="Only of this family.", **one_of(_families))] = None,
    part: Annotated[
        str | None, typer.Option(help="The building blocks of a stage, such as meta, instead.", **one_of(_stages))
    ] = None,
    page: Page = 1,
) -> None:
    """List the operators and recipes of the feature language, and the parts of a pipeline."""
    from factory.core.answers import round_answer
    from factory.views.listing import features_answer

    answer = round_answer(features_answer(family, " ".join(search or ()) or None, part, page))
    if "next" in answer:
        answer["next"] = "`rfcat features WORD` or --family for parameters, --part for a stage; all of it: docs/language.md"
    if answer.get("features") == []:
        del answer["features"]
    show(_one_a_line(answer))


def _one_a_line(answer: dict[str, object]) -> dict[str, object]:
    """Lay lists of lines out as tables of one column."""
    from factory.core.answers import table

    lines, parts = answer.pop("features", None), answer.pop("parts", None)
    features = table(["feature"], [[line] for line in lines]) if isinstance(lines, list) else {}
    if isinstance(parts, list):
        keys = ("example", "about", "keys")
        staged = table(keys, [[one.get(key) or "-" for key in keys] for one in parts])
        return {**staged, **answer, **({"features": features} if features else {})}
    return {**features, **answer}
