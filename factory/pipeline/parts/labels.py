"""What is to be predicted at a decision. Every label starts at the fill."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from factory.core.times import Duration
from factory.pipeline.parts.base import BookName, FeatureName, Means, Part, SeriesName


class UpDown(Part):
    """Up when the last close is at or above the first open.

    Of the bars from the fill to the horizon; ties go up.
    """

    example: ClassVar[str] = "{use: up_down, of: btc, horizon: 5m}"
    use: Literal["up_down"]
    of: SeriesName
    horizon: Duration


class WindowEnd(Part):
    """How the contract's window that runs at the decision ends.

    What was before in it is over. At a window's start it is what an up_down says. Decisions inside windows need it, and
    recorded odds: what their strike tells by then is in the price.
    """

    example: ClassVar[str] = "{use: window_end, of: btc, horizon: 5m}"
    use: Literal["window_end"]
    of: SeriesName
    horizon: Duration


class FixedReturn(Part):
    """Up when the return over the horizon exceeds `above`.

    From the fill to the horizon's last close.
    """

    example: ClassVar[str] = "{use: fixed_return, of: btc, horizon: 1h}"
    use: Literal["fixed_return"]
    of: SeriesName
    horizon: Duration
    above: Annotated[float, Field(ge=-0.5, le=0.5)] = 0.0


class TripleBarrier(Part):
    """The barrier touched first, in units of a feature; at the horizon by sign.

    `unit` is the return that ``take: 1`` stands for: the barriers lie `take` of it above the fill and `stop` of it below. Where
    neither was touched by the horizon, the sign of the return there is the label.
    """

    example: ClassVar[str] = "{use: triple_barrier, of: btc, take: 1, stop: 1, unit: vol, horizon: 4h}"
    use: Literal["triple_barrier"]
    of: SeriesName
    take: Annotated[float, Field(gt=0, le=100), Means("units up")]
    stop: Annotated[float, Field(gt=0, le=100), Means("units down")]
    unit: FeatureName
    horizon: Duration


class MidMove(Part):
    """Down, flat or up: the mean mid over the horizon.

    Of a book, over `events` of its updates where that is given. It is compared with the mid at the decision, or with the mean
    over as long before. Against ``past`` (the smoothed label of much of the literature) a part of the answer is known at the
    decision, so that scores look better than they are; the flipped bars beside each trial tell by how much.
    """

    example: ClassVar[str] = "{use: mid_move, of: btc, book: book, horizon: 5m, flat: 0.33}"
    use: Literal["mid_move"]
    of: SeriesName
    book: BookName
    horizon: Duration
    events: Annotated[int | None, Field(ge=1)] = None
    against: Annotated[Literal["now", "past"], Means("mid, or mean")] = "now"
    threshold: Annotated[float | None, Field(gt=0, le=0.5), Means("least move")] = None
    flat: Annotated[float | None, Field(gt=0, lt=1), Means("its share")] = None

    @model_validator(mode="after")
    def _one_threshold(self) -> "MidMove":
        if (self.threshold is None) == (self.flat is None):
            raise ValueError("a mid_move needs exactly one of threshold and flat, such as flat: 0.33")
        return self


BarLabel = UpDown | FixedReturn | TripleBarrier
Label = BarLabel | WindowEnd | MidMove
LABELS: tuple[type[Part], ...] = (UpDown, WindowEnd, FixedReturn, TripleBarrier, MidMove)


def list_label_series(label: Label) -> set[str]:
    """List the series that a label reads: its bars, and the book that it is measured on."""
    return {label.of, label.book} if isinstance(label, MidMove) else {label.of}


def knows_past(label: Label) -> bool:
    """Check whether a label compares what comes with what was before, so that a part of it is known at the decision."""
    return isinstance(label, MidMove) and label.against == "past"


def count_classes(label: Label) -> int:
    """Count what a label tells apart: 2, or 3 where a move may be too small to be one."""
    return 3 if isinstance(label, MidMove) else 2
