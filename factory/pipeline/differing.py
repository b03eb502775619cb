"""What differs between two pipelines, one line a part."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from factory.core.plainyaml import write_inline
from factory.pipeline.model import UNIDENTIFIED, Pipeline
from factory.pipeline.parts.base import Part


def diff(before: Pipeline, after: Pipeline) -> list[str]:
    """List the differences between a child pipeline and its parent.

    Parameters
    ----------
    before, after : Pipeline
        Any two.

    Returns
    -------
    list of str
        In the order of reading: ``+ features.r60: ret(btc.close, 60)``,
        ``- experts.slow``, ``meta: leaf 100 -> 200``. Empty if nothing
        but the order of names differs.
    """
    old, new = _parts(before), _parts(after)
    lines = [line for path in old for line in _difference(path, old[path], new.get(path))]
    return lines + [f"+ {path}: {_written(part)}" for path, part in new.items() if path not in old]


class Change(NamedTuple):
    """What one key was and is; empty where it was not, or is no more."""

    path: str
    before: str
    after: str


def list_changes(before: Pipeline, after: Pipeline) -> list[Change]:
    """List every key that differs between a child pipeline and its parent, with what it was and is; words are left out."""
    old, new = ({path: part for path, part in _parts(one).items() if path not in UNIDENTIFIED} for one in (before, after))
    paths = [*old, *(path for path in new if path not in old)]
    return [change for path in paths for change in _changes(path, old.get(path), new.get(path))]


def _changes(path: str, old: Any, new: Any) -> Iterator[Change]:
    if isinstance(old, Part) and type(old) is type(new):
        old, new = old.model_dump(by_alias=True), new.model_dump(by_alias=True)
    nested = isinstance(old, Mapping) and isinstance(new, Mapping) and old.get("use") == new.get("use")
    if nested and isinstance(old, Mapping) and isinstance(new, Mapping):
        yield from (one for key in {**old, **new} for one in _changes(f"{path}.{key}", old.get(key), new.get(key)))
    elif old != new:
        yield Change(path, *("" if value is None else _written(value) for value in (old, new)))


def _parts(pipeline: Pipeline) -> dict[str, Any]:
    """List everything that takes a line in YAML, by path."""
    parts: dict[str, Any] = {}
    for stage in type(pipeline).model_fields:
        value = getattr(pipeline, stage)
        if stage in ("features", "experts", "also"):
            parts |= {f"{stage}.{name}": part for name, part in value.items()}
        elif value not in (None, "", {}):
            parts[stage] = value
    return parts


def _difference(path: str, old: Any, new: Any) -> Iterator[str]:
    if new is None:
        yield f"- {path}"
    elif old == new:
        return
    elif path == "about":
        yield "about: rewritten"
    elif type(old) is type(new) and isinstance(old, Part):
        yield f"{path}: {', '.join(_keys(old.model_dump(), new.model_dump()))}"
    else:
        yield f"{path}: {_written(old)} -> {_written(new)}"


def _keys(old: Mapping[str, Any], new: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in old.items():
        came = new[key]
        if value == came:
            continue
        if isinstance(value, Mapping) and isinstance(came, Mapping) and value["use"] == came["use"]:
            yield from _keys(value, came, f"{prefix}{key}.")
        elif isinstance(value, tuple) and set(value) != set(came):
            gone = [f"-{name}" for name in value if name not in came]
            yield f"{prefix}{key} " + " ".join([*gone, *(f"+{name}" for name in came if name not in value)])
        else:
            yield f"{prefix}{key} {_written(value)} -> {_written(came)}"


def _written(value: Any) -> str:
    if isinstance(value, Part):
        return write_inline(value.model_dump(exclude_defaults=True, by_alias=True))
    if isinstance(value, Mapping):
        return write_inline(
            {key: inner.model_dump(by_alias=True) if isinstance(inner, Part) else inner for key, inner in value.items()}
        )
    return value if isinstance(value, str) else "none" if value is None else write_inline(value)
