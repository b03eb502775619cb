"""The learner over experts and features."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from factory.pipeline.parts.base import Means, Part
from factory.pipeline.parts.experts import Leaf, See


class Forest(Part):
    """Random forest over experts and features, weighted by uniqueness, calibrated inside train; not needed with one expert."""

    example: ClassVar[str] = "{use: forest, see: [trees, vol], trees: 300, leaf: 100, calibrate: isotonic}"
    use: Literal["forest"]
    see: See
    trees: Annotated[int, Field(ge=1, le=2000)] = 300
    leaf: Leaf = 100
    rows: Annotated[
        Annotated[int, Field(ge=10, le=1_000_000)] | None,
        Means("drawn for each tree; none: the mean uniqueness share, at most 20000"),
    ] = None
    calibrate: Annotated[Literal["isotonic", "sigmoid", "none"], Means("mends chances on the last fifth of train")] = "none"


Meta = Forest
METAS: tuple[type[Part], ...] = (Forest,)
