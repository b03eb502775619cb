"""What is told of the revisions of a series. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from factory.core.times import DAY
from factory.market.series_kinds import series_kind
from factory.market.series_spec import SeriesSpec

REVISED = "revised"
"""Key of the :class:`Revisions` of each column in the facts of a series."""
ONE_VINTAGE = "one vintage only"
"""What is said of values of which nobody wrote down what they were before they were revised."""


@dataclass(frozen=True)
class Revisions:
    """How one column was revised, as far as was published by some moment.

    Parameters
    ----------
    rows : int
        Observations that have a value.
    revised : int
        Those whose last value is another than the first.
    middle, most : float
        Median and greatest size of such a difference.
    step : float
        Median size of the difference between the first values of one observation and the next.
    """

    rows: int
    revised: int
    middle: float
    most: float
    step: float

    def tell(self, column: str) -> str:
        """Describe it in a few words."""
        if not self.revised:
            return f"{column}: none of {self.rows} revised"
        return (
            f"{column}: {self.revised} of {self.rows} revised, by {self.middle:.3g} in the middle and {self.most:.3g} at most, "
            f"where it moves by {self.step:.3g}"
        )


def read_facts(facts: Mapping[str, Any]) -> dict[str, Revisions]:
    """Read the revisions of each column from the facts of a series."""
    return {column: Revisions(**one) for column, one in facts.get(REVISED, {}).items()}


def holds_one_vintage(spec: SeriesSpec) -> bool:
    """Check whether a source of slow values does not tell of each when it was published."""
    kind = series_kind(spec.kind)
    is_slow = kind.needs_delay and not kind.is_stamped_at_open and (spec.published is not None or spec.period_ms >= DAY)
    return is_slow and spec.source is not None and not spec.has_vintages
