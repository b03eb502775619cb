"""What there is: the datasets, and what pipelines are built of."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from factory.core.answers import Answer, page, pluralize, table
from factory.core.errors import PipelineError, did_you_mean
from factory.core.times import iso, now_ms, to_duration
from factory.expressions.operators import OPERATORS, Operator
from factory.expressions.recipes import RECIPES, Recipe
from factory.expressions.synonyms import FAMILIES, SYNONYMS, find_nearest
from factory.ledger import Ledger
from factory.market.catalog import CALENDAR, OVERSHOOT, STITCHED, Catalog
from factory.market.contracts import Binary, Contract, Perpetual, describe_settlement, settled_counts
from factory.market.faults import JUMP, faults_of, tell_mends
from factory.market.files import Download
from factory.market.series_kinds import series_kind
from factory.market.series_spec import SeriesSpec
from factory.market.sources import PROVIDERS
from factory.market.spec import PARTITIONS, DatasetSpec
from factory.market.vintage_facts import ONE_VINTAGE, holds_one_vintage, read_facts
from factory.pipeline import Pipeline
from factory.pipeline.checks import LEAST_EVERY, LEAST_HORIZONS, span_text
from factory.pipeline.parts.catalog import KINDS, PartEntry, list_parts
from factory.pipeline.parts.describe import Parameter
from factory.pipeline.parts.synonyms import SYNONYMS as PART_SYNONYMS
from factory.tracking.binding import bind_shipped
from factory.vault.pools import SEAL_ROWS, find_pool

PAGE = 20
SHOWN = 3
"""Jumps of a price that are told."""
NO_VOLUME = "no volume is counted and every bar counts as traded"
"""Said of bars whose dataset file says so."""
BOOK_NEEDS = "(needs an order-book series)"
EXACT, NAMED, ALL, ANY, PART, UNLIKE = range(6)
"""How well an operator or a recipe answers a search."""
STAGE = "list_features(part='{}')"
STOP = frozenset({"a", "an", "and", "by", "for", "how", "in", "is", "of", "on", "or", "the", "to", "with"})
"""Words that no search is for."""
REAL = "simulated; real data: `rfcat start btc`"


def market_answer(catalog: Catalog, ledger: Ledger, dataset: str | None) -> Answer:
    """List all datasets in a line each, or one in full when it is named or alone."""
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
    return find_pool(ledger.of_kinds(SEAL_ROWS), spec, now_ms()).left


def _whole(catalog: Catalog, ledger: Ledger, name: str) -> Answer:
    from factory.vault.readiness import market_readiness

    spec, meta = catalog.spec(name), catalog.meta(name)
    counts, parts, looks = ledger.counts(name), meta["partitions"], ledger.of_kinds(SEAL_ROWS)
    split = {key: f"{iso(parts[key]['start'])} to {iso(parts[key]['end'])}" for key in PARTITIONS}
    split["validation"] += f"; execute_python sees {spec.validation_share:.0%}"
    return {
        "dataset": name,
        "about": None if meta["simulated"] else spec.about or None,
        "kind": REAL if meta["simulated"] else "real",
        "series": _series(spec, meta),
        "rows": _rows(meta),
        "faults": {key: lines for key, one in meta["series"].items() if (lines := _faults(one))} or None,
        "contracts": _contracts(spec, meta),
        "split": split,
        "limits": _limits(spec),
        "pipelines": {one.pipeline: one.id for one in bind_shipped(catalog, name).values()},
        "submit": market_readiness(spec, looks),
        "ledger": f"{pluralize(counts.trials, 'trial')}, {counts}; {find_pool(looks, spec, now_ms()).outlook}",
    }


def _faults(series: Mapping[str, Any]) -> str:
    """Say in a line what the import found wrong with a series; jumps are one."""
    faults = faults_of(series)
    jumps = [fault for fault in faults if fault.kind == JUMP]
    lines = [fault.line for fault in (*jumps[:SHOWN], *(fault for fault in faults if fault.kind != JUMP))]
    more = [f"{len(jumps) - SHOWN} more jumps"] if len(jumps) > SHOWN else []
    return "; ".join([*lines, *more, tell_mends(faults)]) if faults else ""


def _series(spec: DatasetSpec, meta: Mapping[str, Any]) -> dict[str, str]:
    """Describe each series in a line: its rows, what of them warms up and is missing, and its columns.

    Columns are listed once where they repeat.
    """
    start = meta["partitions"]["train"]["start"]
    lines: dict[str, str] = {}
    owners: dict[str, str] = {}
    for name, one in meta["series"].items():
        columns = _list_columns(one["kind"], one["columns"])
        owner = owners.setdefault(columns, name)
        first = "" if one["first"] == start else f", {iso(one['first'])} on"
        warm_up = f", {span_text(start - one['first'])} before train to warm up" if one["first"] < start else ""
        joints = "".join(f", another source before {one.until} (x{one.factor:.6g})" for one in spec.series[name].splice)
        late = f", {known}" if (known := publication_text(spec.series[name], one["delay"])) else ""
        unit = f", in {unit}" if (unit := unit_of(spec.series[name])) else ""
        uncounted = "" if spec.series[name].counts_volume else f", {NO_VOLUME}"
        hours = f" of {one[CALENDAR]} sessions" if CALENDAR in one else ""
        revised = f", {told}" if (told := _revisions(spec.series[name], one)) else ""
        what = f"{spec.series[name].period} {one['kind']}{hours}{first}{warm_up}{joints}{late}{revised}{unit}"
        about = f"{what}{_gaps(one)}{_joints(one)}{uncounted}"
        lines[name] = f"{about}: {columns if owner == name else f'as {owner}'}"
    return lines


def _list_columns(kind: str, columns: Iterable[str]) -> str:
    """List the names of columns; the levels of order books in one: ``ask_px_1..10``."""
    if not series_kind(kind).holds_books:
        return " ".join(columns)
    levels: dict[str, str] = {}
    for name in columns:
        stem, _, level = name.rpartition("_")
        levels[stem if level.isdigit() else name] = level if level.isdigit() else ""
    return " ".join(f"{stem}_1..{level}" if level else stem for stem, level in levels.items())


def _rows(meta: Mapping[str, Any]) -> str:
    """Say how rows are stamped, and that there is nothing else to say of them where no series says it."""
    start, series = meta["partitions"]["train"]["start"], meta["series"].values()
    said = ["stamped at open, known at close"]
    if all(one["first"] >= start for one in series):
        said.append("no warm-up before train")
    said.append("windows over gaps are missing" if any(one["missing"] for one in series) else "no gaps")
    return "; ".join(said)


def publication_text(series: SeriesSpec, delay: int) -> str:
    """Say when a series' rows are known, where not when they are over; `delay` is that of its facts."""
    if series.published:
        return f"known {series.published.says}"
    if series.has_vintages:
        return f"first vintages, known when published, at most {to_duration(delay)} late"
    return f"known {to_duration(delay)} late" if delay else ""


def _revisions(series: SeriesSpec, facts: Mapping[str, Any]) -> str:
    """Tell how far the values of a series were revised, or that its source holds one vintage."""
    told = read_facts(facts)
    if holds_one_vintage(series) or (told and not any(one.revised for one in told.values())):
        return ONE_VINTAGE
    return ", ".join(one.tell(column) for column, one in told.items())


def unit_of(series: SeriesSpec) -> str:
    """Tell what the values of a provider count; nothing of prices, or of files, whose columns have units of their own."""
    return PROVIDERS[series.source.use].unit if isinstance(series.source, Download) else ""


def _joints(series: Mapping[str, Any]) -> str:
    """Say from when on the open rows are those of another key."""
    stitched = series["quality"]["noted"].get(STITCHED)
    if not stitched:
        return ""
    return ", " + ", ".join(f"{keys} from {at}" for at, keys in zip(stitched["at"], stitched["where"], strict=True))


def _gaps(series: Mapping[str, Any]) -> str:
    if not series["missing"]:
        return ""
    noted = series["quality"]["noted"].get("gaps")
    where = f" in {noted['count']} gaps, the longest {noted['longest']}" if noted else ""
    return f", {series['missing']} rows missing{where}"


def _limits(spec: DatasetSpec) -> dict[str, str]:
    """Say what the dataset allows of a pipeline's spans and sizes, as its checks hold them."""
    start, end = spec.bounds("train")
    perpetuals = [one.leverage for one in spec.contracts.values() if not isinstance(one, Binary)]
    moving = f"; long_or_short also volatility, leverage to {max(perpetuals):g}" if perpetuals else ""
    return {
        "horizon": f"to {span_text(spec.gap)}; a binary's window",
        "refit": f"every {LEAST_EVERY} or more, window {LEAST_HORIZONS} horizons to {span_text(end - start)}",
        "sizes": f"fixed, kelly{moving}",
    }


def _contracts(spec: DatasetSpec, meta: Mapping[str, Any]) -> dict[str, str]:
    """Describe each contract in a line; one that differs in its windows alone from one above, by these."""
    lines, owners = {}, dict[str, str]()
    for key, one in spec.contracts.items():
        text = contract_text(one, meta["series"][one.of][OVERSHOOT], describe_settlement(one, settled_counts(meta, key)))
        terms = text.replace(f"binary {one.window} ", "", 1) if isinstance(one, Binary) else text
        owner = owners.setdefault(terms, key)
        lines[key] = text if owner == key or not isinstance(one, Binary) else f"{one.window} windows, else the same"
    return lines


def contract_text(contract: Contract, overshoot: float, settled: str) -> str:
    """Describe a contract, what settles it, its costs and the orders that it takes in one line."""
    steps = "".join(f", {name} {step:g}" for name, step in (("tick", contract.tick), ("lot", contract.lot)) if step)
    orders = f"orders from {contract.minimum_notional:g} of {contract.equity:g}{steps}"
    if isinstance(contract, Binary):
        priced = f"odds {contract.odds}" if contract.odds else f"an assumed price of {contract.price:.2f}"
        priced += "" if contract.delay == "0" else f" {contract.delay} after the decision"
        rebate = f", rebate {contract.rebate:g} of it for orders that rest" if contract.rebate else ""
        costs = f"fee {contract.fee:g}*p*(1-p){rebate}, half spread {contract.half_spread:g}"
        return ", ".join(
            filter(None, (f"binary {contract.window} up/down of {contract.of} at {priced}", settled, costs, orders))
        )
    crossing = f" or half the spread of {contract.book}" if contract.book else ""
    fees = f"taker {contract.taker:g}, maker {contract.maker:g}, slippage {contract.slippage:g}{crossing}"
    return (
        f"perpetual on {contract.of}, {fees} (a stop's {max(contract.slippage, overshoot):.2g}), {_funding_text(contract)}, "
        f"leverage to {contract.leverage:g}, {orders}"
    )


def _funding_text(contract: Perpetual) -> str:
    if isinstance(contract.funding, float):
        return f"funding {contract.funding:g} each {contract.funding_every}"
    return f"funding as recorded in {contract.funding}, which longs pay to shorts"


def features_answer(
    family: str | None, search: str | None, part: str | None, number: int, whole: Pipeline | None = None
) -> Answer:
    """List operators and recipes by family or search, the parts of a stage, or, with nothing asked, where to look.

    Parameters
    ----------
    whole : Pipeline or None
        One that shows what a whole spec looks like.
    """
    if part is not None:
        stray = [name for name, value in (("family", family), ("search", search)) if value is not None]
        if stray:
            raise PipelineError(f"{', '.join(stray)}: not taken with part, which lists a whole stage; leave out either")
        return _parts(part)
    if family is None and search is None:
        return _families(whole)
    wanted, asked = (family or "").strip().lower(), " ".join((search or "").lower().split())
    if family is None and asked in KINDS:
        named = [line for line in _matching("", asked) if asked in _words(line.partition("(")[0])]
        return {**_parts(asked), "features": named or None}
    if family is None and (spelt := _one_word(asked)) in FAMILIES:
        wanted, asked = FAMILIES[spelt], ""
    known = dict.fromkeys(one.family for one, _ in _lines())
    if wanted and wanted not in known:
        raise PipelineError(f"family: '{family}' unknown; {did_you_mean(wanted, known, most=len(known))}")
    lines = _matching(wanted, asked)
    shown, more = page(lines, number, PAGE)
    if wanted == "book":
        shown = [line.removesuffix(f" {BOOK_NEEDS}") for line in shown]
        more = {**more, "all": BOOK_NEEDS.strip("()")}
    parts = "" if wanted else _name_parts(part for part in list_parts() if _is_called(part, asked))
    if not lines:
        return {"features": shown, "none": _say_nothing_fits(wanted, asked, known)}
    return {"features": shown, **more, "also": f"parts of a pipeline: {parts}" if parts else None}


def _say_nothing_fits(family: str, search: str, known: Iterable[str]) -> str:
    """Say that no name, synonym or description answers a search, and what does."""
    near = find_nearest(search.replace(" ", "_"), [one.name for one, _ in _lines()])
    guess = f"did you mean '{near[0]}'? " if near else ""
    parts = [one for one in list_parts() if _is_called(one, search)]
    parts = parts or [one for one in list_parts() if search and search in f"{one.kind} {one.about.lower()}"]
    if parts and not family:
        return f"no feature answers '{search[:40]}', but a part of a pipeline does: {_name_parts(parts)}"
    return f"nothing{f' of {family}' if family else ''} answers '{search[:40]}'; {guess}families: {', '.join(known)}"


def _is_called(part: PartEntry, search: str) -> bool:
    """Check whether a search is a part's own name, or what the field calls it."""
    name, spelt = part.kind or part.stage, _one_word(search)
    return spelt == name or spelt in PART_SYNONYMS.get(name, ())


def _name_parts(parts: Iterable[PartEntry]) -> str:
    """Name parts, with the call that lists their stage: ``deeplob, bin_ctabl in list_features(part='networks')``."""
    stages: dict[str, list[str]] = {}
    for one in parts:
        stages.setdefault(one.stage, []).append(one.kind or one.stage)
    return "; ".join(f"{', '.join(kinds)} in {STAGE.format(stage)}" for stage, kinds in stages.items())


def _one_word(search: str) -> str:
    """Spell a search as synonyms are spelt."""
    return "_".join(re.findall(r"[a-z0-9]+", search))


def _families(whole: Pipeline | None) -> Answer:
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
        "next": "family=... or search=... for parameters; part=... for a stage"
        + (f"; a whole spec: show(what='{whole.id}')" if whole else ""),
    }


def _matching(family: str, search: str) -> list[str]:
    """List the lines of a family that answer a search, best first.

    Any word counts only where nothing has them all, and parts of words only where no whole word matches.
    """
    ranked = [(_rank(search, one), line) for one, line in _lines() if family in ("", one.family)]
    best = min((rank for (rank, _), _ in ranked), default=UNLIKE)
    worst = max(best, ALL) if best < UNLIKE else NAMED
    return [line for (rank, _), line in sorted(ranked, key=lambda pair: pair[0]) if rank <= worst]


def _lines() -> Iterable[tuple[Operator | Recipe, str]]:
    for one in OPERATORS.values():
        mark = f" {BOOK_NEEDS}" if one.family == "book" else ""
        yield one, f"{one.signature}: {one.doc} e.g. {one.example}{mark}"
    for recipe in RECIPES.values():
        yield recipe, f"recipe {recipe.name}: {recipe.template.format(s='btc', t='eth')} ({recipe.doc})"


def _rank(search: str, one: Operator | Recipe) -> tuple[int, int]:
    """Rank how well one answers a search, and count the words of the search that it lacks."""
    synonyms = SYNONYMS.get(one.name, ())
    text, asked = f"{one.name} {one.family} {one.doc} {' '.join(synonyms)}".lower(), _words(search) - STOP
    lacked = len(asked - _words(text))
    if search == one.name:
        return EXACT, 0
    if asked and (asked <= _words(one.name) or "_".join(search.split()) in synonyms):
        return NAMED, 0
    if asked and lacked < len(asked):
        return ANY if lacked else ALL, lacked
    return PART if search in text else UNLIKE, lacked


def _words(text: str) -> set[str]:
    return set(re.findall(r"[a-z0-9]+", text))


def _parts(stage: str) -> Answer:
    """List the parts of a stage; a key that several of them describe alike is told once, under `shared`."""
    stage = stage.strip().lower()
    parts = list_parts(stage)
    told = Counter(_key(key) for one in parts for key in one.parameters)
    shared = [text for text, times in told.items() if times > 1]
    return {
        "stage": stage,
        "parts": [
            {
                "example": one.example,
                "about": one.about,
                "keys": "; ".join(key.name if _key(key) in shared else _key(key) for key in one.parameters) or None,
            }
            for one in parts
        ],
        "shared": "; ".join(shared) or None,
        "more": "books: list_features(part='networks')" if stage == "experts" else None,
    }


def _key(key: Parameter) -> str:
    default = f" (default {key.default})" if key.default else ""
    means = f" ({key.means})" if key.means else ""
    return f"{key.name}{means}: {key.allowed}{default}"
