"""What there is: the datasets, and what pipelines are built of."""

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

from factory.answers import Answer, page, table
from factory.errors import PipelineError, did_you_mean
from factory.expressions.operators import OPERATORS, Operator
from factory.expressions.recipes import RECIPES, Recipe
from factory.ledger import Ledger
from factory.market.catalog import Catalog
from factory.market.contracts import Binary, Contract
from factory.market.spec import PARTITIONS, DatasetSpec
from factory.parts.catalog import KINDS, entries
from factory.parts.describe import Parameter
from factory.pipeline import shipped
from factory.times import iso, now_ms
from factory.vault.pools import SEAL_ROWS, pool_of

PAGE = 20
BOOK_NEEDS = "(needs an order-book series)"
EXACT, NAMED, WORD, PART, UNLIKE = range(5)
"""How well an operator or a recipe answers a search."""
REAL = "simulated: an invented market, good for learning the tools; real data with `rfcat start btc`"


def market(catalog: Catalog, ledger: Ledger, dataset: str | None) -> Answer:
    """All datasets in a line each, or one in full when it is named or alone."""
    names = catalog.names()
    if dataset is None and len(names) != 1:
        rows = [_line(catalog, ledger, name) for name in names]
        return {
            **table(("dataset", "kind", "series", "from", "to", "looks_left"), rows),
            "next": "describe_market(dataset=...) for one" if names else "none yet; a person runs `rfcat start btc`",
        }
    return _whole(catalog, ledger, dataset or names[0])


def _line(catalog: Catalog, ledger: Ledger, name: str) -> list[Any]:
    spec, meta = catalog.spec(name), catalog.meta(name)
    parts = meta["partitions"]
    kind = "simulated" if meta["simulated"] else "real"
    looks = _left(ledger, spec)
    return [name, kind, " ".join(spec.series), iso(parts["train"]["start"]), iso(parts["validation"]["end"]), looks]


def _left(ledger: Ledger, spec: DatasetSpec) -> int:
    return pool_of(ledger.of_kinds(SEAL_ROWS), spec, now_ms()).left


def _whole(catalog: Catalog, ledger: Ledger, name: str) -> Answer:
    spec, meta = catalog.spec(name), catalog.meta(name)
    counts, parts = ledger.counts(name), meta["partitions"]
    return {
        "dataset": name,
        "about": None if meta["simulated"] else spec.about or None,
        "kind": REAL if meta["simulated"] else "real",
        "series": {
            key: f"{spec.series[key].period} {one['kind']}, {iso(one['first'])} on: {' '.join(one['columns'])}"
            for key, one in meta["series"].items()
        },
        "contracts": {key: contract_text(contract) for key, contract in spec.contracts.items()},
        "split": {key: f"{iso(parts[key]['start'])} to {iso(parts[key]['end'])}" for key in PARTITIONS},
        "pipelines": [one.pipeline for one in shipped().values()],
        "ledger": f"{counts.trials} trials, {counts.explorations} explorations; {_left(ledger, spec)} looks left",
    }


def contract_text(contract: Contract) -> str:
    """A contract and its costs in one line."""
    if isinstance(contract, Binary):
        priced = f"odds {contract.odds}" if contract.odds else f"an assumed price of {contract.price:.2f}"
        costs = f"fee {contract.fee:g}*p*(1-p), half spread {contract.half_spread:g}"
        return f"binary {contract.window} up/down of {contract.of} at {priced}, {costs}"
    return (
        f"perpetual on {contract.of}, taker {contract.taker:g}, maker {contract.maker:g}, slippage {contract.slippage:g}, "
        f"funding {contract.funding:g} each {contract.funding_every}, leverage to {contract.leverage:g}"
    )


def features(family: str | None, search: str | None, part: str | None, number: int) -> Answer:
    """Operators and recipes by family or search, the parts of a stage, or, with nothing asked, where to look."""
    if part is not None:
        return _parts(part)
    if family is None and search is None:
        return _families()
    lines = _matching(family, (search or "").strip().lower())
    if not lines and family is not None:
        known = {one.family for one in OPERATORS.values()} | {recipe.family for recipe in RECIPES.values()}
        if family not in known:
            raise PipelineError(f"family: '{family}' unknown; {did_you_mean(family, known)}")
    shown, more = page(lines, number, PAGE)
    return {"features": shown, **more}


def _families() -> Answer:
    operators: dict[str, list[str]] = {}
    for one in OPERATORS.values():
        operators.setdefault(one.family, []).append(one.name)
    recipes: dict[str, int] = {}
    for recipe in RECIPES.values():
        recipes[recipe.family] = recipes.get(recipe.family, 0) + 1
    return {
        "operators": {
            family: " ".join(names) + (f" {BOOK_NEEDS}" if family == "book" else "") for family, names in operators.items()
        },
        "recipes": " ".join(f"{family}({count})" for family, count in recipes.items()),
        "stages": " ".join(KINDS),
        "syntax": "btc.close, + - * /, < >, and or not, literal windows in rows; at(1h, expr) on completed 1-hour bars",
        "next": "family=... or search=... for parameters; part=... for a stage; a whole spec: show(what='btc-long-short')",
    }


def _matching(family: str | None, search: str) -> list[str]:
    """Lines of a family that answer a search, best first; parts of words count only where no whole word matches."""
    ranked = [(_rank(search, one), line) for one, line in _lines() if family in (None, one.family)]
    best = min((rank for rank, _ in ranked), default=UNLIKE)
    worst = PART if best == PART else WORD
    return [line for rank, line in sorted(ranked, key=lambda pair: pair[0]) if rank <= worst]


def _lines() -> Iterable[tuple[Operator | Recipe, str]]:
    for one in OPERATORS.values():
        mark = f" {BOOK_NEEDS}" if one.family == "book" else ""
        yield one, f"{one.signature}: {one.doc} e.g. {one.example}{mark}"
    for recipe in RECIPES.values():
        yield recipe, f"recipe {recipe.name}: {recipe.template.format(s='btc', t='eth')} ({recipe.doc})"


def _rank(search: str, one: Operator | Recipe) -> int:
    text, asked = f"{one.name} {one.family} {one.doc}".lower(), _words(search)
    if search == one.name:
        return EXACT
    if asked and asked <= _words(one.name):
        return NAMED
    if asked and asked <= _words(text):
        return WORD
    return PART if search in text else UNLIKE


def _words(text: str) -> set[str]:
    return set(re.findall(r"[a-z0-9]+", text))


def _parts(stage: str) -> Answer:
    """The parts of a stage; a key that several of them describe alike is told once, under `shared`."""
    found = entries(stage)
    told = Counter(_key(key) for one in found for key in one.parameters)
    shared = [text for text, times in told.items() if times > 1]
    return {
        "stage": stage,
        "parts": [
            {
                "example": one.example,
                "about": one.about,
                "keys": "; ".join(key.name if _key(key) in shared else _key(key) for key in one.parameters) or None,
            }
            for one in found
        ],
        "shared": "; ".join(shared) or None,
    }


def _key(key: Parameter) -> str:
    default = f" (default {key.default})" if key.default else ""
    means = f" ({key.means})" if key.means else ""
    return f"{key.name}{means}: {key.allowed}{default}"
