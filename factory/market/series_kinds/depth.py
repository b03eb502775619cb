"""Order books: prices and sizes of the first levels of both sides, and what happened between one row and the next."""

from typing import Literal

from factory.core.errors import DataError
from factory.market.book_columns import EVENTS, TRADED, book_columns
from factory.market.series_kinds.base import Aggregation, Header, SeriesKind


class Depth(SeriesKind):
    """Books as they stood at the end of each period, and the flow inside it; known at its end.

    Their rows are made from events by :mod:`factory.market.books`.
    """

    name = "depth"
    about = "the order book as each period ends, further levels too, and what happened in it: events ofi_1 ... buy_qty sell_qty"
    columns = book_columns(1)
    takes_any_column = False
    is_stamped_at_open = True
    holds_books = True

    def extent(self, period: int, delay: int) -> int:
        """Return the time up to the end of the period."""
        return period

    def known_after(self, period: int, delay: int) -> int:
        """Return the time up to the end of the period, plus the delay."""
        return period + delay

    def choose_columns(self, header: Header) -> dict[str, str]:
        """Choose prices and sizes of levels 1, 2, ... as far as each side has both."""
        for name in self.columns:
            if name not in header.others:
                raise DataError(f"{header.file}: no column '{name}'; books need {', '.join(self.columns)}, then _2 and so on")
        held, level = dict.fromkeys(self.columns), 2
        while all(name in header.others for name in book_columns(level)):
            held, level = dict.fromkeys(book_columns(level)), level + 1
        return {name: header.others[name] for name in held}

    def aggregation(self, column: str) -> Aggregation:
        """Choose how a column is aggregated: updates, flow and volumes in total, the book itself last."""
        return "total" if column in (EVENTS, *TRADED) or column.startswith("ofi_") else "last"

    def adjustment_power(self, column: str) -> Literal[-1, 0, 1]:
        """Choose a column's power: prices are multiplied, counts of coins divided, the number of updates stays."""
        return 0 if column == EVENTS else 1 if "_px_" in column else -1
