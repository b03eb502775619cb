"""Arguments that several tools take."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from factory.foreign import clean_line


def _small(value: Any) -> Any:
    return value.strip().lower() if isinstance(value, str) else value


Known = Annotated[str, Field(max_length=64), AfterValidator(clean_line)]
"""Id or name of a pipeline."""
Spec = Annotated[dict[str, Any] | str, WithJsonSchema({"anyOf": [{"type": "object"}, {"type": "string"}]})]
"""A pipeline as an object, or as YAML or JSON text."""
Changes = Annotated[dict[str, Any], WithJsonSchema({"type": "object", "description": "dotted path: new value; null deletes"})]
"""What a child has otherwise than its parent, by dotted path."""
Grid = Annotated[dict[str, Any], WithJsonSchema({"type": "object", "description": "dotted path: [values] or {from, to, log}"})]
"""What a search tries, by dotted path."""
Label = Annotated[dict[str, Any], WithJsonSchema({"type": "object", "description": "{use: up_down, of: btc, horizon: 5m}"})]
"""What expressions are ranked against."""
Stage = Annotated[Literal["sample", "label", "experts", "meta", "trade", "size", "exit", "refit"], BeforeValidator(_small)]
"""The stages whose building blocks are listed, in any case."""
What = Annotated[str, Field(max_length=200), AfterValidator(_small)]
"""What is to be shown, in any case: all ids and names are in small letters."""
Breakdown = Literal["hour", "month", "side", "confidence", "volatility"]
"""What a trial is broken down by."""
Score = Literal["log_loss", "auc"]
"""What cells and inputs are ordered by."""
Date = Annotated[str, Field(max_length=10), AfterValidator(clean_line)]
"""A year, month or day."""
Words = Annotated[str, Field(max_length=500), AfterValidator(clean_line)]
"""A reason, in the agent's words."""
Page = Annotated[int, Field(ge=1, le=10_000)]
"""Pages count from 1."""
