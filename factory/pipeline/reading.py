"""Pipelines in: YAML text, JSON text, or plain objects."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any

from pydantic import TypeAdapter, ValidationError

from factory.core import plainyaml
from factory.core.canonical import in_order
from factory.core.errors import PipelineError
from factory.core.foreign import has_half
from factory.pipeline.messages import explain, quote_value
from factory.pipeline.model import Pipeline
from factory.pipeline.parts.base import Part
from factory.pipeline.scalars import to_texts

MAX_TEXT = 40_000
KEYS = "pipeline, data, features, sample, label, experts, trade, and meta where there is not one expert alone"


def parse(source: str | Mapping[str, Any]) -> Pipeline:
    """Read a pipeline.

    Parameters
    ----------
    source : str or mapping
        YAML or JSON text of at most 40,000 characters, or a plain object.
        A strategy file's ``provenance`` is passed over.

    Returns
    -------
    Pipeline
        With every expression in canonical spelling.

    Raises
    ------
    PipelineError
        One line a mistake.
    """
    raw = _plain(source)
    raw.pop("provenance", None)
    return Pipeline.of(raw)


def parse_part(stage: str, source: str | Mapping[str, Any]) -> Part:
    """Read one part by itself.

    Parameters
    ----------
    stage : str
        ``sample``, ``label``, ``meta`` or ``trade``.
    source : str or mapping
        Such as ``{use: up_down, of: btc, horizon: 5m}``.

    Raises
    ------
    PipelineError
        One line a mistake, by path: ``label.horizon: ...``.
    """
    raw = to_texts(_load(source) if isinstance(source, str) else source, stage)
    try:
        part: Part = _adapter(stage).validate_python(raw)
    except ValidationError as error:
        raise PipelineError(*explain(error, {stage: raw}, Pipeline, (stage,))) from None
    return part


@cache
def _adapter(stage: str) -> TypeAdapter[Any]:
    field = Pipeline.model_fields[stage]
    annotation: Any = Annotated[field.annotation, field]
    return TypeAdapter(annotation)


def read_provenance(source: str) -> dict[str, Any]:
    """Read the provenance of a strategy file, every scalar as text; empty where it has none.

    Raises
    ------
    PipelineError
        If the text cannot be read, or says what has no bytes and so no hash.
    """
    provenance = _plain(source).get("provenance")
    if has_half(in_order(provenance)):
        raise PipelineError("provenance: holds half a character, which nothing of the factory writes; the file was edited")
    return provenance if isinstance(provenance, dict) else {}


def _plain(source: str | Mapping[str, Any]) -> dict[str, Any]:
    raw = _load(source) if isinstance(source, str) else source
    if not isinstance(raw, Mapping):
        raise PipelineError(f"pipeline: {quote_value(raw)} came; write keys {KEYS}")
    return dict(to_texts(raw))


def _load(text: str) -> Any:
    if len(text) > MAX_TEXT:
        raise PipelineError(f"pipeline: {len(text)} characters; at most {MAX_TEXT}")
    mistake = ""
    if text.lstrip().startswith("{"):
        try:
            return json.loads(text, object_pairs_hook=_unique)
        except json.JSONDecodeError as error:  # a YAML flow map begins so too
            mistake = f"line {error.lineno}, column {error.colno}: not JSON: {error.msg}" if '"' in text else ""
        except (ValueError, RecursionError):
            mistake = "not JSON: a number too long, or nested too deep"
    try:
        return plainyaml.read(text)
    except ValueError as error:
        raise PipelineError(mistake or str(error)) from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise PipelineError(f"{twice}: the key is there twice; keep one")
    return mapping
