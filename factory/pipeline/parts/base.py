"""What all parts share."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Final, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from factory.core.names import Name, Slug

READS: Final = "reads"
"""Marks a field that holds names of features, or of experts too where the part may see them."""

FeatureName = Annotated[Name, READS, Field(description="the name of a feature")]
SeriesName = Annotated[Name, Field(description="the name of a series of bars")]
BookName = Annotated[Name, Field(description="the name of a series of order books")]
ContractName = Annotated[Slug, Field(description="the name of one of the dataset's contracts")]

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

    def mentions(self) -> Iterator[tuple[str, str]]:
        """Yield each feature or expert that the part reads, with the key that names it."""
        for key, field in type(self).model_fields.items():
            value = getattr(self, key)
            below = {f"{key}.{name}": part for name, part in value.items()} if isinstance(value, Mapping) else {key: value}
            for path, part in below.items():
                if isinstance(part, Part):
                    yield from ((f"{path}.{inner}", name) for inner, name in part.mentions())
            if READS in field.metadata and not isinstance(value, float):
                yield from ((key, name) for name in ([value] if isinstance(value, str) else value))

    @property
    def inputs(self) -> list[str]:
        """Features and experts that the part reads, in its order."""
        return [name for _, name in self.mentions()]


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


NumberOrFeature = Annotated[
    float | str, READS, BeforeValidator(_number_or_name), Field(description="a number above 0, or a feature")
]
"""A fixed positive level, or the name of the feature that gives it at each moment."""
