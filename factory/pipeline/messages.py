"""From pydantic's errors to one line a mistake that an author can act on."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from factory.core.errors import did_you_mean
from factory.core.foreign import shorten
from factory.core.names import NAME_LENGTH, SLUG_LENGTH
from factory.pipeline.parts.base import Part
from factory.pipeline.parts.catalog import KINDS, kind_of
from factory.pipeline.parts.describe import describe_allowed

PRICED = frozenset(
    {"cost", "costs", "price", "prices", "fee", "fees", "taker", "maker", "commission", "slippage", "spread"}
    | {"half_spread", "funding", "funding_every", "maintenance", "odds", "delay", "fill"}
)
"""Keys that only a dataset's contract may hold (law 9)."""

EXAMPLES = {
    "features": "names and expressions, such as r1: ret(btc.close, 1)",
    "experts": "names and parts, such as trees: {use: extra_trees, see: [r1, r15]}",
    "also": "names and trades, such as eth: {use: long_or_short, contract: eth-perpetual, ...}",
    "tune": "paths and values, such as meta.leaf: [50, 100]",
}

SYNONYMS = {
    "pipeline": {"name", "id", "strategy"},
    "data": {"dataset", "market"},
    "use": {"type", "kind", "model"},
    "see": {"features", "inputs"},
    "trees": {"n_estimators"},
    "leaf": {"min_samples_leaf"},
    "rounds": {"n_estimators", "max_iter", "num_boost_round"},
    "rate": {"learning_rate"},
    "strength": {"C"},
    "ridge": {"alpha"},
}
"""What others call a key, by what it is here."""

SHOWN = 40


class Mistakes(ValueError):
    """Several finished lines, raised from inside a model."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines = tuple(lines)
        super().__init__("\n".join(self.lines))


def explain(error: ValidationError, raw: Any, model: type[BaseModel], at: tuple[str, ...] = ()) -> list[str]:
    """Write one line for each mistake in what an author wrote.

    Parameters
    ----------
    error : ValidationError
        As pydantic raised it.
    raw : mapping
        What was validated.
    model : type
        The model of the whole pipeline.
    at : tuple of str
        Where in `raw` that which was validated stands.

    Returns
    -------
    list of str
        ``path: what came; what is allowed or the mend``.
    """
    lines: list[str] = []
    places = [_Place.of(detail, at, raw, model) for detail in error.errors(include_url=False)]
    places.sort(key=lambda place: (len(place.path) > 1, place.detail["type"] == "missing"))
    misspelt = {_meant(place) for place in places}
    long: set[str] = set()
    for place in places:
        if _is_emptied(place, places) or _is_told_too_long(place, long):
            continue
        cause = place.detail.get("ctx", {}).get("error")
        if isinstance(cause, Mistakes):
            lines += cause.lines
        elif place.detail["type"] != "missing" or place.where not in misspelt:
            lines.append(_line(place))
    return list(dict.fromkeys(lines))


def quote_value(value: Any) -> str:
    """Quote a value that came, short enough for a message."""
    text = str(value)
    if not text:
        return "nothing"
    return f"'{text[:SHOWN]}...'" if len(text) > SHOWN else f"'{text}'"


@dataclass(frozen=True, slots=True)
class _Place:
    """One of pydantic's errors, with the path that the author wrote and the model around it."""

    path: list[str]
    holder: type[BaseModel] | None
    detail: ErrorDetails

    @classmethod
    def of(cls, detail: ErrorDetails, at: tuple[str, ...], raw: Any, model: type[BaseModel]) -> "_Place":
        path: list[str] = []
        holder: type[BaseModel] | None = model
        inside: type[BaseModel] | None = model
        tag: Any = None
        for key in (*at, *detail["loc"]):
            if key == "[key]" or (tag is not None and key == tag):
                tag = None
                continue
            path.append(str(key))
            raw = raw.get(key) if isinstance(raw, Mapping) else None
            tag = raw.get("use") if isinstance(raw, Mapping) and _kinds(path) else None
            holder, inside = inside, _model(path, tag)
        return cls(path, holder, detail)

    @property
    def where(self) -> str:
        return ".".join(shorten(key, SHOWN) for key in self.path) or "pipeline"

    @property
    def came(self) -> Any:
        return self.detail["input"]

    @property
    def keys(self) -> list[str]:
        """The keys that may stand beside the last one of the path."""
        return sorted(set(self._fields) - {"use"})

    @property
    def meant(self) -> str | None:
        """The key that another word than ours stands for."""
        return next((own for own, others in SYNONYMS.items() if self.path[-1] in others and own in self._fields), None)

    @property
    def _fields(self) -> Mapping[str, Any]:
        return self.holder.model_fields if self.holder else {}

    @property
    def allowed(self) -> str:
        """What may stand here, in words."""
        kinds = _kinds(self.path)
        if kinds:
            return f"write {kinds[0].example}" if len(kinds) == 1 else f"write a part such as {kinds[0].example}"
        if self.path[0] == "features" or self.where in EXAMPLES:
            return f"write {EXAMPLES[self.path[0]]}"
        field = self.holder.model_fields.get(self.path[-1]) if self.holder and self.path else None
        return describe_allowed(field) if field else self.detail["msg"].lower()


def _kinds(path: list[str]) -> tuple[type[Part], ...]:
    """List the parts that may stand at a path; empty where none may."""
    if path[0] == "experts":
        return (*KINDS["experts"], *KINDS["networks"]) if len(path) == 2 else ()
    if path[0] == "also":  # one trade an entry
        path = ["trade", *path[2:]] if len(path) > 1 else path
    if len(path) == 1 or (len(path) == 2 and path[0] == "trade" and path[1] in ("size", "exit", "order")):
        return KINDS.get(path[-1], ())
    return ()


def _model(path: list[str], tag: Any) -> type[BaseModel] | None:
    kinds = _kinds(path)
    return kinds[0] if len(kinds) == 1 else next((kind for kind in kinds if kind_of(kind) == tag), None)


def _line(place: _Place) -> str:
    kind = place.detail["type"]
    if place.path and place.path[-1] == "use" and kind == "missing":
        return _untagged(_Place(place.path[:-1], None, place.detail))
    if place.detail["loc"] and place.detail["loc"][-1] == "[key]":
        return _misnamed(place)
    return f"{place.where}: {_REASONS[kind](place)}" if kind in _REASONS else _WHOLE.get(kind, _refused)(place)


def _refused(place: _Place) -> str:
    return f"{place.where}: {quote_value(place.came)} not accepted; {place.allowed}"


def _untagged(place: _Place) -> str:
    if not isinstance(place.came, Mapping):
        return f"{place.where}: {quote_value(place.came)} came; {place.allowed}"
    kinds = ", ".join(kind_of(kind) for kind in _kinds(place.path))
    return f"{place.where}.use: missing; allowed: {kinds}"


def _mistagged(place: _Place) -> str:
    tag = str(place.detail["ctx"]["tag"])
    return f"{place.where}.use: {quote_value(tag)} unknown; {did_you_mean(tag, map(kind_of, _kinds(place.path)))}"


def _unknown(place: _Place) -> str:
    key, parent = place.path[-1], ".".join(place.path[:-1])
    if key in PRICED:
        return "costs and prices belong to the dataset's contract, which a person sets; remove the key"
    if not place.keys:
        return f"unknown key; remove it, {parent} has none"
    return f"unknown key; {f'write {place.meant}' if place.meant else did_you_mean(key, place.keys)}"


def _is_emptied(place: _Place, places: Iterable[_Place]) -> bool:
    """Check whether a list is called empty because what stood in it was refused."""
    inside = (one.path[: len(place.path)] == place.path and len(one.path) > len(place.path) for one in places)
    return place.detail["type"] == "too_short" and any(inside)


def _is_told_too_long(place: _Place, told: set[str]) -> bool:
    """Check whether a name is too long and was told so already; if not, it is from here on."""
    if place.detail["type"] != "string_pattern_mismatch" or len(str(place.came)) <= NAME_LENGTH:
        return False
    known = str(place.came) in told
    told.add(str(place.came))
    return known


def _meant(place: _Place) -> str:
    """Find the path that a misspelt key stands for; empty where there is none."""
    if place.detail["type"] != "extra_forbidden":
        return ""
    near = [place.meant] if place.meant else get_close_matches(place.path[-1], place.keys, n=1)
    return ".".join([*place.path[:-1], *near]) if near else ""


def _misnamed(place: _Place) -> str:
    slug = place.path[0] in ("pipeline", "data") or place.path[-1] == "contract"
    marks, most = ("hyphens", SLUG_LENGTH) if slug else ("underscores", NAME_LENGTH)
    if len(str(place.came)) > most:
        return f"{place.where}: a name of {len(str(place.came))} characters; at most {most} characters are allowed"
    return f"{place.where}: {quote_value(place.came)} is not a name; small letters, digits and {marks}, a letter first"


def _unlisted(place: _Place) -> str:
    field = place.holder.model_fields.get(place.path[-1]) if place.holder else None
    return f"{quote_value(place.came)} unknown; {did_you_mean(str(place.came), get_args(field.annotation) if field else ())}"


def _empty(place: _Place) -> str:
    if place.path[-1] != "see":
        return f"empty; {place.allowed}"
    owner = place.where.removesuffix(".see")
    return "empty; name at least one" + (f", or delete {owner}" if owner != "meta" else "")


def _alternative(place: _Place) -> str:
    return ", or give one expert alone, which needs none" if place.path == ["meta"] else ""


def _too_many(place: _Place) -> str:
    return f"{len(place.came)} came; at most {place.detail['ctx']['max_length']}"


_WHOLE: dict[str, Callable[[_Place], str]] = {
    "union_tag_invalid": _mistagged,
    "union_tag_not_found": _untagged,
    "model_type": _untagged,
    "model_attributes_type": _untagged,
    "string_pattern_mismatch": _misnamed,
}

_REASONS: dict[str, Callable[[_Place], str]] = {
    "missing": lambda place: f"missing; write {place.allowed.removeprefix('write ')}{_alternative(place)}",
    "extra_forbidden": _unknown,
    "literal_error": _unlisted,
    "too_short": _empty,
    "too_long": _too_many,
    "string_too_long": lambda place: f"{len(place.came)} characters; at most {place.detail['ctx']['max_length']} are allowed",
    "tuple_type": lambda place: f"{quote_value(place.came)} is not a list; write [{quote_value(place.came)[1:-1]}]",
    "value_error": lambda place: str(place.detail["ctx"]["error"]),
}
