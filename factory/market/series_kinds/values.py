"""Numbers that somebody publishes."""

import re
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from factory.core.errors import DataError
from factory.market.series_kinds.base import Header, SeriesKind

if TYPE_CHECKING:
    from numpy import bool_, float64
    from numpy.typing import NDArray

VINTAGE = re.compile(r"(.+)_(?:19|20)[0-9]{6}")
"""A column of one vintage of a series, as spreadsheets of archives have them: ``gdp_20240125``."""


class Values(SeriesKind):
    """Numbers stamped as their publisher does, known a declared delay later."""

    name = "values"
    about = "numbers that somebody publishes, stamped as the publisher does"
    needs_delay = True
    gives_odds = True
    gives_funding = True
    settles = ("point", "twap", "recorded")

    def choose_columns(self, header: Header) -> dict[str, str]:
        """Choose what a person named, or all columns; those of a file with a column a vintage are none of a series."""
        chosen = super().choose_columns(header)
        stems = Counter(match[1] for label in chosen.values() if (match := VINTAGE.fullmatch(label)))
        stem, count = max(stems.items(), key=lambda pair: pair[1], default=("", 0))
        if count > 1:
            raise DataError(
                f"{header.file}: {count} columns of '{stem}' are its vintages, each of what was known on another day; write a "
                "row each time that a value was published, as observation_date,realtime_start,value, and name "
                "source: {available: realtime_start}"
            )
        return chosen

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
