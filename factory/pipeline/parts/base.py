"""What all parts share."""

import re
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from factory.core.names import Name

FeatureName = Annotated[Name, Field(description="the name of a feature")]
SeriesName = Annotated[Name, Field(description="the name of a series of bars")]

_NAME = re.compile(get_args(Name)[1].pattern)


@dataclass(frozen=True, slots=True)
class Means:
    """What a key does, where its name does not say it; part of a field's metadata."""

    text: str


class Part(BaseModel):
    """Base of every part: frozen, and closed to unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True, allow_inf_nan=False)

    example: ClassVar[str] = ""
    """A valid spelling, shown by ``list_features`` and put through every law."""


def _number_or_name(value: Any) -> float | str:
    text = str(value).strip()
    if _NAME.match(text):
        return text
    try:
        number = float(text)
    except ValueError:
        raise ValueError(f"'{text[:40]}' is neither a number nor the name of a feature") from None
    if not 0 < number < float("inf"):
        raise ValueError(f"{text[:40]} is out of range; a number above 0, or the name of a feature")
    return number


Level = Annotated[float | str, BeforeValidator(_number_or_name), Field(description="a number above 0, or a feature")]
"""A fixed positive level, or the name of the feature that gives it at each moment."""
