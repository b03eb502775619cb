"""Arguments that several tools take."""

from contextlib import suppress
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from factory.core import plainyaml
from factory.core.foreign import clean_line

FENCE = "```"


def _remove_fence(value: Any) -> Any:
    """Remove the fence of Markdown with which a text begins, and keep what stands inside it."""
    text = value.strip() if isinstance(value, str) else ""
    if not text.startswith(FENCE) or "\n" not in text:
        return value
    inside = text.partition("\n")[2]
    before, end, _ = inside.rpartition(f"\n{FENCE}")
    return before if end else inside.removesuffix(FENCE)


def _lower_case(value: Any) -> Any:
    return value.strip().lower() if isinstance(value, str) else value


def _read_object(value: Any) -> Any:
    """Read an object that came as YAML; leave any other value as it came."""
    with suppress(ValueError):
        return plainyaml.read(value) if isinstance(value, str) else value
    return value


def _drop_names(value: Any) -> Any:
    return list(value.values()) if isinstance(value, dict) else value


def _split_expressions(value: Any) -> Any:
    """Split expressions that came as one text, with commas or line breaks between them."""
    if not isinstance(value, str):
        return value
    depth, parts = 0, [""]
    for character in value:
        depth += (character == "(") - (character == ")")
        if depth == 0 and character in ",;\n":
            parts.append("")
        else:
            parts[-1] += character
    return [text.strip() for text in parts if text.strip()]


Expressions = Annotated[list[str], BeforeValidator(_split_expressions)]
"""Expressions, or names of recipes."""
Candidates = Annotated[Expressions, BeforeValidator(_drop_names)]
"""The same, with or without names of their own."""
Known = Annotated[str, Field(max_length=64), AfterValidator(clean_line)]
"""Id or name of a pipeline."""
Code = Annotated[str, AfterValidator(_remove_fence)]
"""A program, inside a fence or not."""
Spec = Annotated[
    dict[str, Any] | str, WithJsonSchema({"anyOf": [{"type": "object"}, {"type": "string"}]}), AfterValidator(_remove_fence)
]
"""A pipeline as an object, or as YAML or JSON text."""
Changes = Annotated[dict[str, Any], WithJsonSchema({"type": "object", "description": "dotted path: new value; null deletes"})]
"""What a child has otherwise than its parent, by dotted path."""
Grid = Annotated[dict[str, Any], WithJsonSchema({"type": "object", "description": "dotted path: [values] or {from, to, log}"})]
"""What a search tries, by dotted path."""
Label = Annotated[
    dict[str, Any],
    WithJsonSchema({"type": "object", "description": "{use: up_down, of: btc, horizon: 5m}"}),
    BeforeValidator(_read_object),
]
"""What expressions are ranked against."""
Stage = Annotated[
    Literal["sample", "label", "experts", "networks", "meta", "trade", "size", "exit", "order", "refit"],
    BeforeValidator(_lower_case),
]
"""The stages whose building blocks are listed, in any case."""
What = Annotated[str, Field(max_length=200), AfterValidator(_lower_case)]
"""What is to be shown, in any case: all ids and names are in small letters."""
Breakdown = Literal["hour", "month", "side", "confidence", "volatility", "contract"]
"""What a trial is broken down by."""
Chart = Literal["equity", "calibration", "cusum", "importance"]
"""What is drawn of a trial."""
Score = Literal["log_loss", "auc"]
"""What cells and inputs are ordered by."""
Date = Annotated[str, Field(max_length=64), AfterValidator(clean_line)]
"""A year, month or day; what is none is refused beside all else that is wrong."""
Words = Annotated[str, Field(max_length=500), AfterValidator(clean_line)]
"""A reason, in the agent's words."""
Page = Annotated[int, Field(ge=1, le=10_000)]
"""Pages count from 1."""
