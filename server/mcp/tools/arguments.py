"""Arguments that several tools take."""

from typing import Annotated, Any

from pydantic import Field, WithJsonSchema

OPEN = WithJsonSchema({"type": "object"})

Known = Annotated[str, Field(max_length=64)]
"""Id or name of a pipeline."""
Spec = Annotated[dict[str, Any] | str, OPEN]
"""A pipeline as an object, or as YAML or JSON text."""
Changes = Annotated[dict[str, Any], WithJsonSchema({"type": "object", "description": "dotted path: new value; null deletes"})]
"""What a child has otherwise than its parent, by dotted path."""
Words = Annotated[str, Field(max_length=500)]
"""A reason, in the agent's words."""
Page = Annotated[int, Field(ge=1, le=10_000)]
"""Pages count from 1."""
