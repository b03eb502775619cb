"""Names of the columns that order books have, and of the formats that they are read from."""

MOST_LEVELS = 20
"""Levels of each side that a series may have."""
EVENTS = "events"
TRADED = ("buy_qty", "sell_qty")
"""What buyers and what sellers took in a row, where the source has trades."""
FORMATS = {
    "levels": "Parquet or CSV with a header: stamps, ask_px_1 ask_qty_1 bid_px_1 bid_qty_1 and so on, a row an update, and "
    "local_ts_ns where the time of receipt is known; files with price, qty and is_buyer_maker beside them are their trades",
    "binance-raw": "captures of a depth stream of spot, USD-M or COIN-M, a line a message after its time of receipt in ns, "
    "with the snapshots and trades among them",
    "binance-rest": "the messages of such a stream alone, and files of snapshots beside them",
    "lobster": "pairs of message and orderbook files; the day is in their names or date:, and zone: is America/New_York",
    "fi2010": "the matrix of the benchmark, whose numbers are normalised; date: and step: make up its times",
}
"""What each format of books is, by what ``format:`` of a dataset file calls it."""


def book_columns(levels: int) -> tuple[str, ...]:
    """Name the prices and sizes of the first levels of both sides, best first, as DeepLOB and FI-2010 order them."""
    return tuple(
        f"{side}_{what}_{level}" for level in range(1, levels + 1) for side in ("ask", "bid") for what in ("px", "qty")
    )


def flow_columns(levels: int) -> tuple[str, ...]:
    """Name the columns of what happened in a row: updates, and the order-flow imbalance of each level."""
    return (EVENTS, *(f"ofi_{level}" for level in range(1, levels + 1)))
