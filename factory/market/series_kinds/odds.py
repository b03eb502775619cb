"""What a share of Up costs in a window of a prediction market."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from factory.core.errors import DataError, did_you_mean
from factory.market.series_kinds.base import Header, SeriesKind

if TYPE_CHECKING:
    from numpy import bool_, float64
    from numpy.typing import NDArray

QUOTES = ("up", "bid", "ask", "bid_size", "ask_size", "quote_age")
"""Price of a share of Up, best bid and ask for it, shares at each, and the seconds from the quote to the stamp."""
TICK = "tick"
"""Step of prices, read only where a person names it: it becomes finer once a price comes near 0 or 1, so that one which was
noted after a window tells how far it went."""
TERMS = ("fee", TICK, "minimum_size", "twap")
"""Of the window's own market: fee rate, step of prices, fewest shares, seconds over which settling prices are averaged."""
TOLD_AT_END = re.compile(r"settle|outcome|resol|payout|winner|winning|final|result|after|close")
"""Names of columns that only the end of a window can fill."""


class Odds(SeriesKind):
    """Quotes of a binary contract, stamped when they were quoted and known then: at windows' starts, or inside too."""

    name = "odds"
    about = "quotes of windows of a prediction market, stamped at their starts or inside them and known then; also " + " ".join(
        (*QUOTES[1:], *TERMS)
    )
    columns = ("up",)
    takes_any_column = False
    is_stamped_at_open = True
    gives_odds = True

    def extent(self, period: int, delay: int) -> int:
        """Return the time until it is published: a quote tells nothing of the window that follows."""
        return delay

    def known_after(self, period: int, delay: int) -> int:
        """Return the time until it is published."""
        return delay

    def choose_columns(self, header: Header) -> dict[str, str]:
        """Choose quotes and terms; refuse what the dataset file names and a window's start cannot tell."""
        for name, label in header.named.items():
            if name not in (*QUOTES, *TERMS):
                mend = did_you_mean(name, (*QUOTES, *TERMS))
                raise DataError(
                    f"source.columns: odds have no column '{name}'; {mend}, or a series of its own with kind: values"
                )
            if TOLD_AT_END.search(label):
                raise DataError(
                    f"{header.file}: column '{label}' is told when a window ends, and odds are prices at its start; "
                    "name one that was quoted then, and give how windows ended a series of its own with kind: outcomes"
                )
        if "up" not in header.others and not {"bid", "ask"} <= {*header.others}:
            raise DataError(
                f"{header.file}: no column 'up', nor 'bid' and 'ask'; say which was quoted for Up as each window started, such "
                "as source: {columns: {up: price}}"
            )
        names = [name for name in (*QUOTES, *TERMS) if name in (header.named if name == TICK else header.others)]
        return {name: header.others[name] for name in names}

    def derive_columns(self, columns: "Mapping[str, NDArray[float64]]") -> "dict[str, NDArray[float64]]":
        """Add the middle of bid and ask as the price of Up where the source has none; none where a side is empty."""
        import numpy as np

        if "up" in columns:
            return dict(columns)
        bid, ask = columns["bid"], columns["ask"]
        return {"up": np.where((bid > 0) & (ask < 1), (bid + ask) / 2, np.nan), **columns}

    def adjustment_power(self, column: str) -> Literal[-1, 0, 1]:
        """Leave every column as it is: a share pays 1 on every scale of its underlying."""
        return 0

    def find_wrong_rows(self, columns: "Mapping[str, NDArray[float64]]") -> "dict[str, NDArray[bool_]]":
        """Find prices that no share has before its window ends, sides that cross, and fees in other units than rates."""
        wrong = {"a price of Up that is not between 0 and 1": (columns["up"] <= 0) | (columns["up"] >= 1)}
        if {"bid", "ask"} <= {*columns}:
            wrong["a bid above the ask"] = columns["bid"] > columns["ask"]
        if "fee" in columns:
            # In percent or basis points it would price everything out, and be received as a rebate of many times the stake.
            wrong["a fee that is no rate from 0 to below 1"] = (columns["fee"] < 0) | (columns["fee"] >= 1)
        return wrong
