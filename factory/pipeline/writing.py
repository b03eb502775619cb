"""Pipelines out: the one canonical YAML, one line a part."""

import json
import re
from collections.abc import Mapping
from typing import Any

from factory.pipeline.model import Pipeline
from factory.pipeline.parts.describe import spell

_FLOW_SAFE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./+-]*\Z|-[0-9][0-9.e+-]*\Z")
_BLOCK_SAFE = re.compile(r"(?!.*(: |:\Z| #))[A-Za-z0-9(].*(?<! )\Z|[A-Za-z0-9]\Z|-(?=[A-Za-z0-9(])(?!.*(: |:\Z| #)).*(?<! )\Z")

NESTED = ("features", "experts", "provenance")
"""Stages written one line an entry."""


def render(pipeline: Pipeline, provenance: Mapping[str, Any] | None = None) -> str:
    """Write canonical YAML.

    Parameters
    ----------
    pipeline : Pipeline
        What is written; defaults are left out.
    provenance : mapping or None
        Put at the end of a strategy file: scalars, lists and mappings.

    Returns
    -------
    str
        ``parse(render(pipeline)) == pipeline``, and equal pipelines of equal
        order give equal text.
    """
    plain = pipeline.plain()
    if provenance:
        plain["provenance"] = provenance
    return "".join(f"{line}\n" for stage, value in plain.items() for line in _stage(stage, value))


def write_inline(value: Any) -> str:
    """Write a value on one line: ``{use: clock, every: 5m}``."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{write_inline(key)}: {write_inline(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(write_inline(inner) for inner in value) + "]"
    return _scalar(value, _FLOW_SAFE)


def _stage(stage: str, value: Any) -> list[str]:
    if stage in NESTED:
        return [f"{stage}:", *(line for name, inner in value.items() for line in _entry(name, inner))]
    return [f"{stage}: {_block(value)}"]


def _entry(name: str, value: Any) -> list[str]:
    """Write an entry on one line, or as a literal block for text of several lines, such as an agent's reasons."""
    if isinstance(value, str) and "\n" in value and not value.startswith((" ", "\n")) and not value.endswith("\n"):
        lines = value.split("\n")
        if all(line.isprintable() for line in lines):
            return [f"  {name}: |-", *(f"    {line}" if line else "" for line in lines)]
    return [f"  {name}: {_block(value)}"]


def _block(value: Any) -> str:
    return write_inline(value) if isinstance(value, Mapping | list | tuple) else _scalar(value, _BLOCK_SAFE)


def _scalar(value: Any, safe: re.Pattern[str]) -> str:
    text = str(value).lower() if isinstance(value, bool) else spell(value)
    if text.isprintable():
        return text if safe.match(text) else json.dumps(text, ensure_ascii=False)
    return '"' + "".join(sign if sign.isprintable() and sign not in '\\"' else _escape(sign) for sign in text) + '"'


def _escape(sign: str) -> str:
    """Spell a character as YAML does between double quotes; beyond U+FFFF JSON's pairs mean something else there."""
    return json.dumps(sign)[1:-1] if ord(sign) <= 0xFFFF else f"\\U{ord(sign):08x}"
