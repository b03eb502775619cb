"""What differs between two pipelines, one line a part."""

from collections.abc import Iterator, Mapping
from typing import Any

from factory.pipeline.model import Pipeline
from factory.pipeline.parts.base import Part
from factory.pipeline.writing import write_inline


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


def _parts(pipeline: Pipeline) -> dict[str, Any]:
    """List everything that takes a line in YAML, by path."""
    parts: dict[str, Any] = {}
    for stage in type(pipeline).model_fields:
        value = getattr(pipeline, stage)
        if stage in ("features", "experts"):
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
