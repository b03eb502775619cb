"""Names of the columns that order books have, and of the formats that they are read from."""

MOST_LEVELS = 20
"""Levels of each side that a series may have."""
EVENTS = "events"
TRADED = ("buy_qty", "sell_qty")
"""What buyers and what sellers took in a row, where the source has trades."""
FORMATS = ("levels", "binance-raw", "binance-rest", "lobster", "fi2010")
"""What ``format:`` of a dataset file calls each format of books."""


def book_columns(levels: int) -> tuple[str, ...]:
    """Prices and sizes of the first levels of both sides, best first, in the order of DeepLOB and FI-2010."""
    return tuple(
        f"{side}_{what}_{level}" for level in range(1, levels + 1) for side in ("ask", "bid") for what in ("px", "qty")
    )


def flow_columns(levels: int) -> tuple[str, ...]:
    """What happened in a row: updates, and the order-flow imbalance of each level."""
    return (EVENTS, *(f"ofi_{level}" for level in range(1, levels + 1)))
