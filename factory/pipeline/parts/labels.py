"""What is to be predicted at a decision. Every label starts at the fill."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from factory.core.times import Duration
from factory.pipeline.parts.base import FeatureName, Means, Part, SeriesName


class UpDown(Part):
    """Up when the window's last close is at or above its first open; ties go up."""

    example: ClassVar[str] = "{use: up_down, of: btc, horizon: 5m}"
    use: Literal["up_down"]
    of: SeriesName
    horizon: Duration


class FixedReturn(Part):
    """Up when the return from the fill to the horizon's last close exceeds `above`."""

    example: ClassVar[str] = "{use: fixed_return, of: btc, horizon: 1h}"
    use: Literal["fixed_return"]
    of: SeriesName
    horizon: Duration
    above: Annotated[float, Field(ge=-0.5, le=0.5), Means("return to exceed")] = 0.0


class TripleBarrier(Part):
    """The barrier touched first: take or stop, in units of a feature, or the time-out by the sign of its return."""

    example: ClassVar[str] = "{use: triple_barrier, of: btc, take: 1, stop: 1, unit: vol, horizon: 4h}"
    use: Literal["triple_barrier"]
    of: SeriesName
    take: Annotated[float, Field(gt=0, le=100), Means("units above the fill")]
    stop: Annotated[float, Field(gt=0, le=100), Means("units below the fill")]
    unit: Annotated[FeatureName, Means("the return that take: 1 stands for")]
    horizon: Duration


Label = UpDown | FixedReturn | TripleBarrier
LABELS: tuple[type[Part], ...] = (UpDown, FixedReturn, TripleBarrier)
