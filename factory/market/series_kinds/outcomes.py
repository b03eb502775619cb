"""How windows of a prediction market ended."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from factory.core.errors import DataError, did_you_mean
from factory.market.series_kinds.base import Header, SeriesKind

if TYPE_CHECKING:
    from numpy import bool_, float64
    from numpy.typing import NDArray

PRICES = ("strike", "close")
"""What the underlying counted as at the start and at the end of a window."""
WORDS = MappingProxyType({"up": 1.0, "yes": 1.0, "down": 0.0, "no": 0.0, "void": 0.5})
"""How files spell what a share of Up paid."""


class Outcomes(SeriesKind):
    """What a share of Up paid, stamped at the start of its window and known a declared delay after its end."""

    name = "outcomes"
    about = "how a window of a prediction market ended: 1 up, 0 down, 0.5 void; stamped at its start, also strike close"
    columns = ("up",)
    takes_any_column = False
    needs_delay = True
    is_stamped_at_open = True
    settles = ("recorded",)
    words = WORDS

    def extent(self, period: int, delay: int) -> int:
        """Return the time up to the window's end."""
        return period

    def known_after(self, period: int, delay: int) -> int:
        """Return the time up to the window's end, plus the delay to its settlement."""
        return period + delay

    def choose_columns(self, header: Header) -> dict[str, str]:
        """Choose the outcome, which is ``outcome`` where nothing is said, and the prices that decided it."""
        for name in header.named:
            if name not in ("up", *PRICES):
                mend = did_you_mean(name, ("up", *PRICES))
                raise DataError(f"source.columns: outcomes have no column '{name}'; {mend}")
        label = header.named.get("up") or header.others.get("outcome") or header.others.get("up")
        if label is None:
            raise DataError(
                f"{header.file}: no column 'outcome'; say which says up, down or void, or 1, 0 and 0.5, "
                "such as source: {columns: {up: winner}}"
            )
        return {"up": label} | {name: header.others[name] for name in PRICES if name in header.others}

    def adjustment_power(self, column: str) -> Literal[-1, 0, 1]:
        """Choose a column's power: prices of the underlying are multiplied, what a share paid stays."""
        return 1 if column in PRICES else 0

    def find_wrong_rows(self, columns: "Mapping[str, NDArray[float64]]") -> "dict[str, NDArray[bool_]]":
        """Find what is no outcome, and prices that cannot be."""
        import numpy as np

        up = columns["up"]
        wrong = {"no outcome, which is 1, 0 or 0.5": ~(np.isin(up, (0.0, 0.5, 1.0)) | np.isnan(up))}
        return wrong | {f"a {name} of nothing or less": columns[name] <= 0 for name in PRICES if name in columns}
