"""A file of books told as a snapshot and the updates between them."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy import float64, int64
from numpy.typing import NDArray

from benchmarks.books.plain_rebuilder import Cells
from factory.market.book_columns import book_columns

BEYOND, STEP = 1_000.0, 0.1
"""How far from all prices further levels begin, and how far apart they are."""
Message = dict[str, Any]


def read_states(path: Path, levels: int) -> tuple[NDArray[int64], NDArray[float64]]:
    """Read the number and the book of each row."""
    table = pq.read_table(path, columns=["update_id", *book_columns(levels)])
    books = np.column_stack([table[name].to_numpy() for name in book_columns(levels)])
    return table["update_id"].to_numpy(), books


def tell_updates(numbers: NDArray[int64], books: NDArray[float64], further: int) -> Iterator[Message]:
    """Yield a snapshot of the first book, with so many further levels a side that no update reaches, and then the updates."""
    before = [_side(books[0], side) for side in (0, 2)]
    far = [_far_levels(books[:, side::4], further, sign) for side, sign in ((0, 1.0), (2, -1.0))]
    asks, bids = (_spell({**one, **more}) for one, more in zip(before, far, strict=True))
    yield {"lastUpdateId": int(numbers[0]), "E": 1, "asks": asks, "bids": bids}
    for place in range(1, len(books)):
        now = [_side(books[place], side) for side in (0, 2)]
        asks, bids = (_spell(_changes(old, new)) for old, new in zip(before, now, strict=True))
        u, pu = int(numbers[place]), int(numbers[place - 1])
        names = {"e": "depthUpdate", "E": place, "s": "BTCUSD_PERP", "ps": "BTCUSD", "U": pu + 1, "u": u, "pu": pu}
        yield {**names, "b": bids, "a": asks}
        before = now


def write_capture(path: Path, messages: Iterable[Message]) -> None:
    """Write messages as a recorder does, each after its time of receipt."""
    start = 1_723_161_256_000_000_000
    with path.open("w", encoding="utf-8") as file:
        file.writelines(f"{start + place} {json.dumps(one)}\n" for place, one in enumerate(messages))


def _side(book: NDArray[float64], side: int) -> dict[float, float]:
    return dict(zip(book[side::4].tolist(), book[side + 1 :: 4].tolist(), strict=True))


def _changes(old: dict[float, float], new: dict[float, float]) -> dict[float, float]:
    return {price: 0.0 for price in old if price not in new} | {
        price: size for price, size in new.items() if old.get(price) != size
    }


def _far_levels(prices: NDArray[float64], count: int, sign: float) -> dict[float, float]:
    edge = prices.max() + BEYOND if sign > 0 else prices.min() - BEYOND
    return {round(float(edge + sign * STEP * place), 1): 1.0 for place in range(count)}


def _spell(levels: dict[float, float]) -> Cells:
    return [[repr(price), repr(size)] for price, size in levels.items()]
