"""What all parts share."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """Base of every part: frozen, and closed to unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    example: ClassVar[str] = ""
    """A valid spelling, shown by ``list_features`` and put through every law."""
