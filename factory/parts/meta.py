"""The learner over experts and features."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from factory.parts.base import Part
from factory.parts.experts import See


class Forest(Part):
    """Random forest over experts and features, weighted by uniqueness and calibrated inside train."""

    example: ClassVar[str] = "{use: forest, see: [trees, vol], trees: 300, leaf: 100, calibrate: isotonic}"
    use: Literal["forest"]
    see: See
    trees: Annotated[int, Field(ge=1, le=2000)] = 300
    leaf: Annotated[int, Field(ge=1, le=100_000)] = 100
    rows: Annotated[int, Field(ge=10, le=1_000_000)] | None = None
    """Rows drawn for each tree; none: the lesser of the mean uniqueness share and 20,000."""
    calibrate: Literal["isotonic", "sigmoid", "none"] = "none"


Meta = Forest
METAS: tuple[type[Part], ...] = (Forest,)
