"""Numbers that somebody publishes."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from factory.market.series_kinds.base import SeriesKind

if TYPE_CHECKING:
    from numpy import bool_, float64
    from numpy.typing import NDArray


class Values(SeriesKind):
    """Numbers stamped as their publisher does, known a declared delay later."""

    name = "values"
    about = "numbers that somebody publishes, stamped as the publisher does"
    needs_delay = True
    gives_odds = True
    gives_funding = True
    settles = ("point", "twap", "recorded")

    def find_notable_rows(self, columns: "Mapping[str, NDArray[float64]]") -> "dict[str, NDArray[bool_]]":
        """Find rows of which a value is missing, as where its publisher suppresses it."""
        import numpy as np

        return {"values missing or suppressed": np.logical_or.reduce([np.isnan(values) for values in columns.values()])}

    def extent(self, period: int, delay: int) -> int:
        """Return the time until it is published: a row may tell of all of it."""
        return delay

    def known_after(self, period: int, delay: int) -> int:
        """Return the time until it is published."""
        return delay
