"""Pipelines out: the one canonical YAML, one line a part."""

import re
from collections.abc import Mapping
from typing import Any

from factory.core.plainyaml import write_inline, write_scalar
from factory.pipeline.model import Pipeline

_BLOCK_SAFE = re.compile(r"(?!.*(: |:\Z| #))[A-Za-z0-9(].*(?<! )\Z|[A-Za-z0-9]\Z|-(?=[A-Za-z0-9(])(?!.*(: |:\Z| #)).*(?<! )\Z")

NESTED = ("features", "experts", "also", "provenance")
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
    return write_inline(value) if isinstance(value, Mapping | list | tuple) else write_scalar(value, _BLOCK_SAFE)
