"""Children of pipelines: values set and deleted by path, and what differs."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from factory.core import plainyaml
from factory.core.errors import PipelineError, did_you_mean
from factory.pipeline.scalars import to_texts

NAMED = ("features", "experts", "also", "tune")
"""Stages whose keys are the author's own."""
WORDS = ("pipeline", "about")
"""Stages that are text."""


def apply_changes(plain: Mapping[str, Any], changes: Mapping[str, Any], model: type[BaseModel]) -> dict[str, Any]:
    """Apply changes to plain values; deletions first.

    Parameters
    ----------
    plain : mapping
        As :meth:`Pipeline.plain` gives it.
    changes : mapping of str to Any
        Values by path; None deletes.
    model : type
        The pipeline's, for the names of its stages.

    Returns
    -------
    dict
        New plain values, not yet checked.

    Raises
    ------
    PipelineError
        If a path leads nowhere.
    """
    result: dict[str, Any] = to_texts(plain)
    mistakes: list[str] = []
    for path, value in sorted(changes.items(), key=lambda change: change[1] is not None):
        try:
            keys = _keys(path, model)
            _delete(result, keys) if value is None else _set(result, keys, value)
        except PipelineError as error:
            mistakes += error.lines
    if mistakes:
        raise PipelineError(*mistakes)
    return result


def _keys(path: str, model: type[BaseModel]) -> list[str]:
    stage, _, rest = path.partition(".")
    if stage not in model.model_fields:
        hint = did_you_mean(stage, model.model_fields)
        raise PipelineError(f"{path}: no stage '{stage}'; {hint}" + ("" if hint.endswith("?") else "; write such as meta.leaf"))
    if not rest:
        return [stage]
    return [stage, rest] if stage == "tune" else [stage, *rest.split(".")]


def _set(result: dict[str, Any], keys: list[str], value: Any) -> None:
    holder = result.setdefault(keys[0], {}) if len(keys) > 1 else result
    for depth, key in enumerate(keys[1:-1], start=1):
        if not isinstance(holder, dict) or key not in holder:
            raise PipelineError(_lost(keys, depth, holder))
        holder = holder[key]
    if not isinstance(holder, dict):
        raise PipelineError(_lost(keys, len(keys) - 1, holder))
    holder[keys[-1]] = to_texts(_read(value, keys), ".".join(keys))


def _read(value: Any, keys: list[str]) -> Any:
    """Read a list or a part that came as text as it is written in a file; leave any other value as it came."""
    if keys[0] in WORDS or not isinstance(value, str) or not value.lstrip().startswith(("[", "{")):
        return value
    try:
        return plainyaml.read(value)
    except ValueError as error:
        raise PipelineError(f"{'.'.join(keys)}: {error}") from None


def _delete(result: dict[str, Any], keys: list[str]) -> None:
    holder: Any = result
    for depth, key in enumerate(keys[:-1]):
        if not isinstance(holder, dict) or key not in holder:
            raise PipelineError(_lost(keys, depth, holder))
        holder = holder[key]
    if not isinstance(holder, dict) or (keys[0] in NAMED and len(keys) == 2 and keys[1] not in holder):
        raise PipelineError(_lost(keys, len(keys) - 1, holder))
    holder.pop(keys[-1], None)
    _forget(result, keys)


def _forget(result: dict[str, Any], keys: list[str]) -> None:
    """Take a deleted part out of every ``see``, and what is deleted out of ``tune``."""
    path = ".".join(keys)
    tune = result.get("tune", {})
    for tuned in [tuned for tuned in tune if tuned == path or tuned.startswith(path + ".")]:
        del tune[tuned]
    if keys[0] in ("features", "experts") and len(keys) == 2:
        for part in (*result.get("experts", {}).values(), result.get("meta", {})):
            if "see" in part:
                part["see"] = [name for name in part["see"] if name != keys[1]]


def _lost(keys: list[str], depth: int, holder: Any) -> str:
    path, at = ".".join(keys), ".".join(keys[:depth]) or "the pipeline"
    if not isinstance(holder, dict):
        return f"{path}: {at} is a single value; set {at} itself"
    return f"{path}: no '{keys[depth]}' in {at}; {did_you_mean(keys[depth], holder)}"
