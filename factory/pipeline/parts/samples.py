"""Which moments become decisions."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from factory.core.times import Duration
from factory.pipeline.parts.base import BookName, FeatureName, Means, NumberOrFeature, Part


class Clock(Part):
    """A decision at every multiple of a duration, counted from midnight UTC or from each session's open."""

    example: ClassVar[str] = "{use: clock, every: 5m}"
    use: Literal["clock"]
    every: Duration


class Cusum(Part):
    """A decision when the running sum of a measured quantity's changes leaves a band (symmetric CUSUM filter)."""

    example: ClassVar[str] = "{use: cusum, of: logp, threshold: vol}"
    use: Literal["cusum"]
    of: FeatureName
    threshold: Annotated[NumberOrFeature, Means("half the band's width")]


class Events(Part):
    """A decision after every so many updates of an order book, counted from midnight UTC."""

    example: ClassVar[str] = "{use: events, of: book, every: 500}"
    use: Literal["events"]
    of: BookName
    every: Annotated[int, Field(ge=1, le=10_000_000), Means("updates between decisions")]


Sample = Clock | Cusum | Events
SAMPLES: tuple[type[Part], ...] = (Clock, Cusum, Events)
