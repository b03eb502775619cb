"""Drawn order books, and features of them by the feature language."""

import numpy as np
from numpy import float64
from numpy.typing import NDArray

from factory.expressions.columns import Columns
from factory.expressions.grammar import parse
from factory.market.series import Partition, Series

LEVELS, PERIOD, START, TICK = 10, 100, 1_700_000_000_000, 0.5
Floats = NDArray[float64]
Book = dict[str, Floats]
EXPRESSIONS = (
    "mid(book)",
    "spread(book)",
    "microprice(book)",
    *(f"imbalance(book, {n})" for n in (1, 5, LEVELS)),
    f"depth(book, {LEVELS})",
    "order_flow(book, 50)",
    f"weighted_mid(book, {LEVELS})",
    f"pressure(book, {LEVELS})",
    f"book_slope(book, {LEVELS})",
    "bid_change(book, 1)",
    "ask_change(book, 5)",
    *(f"ofi(book, {level}, 60)" for level in (1, 2, 3, 5)),
    f"ofi_all(book, {LEVELS}, 60)",
    "signed_volume(book, 60)",
    "events(book, 60)",
)
"""Each operator on books, at least once."""


def draw_book(rows: int) -> Book:
    """Draw books on a random walk of ticks, with the flow and the trades of each row."""
    rng = np.random.default_rng(0)
    best = 80_000 + np.cumsum(rng.integers(-1, 2, rows))
    gaps = rng.integers(1, 4, (2, LEVELS, rows))
    ask, bid = best + np.cumsum(gaps[0], axis=0), best - np.cumsum(gaps[1], axis=0) + 1
    sizes = np.round(rng.gamma(2.0, 3.0, (2, LEVELS, rows)) + 0.001, 3)
    book: Book = {}
    for level in range(LEVELS):
        book[f"ask_px_{level + 1}"], book[f"ask_qty_{level + 1}"] = TICK * ask[level], sizes[0, level]
        book[f"bid_px_{level + 1}"], book[f"bid_qty_{level + 1}"] = TICK * bid[level], sizes[1, level]
    book["events"] = rng.poisson(5.0, rows).astype(float64)
    book |= {f"ofi_{level}": np.round(rng.normal(0.0, 9.0, rows), 3) for level in range(1, LEVELS + 1)}
    return book | {name: np.round(rng.gamma(1.0, 2.0, rows) + 0.001, 3) for name in ("buy_qty", "sell_qty")}


def compute_ours(book: Book) -> list[Floats]:
    """Compute the features through the feature language."""
    stamps = START + PERIOD * np.arange(len(book["events"]))
    series = Series("book", "depth", PERIOD, 0, stamps, stamps + PERIOD, book)
    partition = Partition("bench", "train", START, int(stamps[-1]) + PERIOD, {"book": series}, "bench")
    columns = Columns(partition)
    return [columns.column(parse(text)).values for text in EXPRESSIONS]
