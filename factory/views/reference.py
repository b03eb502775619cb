"""What people read of the feature language and of dataset files, made from the registries and the models.

``python -m factory.views.reference`` writes the pages of a checkout's ``docs``.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

import factory
from factory.core.plainyaml import spell
from factory.core.times import to_duration
from factory.expressions.operators import OPERATORS
from factory.expressions.recipes import RECIPES
from factory.expressions.signature import Operator, Param
from factory.market.book_columns import FORMATS
from factory.market.contracts import Binary, ByPoint, ByRecord, ByTwap, Perpetual, Settlement
from factory.market.files import Download, Files, Splice
from factory.market.publication import Publication
from factory.market.series_kinds import SERIES_KINDS
from factory.market.series_spec import SeriesSpec
from factory.market.sources import PROVIDERS
from factory.market.sources.polymarket import POLYMARKET
from factory.market.spec import DatasetSpec, Simulated, Split
from factory.market.templates import starter_spec
from factory.pipeline import load_shipped, render
from factory.pipeline.parts.catalog import KINDS, list_parts
from factory.pipeline.parts.describe import describe_allowed
from factory.storage.workspace import write_text
from factory.views import reference_examples as examples
from factory.views import reference_sessions
from factory.views import reference_texts as texts
from factory.views.listing import BOOK_NEEDS

MADE = "<!-- Made by `python -m factory.views.reference`; change the registries and models instead. -->"
UNSPOKEN = "a name"
"""What :func:`~factory.pipeline.parts.describe.describe_allowed` says of a type that it does not know."""
KINDS_OF_VALUES = {
    **{"str": "text", "bool": "true or false", "str or list of str": "text, or a list", "moment": "a date or a moment"},
    **{"pair of moments": "[from, to], to excluded", "Simulated": "keys, see `simulated`", "Split": "keys, see `split`"},
    **{
        "mapping of str to SeriesSpec": "NAME: keys, see `series.NAME`",
        "Files, Download": "keys, see `source`",
        "Publication": "keys, see `published`",
        "list of Splice": "list of keys, see `series.NAME.splice`",
    },
    "kind of series": " | ".join(SERIES_KINDS),
    "mapping of str to Contract": "NAME: keys, see `contracts.NAME`",
    "settlement": "keys, see `settle`",
}
"""What the docstrings of models call a type, in words."""
AT_LEAST = re.compile(r"^a (whole )?number, [0-9.]+$")
DECLARED = re.compile(r"^(?P<names>\w+(?:, \w+)*) : (?P<kind>.+)$")


def language_page() -> str:
    """Write the page on the feature language and the parts of a pipeline."""
    return texts.LANGUAGE.format(
        made=MADE,
        sessions=reference_sessions.LANGUAGE,
        operators="".join(_operators()),
        recipes="".join(_recipes()),
        pipelines="".join(f"```yaml\n{render(one)}```\n\n" for one in load_shipped().values()),
        parts="".join(_parts()).rstrip("\n") + "\n",
    )


def datasets_page() -> str:
    """Write the page on dataset files."""
    models = (
        ("", DatasetSpec),
        ("series.NAME", SeriesSpec),
        ("series.NAME.published", Publication),
        ("series.NAME.source with use: files", Files),
        ("series.NAME.source from a provider", Download),
        ("series.NAME.splice", Splice),
        ("simulated", Simulated),
        ("split", Split),
        ("contracts.NAME with use: binary", Binary),
        ("contracts.NAME.settle with use: point", ByPoint),
        ("contracts.NAME.settle with use: twap", ByTwap),
        ("contracts.NAME.settle with use: recorded", ByRecord),
        ("contracts.NAME with use: perpetual", Perpetual),
    )
    after = {SeriesSpec: _series_kinds(), Download: _providers()}
    keys = "".join(_model(place, model) + after.get(model, "") for place, model in models).rstrip("\n") + "\n"
    own = {
        "rows": examples.OWN_ROWS,
        "csv": examples.OWN_CSV,
        "commands": examples.OWN_COMMANDS,
        "files": examples.OWN_FILES,
        "gold": examples.OWN_GOLD,
        "funding": examples.OWN_FUNDING,
        "books": examples.OWN_BOOKS,
        "slow": examples.SLOW,
        "formats": _book_formats(),
        "sessions": reference_sessions.DATASETS.format(example=reference_sessions.OWN_SESSIONS),
        "odds": POLYMARKET.name,
        "settled": examples.OWN_SETTLED,
        "running": examples.OWN_RUNNING,
    }
    return texts.DATASETS.format(made=MADE, starter=starter_spec("btc"), **own, simulated=examples.SIMULATED, keys=keys)


PAGES = {"language.md": language_page, "datasets.md": datasets_page}
"""What makes each page of ``docs``."""


def markdown_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table in Markdown; a bar in a cell is no column."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |\n" for line in lines) + "\n"


def key_meanings(model: type[BaseModel]) -> dict[str, tuple[str, str]]:
    """Read the kind and meaning of each key from the docstrings of a model and of its base classes."""
    meanings: dict[str, tuple[str, str]] = {}
    for one in reversed(model.__mro__):
        names: list[str] = []
        for line in (one.__doc__ or "").partition("Parameters\n")[2].splitlines():
            if declared := DECLARED.match(line.strip()):
                names = declared["names"].split(", ")
                told = dict.fromkeys(names, (declared["kind"], ""))
                meanings |= {name: pair for name, pair in told.items() if name not in meanings}
            elif line.startswith("        ") and ":class:" not in line:
                meanings |= {name: (meanings[name][0], f"{meanings[name][1]} {line.strip()}".strip()) for name in names}
    return {name: (kind, _plain(text)) for name, (kind, text) in meanings.items()}


def _operators() -> Iterator[str]:
    for family in dict.fromkeys(one.family for one in OPERATORS.values()):
        mark = f" {BOOK_NEEDS}" if family == "book" else ""
        yield f"### {family}{mark}\n\n"
        rows = [
            (f"`{one.signature}`", one.doc, _ranges(one), f"`{one.example}`")
            for one in OPERATORS.values()
            if one.family == family
        ]
        yield markdown_table(("operator", "gives", "literals", "example"), rows)


def _ranges(operator: Operator) -> str:
    return ", ".join(f"{one.name} {_bounds(one)}" for one in operator.params if one.kind in ("window", "number", "duration"))


def _bounds(param: Param) -> str:
    if param.kind == "duration":
        return f"{to_duration(int(param.low))} to {to_duration(int(param.high))}"
    return "any" if (param.low, param.high) == (-1e9, 1e9) else f"{param.low:.12g} to {param.high:.12g}"


def _recipes() -> Iterator[str]:
    for family in dict.fromkeys(one.family for one in RECIPES.values()):
        rows = [(one.name, one.doc, f"`{one.on('btc').text}`") for one in RECIPES.values() if one.family == family]
        yield f"### {family}\n\n{markdown_table(('recipe', 'gives', 'expression'), rows)}"


def _parts() -> Iterator[str]:
    for stage in KINDS:
        yield f"## {stage}\n\n"
        for one in list_parts(stage):
            yield f"**{one.kind or stage}**: {one.about} Such as `{one.example}`.\n\n"
            yield f"{_plain(one.details)}\n\n" if one.details else ""
            rows = [(f"`{key.name}`", key.allowed, key.default or "must be given", key.means) for key in one.parameters]
            yield markdown_table(("key", "may be", "left out", "means"), rows)


def _series_kinds() -> str:
    """Write a table of what each kind of series holds, and what may be done with it."""
    rows = []
    for kind in SERIES_KINDS.values():
        uses = {
            "fills, settlement and labels": kind.is_traded,
            "prices of binary contracts": kind.gives_odds,
            "funding of perpetuals": kind.gives_funding,
        }
        columns = "whatever the source has" if kind.takes_any_column else " ".join(kind.columns)
        rows.append(
            (f"`{kind.name}`", kind.about, columns, ", ".join(["features", *(use for use, may in uses.items() if may)]))
        )
    return markdown_table(("kind", "its rows", "columns", "for"), rows)


def _providers() -> str:
    """Write a table of where rows can be downloaded from."""
    rows = [
        (
            f"`{one.name}`", one.about, f"`rfcat data fetch {one.command} {one.example}`", ", ".join(one.kinds),
            " ".join(one.periods), one.unit or "as traded", one.page,
        )
        for one in PROVIDERS.values()
    ]  # fmt: skip
    return markdown_table(("use", "rows", "downloaded by", "kinds", "periods", "unit", "documentation"), rows)


def _book_formats() -> str:
    """Write a table of the formats that order books are read from."""
    return markdown_table(("format", "its files"), [(f"`{name}`", about) for name, about in FORMATS.items()])


def _model(place: str, model: type[BaseModel]) -> str:
    told = key_meanings(model)
    about = _plain((model.__doc__ or "").splitlines()[0])
    rows = []
    for name, field in model.model_fields.items():
        key = field.alias or name
        kind, text = told.get(key, ("", ""))
        rows.append((f"`{key}`", _values(name, field, kind), _default(field), text or "Which kind it is."))
    rows.sort(key=lambda row: row[0] != "`use`")
    keys = markdown_table(("key", "may be", "left out", "means"), rows)
    return f"### {f'`{place}`' if place else 'The file'}\n\n{about}\n\n{keys}"


def _values(name: str, field: FieldInfo, kind: str) -> str:
    """Say what a key may hold: what its type says, else what the docstring calls it."""
    if name == "use":
        return " or ".join(get_args(field.annotation) or PROVIDERS)
    words, kind = describe_allowed(field), _plain(kind.removesuffix(" or None"))
    if {*words.split(" or ")} <= {UNSPOKEN, ""}:
        return KINDS_OF_VALUES.get(kind, kind)
    return f"{words} or more" if AT_LEAST.match(words) else words


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "must be given"
    if isinstance(field.default, float):
        return f"{field.default:.4g}"
    if isinstance(field.default, Settlement):
        return "by bars"
    return "none" if field.default is None else spell(field.default).lower() or "empty"


def _plain(text: str) -> str:
    """Rewrite docstring markup as Markdown."""
    return re.sub(r":\w+:`~?([^`]+)`", r"`\1`", text).replace("``", "`")


def main() -> None:
    """Write the pages of the checkout."""
    for name, page in PAGES.items():
        write_text(Path(factory.__file__).parents[1] / "docs" / name, page())


if __name__ == "__main__":
    main()
