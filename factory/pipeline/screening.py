"""What a ranking of expressions alone is about, known and refused without reading a row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from factory.core.errors import ExpressionError, PipelineError, did_you_mean
from factory.core.foreign import shorten
from factory.core.times import to_duration, to_ms
from factory.expressions.expression import Expression
from factory.expressions.grammar import parse
from factory.expressions.recipes import RECIPES, Recipe
from factory.market.catalog import Catalog
from factory.market.series_kinds import name_traded_kinds, series_kind
from factory.pipeline import parse_part
from factory.pipeline.parts.catalog import KINDS, kind_of
from factory.pipeline.parts.labels import FixedReturn, UpDown

LABELS = (kind_of(UpDown), kind_of(FixedReturn))
"""Labels that need nothing but bars."""
QUOTED = 60
"""Characters of an expression that an error quotes."""


@dataclass(frozen=True)
class Screen:
    """A ranking of expressions against a label.

    Parameters
    ----------
    data : str
        The dataset.
    label : UpDown or FixedReturn
        What is to be predicted.
    expressions : mapping of str to Expression
        By canonical text.
    left_out : sequence of str
        Recipes of the family that the dataset does not carry, each with the reason.
    """

    data: str
    label: UpDown | FixedReturn
    expressions: Mapping[str, Expression]
    left_out: Sequence[str]


def plan_screen(
    catalog: Catalog,
    data: str,
    features: Sequence[str] | None = None,
    family: str | None = None,
    label: Mapping[str, Any] | None = None,
) -> Screen:
    """Read what is to be ranked.

    Parameters
    ----------
    catalog : Catalog
        Where the dataset is.
    data : str
        Its name.
    features : sequence of str or None
        Expressions, or names of recipes, which are applied to the label's series.
    family : str or None
        A family of recipes; those that lack a column or a second series are left out.
    label : mapping or None
        A label part without a unit; default: up or down of the first bars in five minutes, or in one bar.

    Raises
    ------
    PipelineError
        One line a mistake.
    """
    if (features is None) == (family is None):
        raise PipelineError("rank_features: give a pipeline, or features (a list of expressions), or a family of recipes")
    part = _label(catalog, data, label)
    reader = Reader(catalog, data, part.of)
    if features is None:
        return Screen(data, part, *reader.family(str(family)))
    if not features:
        raise PipelineError("features: empty; list at least one expression, such as ret(btc.close, 5)")
    return Screen(data, part, {one.text: one for one in reader.all_of(features).values()}, ())


def _label(catalog: Catalog, data: str, label: Mapping[str, Any] | None) -> UpDown | FixedReturn:
    series = catalog.meta(data)["series"]
    bars = {name: one["period"] for name, one in series.items() if series_kind(one["kind"]).is_traded}
    raw = dict(label or _default_label(bars))
    use = str(raw.get("use", ""))
    if use not in LABELS:
        came = f"'{shorten(use, QUOTED)}' unknown" if use else "missing"
        known = any(use == kind_of(kind) for kind in KINDS["label"])
        needs = f"a {use} needs a unit feature; screen with {' or '.join(LABELS)}"
        raise PipelineError(f"label.use: {needs if known else f'{came}; {did_you_mean(use, LABELS)}'}")
    part = parse_part("label", raw)
    assert isinstance(part, UpDown | FixedReturn), "those are the screened ones"
    if part.of not in bars:
        raise PipelineError(
            f"label.of: '{part.of}' is no series of {name_traded_kinds()} of {data}; {did_you_mean(part.of, bars)}"
        )
    if to_ms(part.horizon) % bars[part.of]:
        period = to_duration(bars[part.of])
        raise PipelineError(f"label.horizon: {part.horizon} is not whole bars of {period}; write a multiple of {period}")
    return part


def _default_label(bars: Mapping[str, int]) -> dict[str, Any]:
    """Make a label of up or down of the first bars in five minutes, or in one bar where five minutes are no whole bars."""
    first, period = next(iter(bars.items()))
    return {"use": "up_down", "of": first, "horizon": "5m" if to_ms("5m") % period == 0 else to_duration(period)}


def apply_recipe(recipe: Recipe, series: Mapping[str, Mapping[str, Any]], of: str) -> Expression:
    """Apply a recipe to a series, beside the first other bars where it needs a second one.

    Parameters
    ----------
    series : mapping of str to mapping
        Of the dataset's meta.

    Raises
    ------
    PipelineError
        If there is no second series.
    """
    other = next((name for name, one in series.items() if name != of and series_kind(one["kind"]).is_traded), None)
    if "{t}" in recipe.template and other is None:
        raise PipelineError(
            f"recipe '{recipe.name}' needs a second series of {name_traded_kinds()}; the dataset has {of} alone"
        )
    return recipe.on(of, other or of)


class Reader:
    """Reads expressions and holds them against a dataset.

    Parameters
    ----------
    catalog : Catalog
        Where the dataset is.
    data : str
        Its name.
    of : str
        The series that recipes are applied to.
    """

    def __init__(self, catalog: Catalog, data: str, of: str) -> None:
        series = catalog.meta(data)["series"]
        self._of, self._series = of, series
        self._columns = {name: one["columns"] for name, one in series.items()}
        self._periods = {name: one["period"] for name, one in series.items()}

    def all_of(self, features: Sequence[str], own: Mapping[str, str] = MappingProxyType({})) -> dict[str, Expression]:
        """Parse what is asked for, by how it was asked for.

        Parameters
        ----------
        features : sequence of str
            Expressions, names of recipes, or names of `own`.
        own : mapping of str to str
            Expressions that have a name.

        Raises
        ------
        ExpressionError
            One line for each mistake, with the expression that it is in.
        """
        expressions: dict[str, Expression] = {}
        mistakes: list[str] = []
        for text in features:
            try:
                recipe = RECIPES.get(text) if text not in own else None
                expressions[text] = self._recipe(recipe) if recipe else self._expression(own.get(text, text))
            except PipelineError as error:
                mistakes += [f"features: '{shorten(text, QUOTED)}': {line}" for line in error.lines]
        if mistakes:
            raise ExpressionError(*dict.fromkeys(mistakes))
        return expressions

    def family(self, family: str) -> tuple[dict[str, Expression], list[str]]:
        """List the recipes of a family that the dataset carries, and why the others are left out."""
        wanted = family.strip().lower()
        recipes = [recipe for recipe in RECIPES.values() if recipe.family == wanted]
        if not recipes:
            known = {recipe.family for recipe in RECIPES.values()}
            raise PipelineError(f"family: '{family}' has no recipes; {did_you_mean(wanted, known)}")
        expressions, left_out = {}, []
        for recipe in recipes:
            try:
                one = self._recipe(recipe)
                expressions[one.text] = one
            except PipelineError as error:
                left_out.append(f"{recipe.name}: {error.lines[0]}")
        if not expressions:
            raise PipelineError(f"family: no recipe of '{family}' fits this dataset", *left_out)
        return expressions, left_out

    def _recipe(self, recipe: Recipe) -> Expression:
        return self._checked(apply_recipe(recipe, self._series, self._of))

    def _expression(self, text: str) -> Expression:
        return self._checked(parse(text, series=self._columns))

    def _checked(self, expression: Expression) -> Expression:
        expression.check({name: set(columns) for name, columns in self._columns.items()}, self._periods)
        return expression
