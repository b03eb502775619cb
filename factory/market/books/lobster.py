"""LOBSTER's pairs of files: a message a row, and the book after it; times in seconds after midnight, prices times 10,000."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
from numpy import float64, int64
from numpy.typing import NDArray

from factory.core.errors import DataError
from factory.core.times import moment
from factory.market.books.checks import require_levels
from factory.market.books.events import NANOS, Events, Reading, TradeEvents
from factory.market.books.unpacking import read_head
from factory.market.files import Files
from factory.market.stamps import Stamping, parse_stamps

SCALE = 10_000.0
"""Of prices."""
DUMMY = 9_999_999_999
"""Price of a level that is empty; of a bid it is negative."""
VISIBLE, HIDDEN = 4, 5
"""Types of messages that tell of trades, against an order that was or was not shown."""
SELL_ORDER = -1
"""Direction of a message about a sell order: who trades with it buys."""
BLOCK = 2**22
"""Bytes read at once."""
MESSAGE, BOOK = "message", "orderbook"
MESSAGE_LINE = re.compile(r"[0-9]+(\.[0-9]+)?,[1-7],[0-9]+,[0-9]+,-?[0-9]+,-?1")
BOOK_LINE = re.compile(r"(-?[0-9]+,[0-9]+,-?[0-9]+,[0-9]+)(,-?[0-9]+,[0-9]+,-?[0-9]+,[0-9]+)*")
DATED = re.compile(r"(?<![0-9])((19|20)[0-9]{2}-[01][0-9]-[0-3][0-9])(?![0-9])")


def is_format(path: Path, head: bytes) -> bool:
    """Check whether a file has messages or books of LOBSTER."""
    return _part(head) is not None


def _part(head: bytes) -> str | None:
    line = head.partition(b"\n")[0].decode("utf-8", "replace").strip()
    if MESSAGE_LINE.fullmatch(line):
        return MESSAGE
    return BOOK if BOOK_LINE.fullmatch(line) else None


@dataclass(frozen=True)
class _Day:
    """One pair of files, and midnight of their day in their own zone as if that were UTC, ms."""

    messages: Path
    books: Path
    midnight: int


def read_lobster(paths: Sequence[Path], reading: Reading) -> Iterator[Events | TradeEvents]:
    """Read pairs in the order of their days: the trades of each, then its books."""
    for day in sorted(_pair(paths, reading), key=lambda day: day.midnight):
        messages = _read_messages(day.messages)
        time = _stamp(day, messages, reading)
        yield _find_trades(time, messages)
        yield from _read_books(day, time, reading)
    reading.notes.append("LOBSTER: prices divided by 10,000")


def _pair(paths: Sequence[Path], reading: Reading) -> Iterator[_Day]:
    parts: dict[str, list[Path]] = {MESSAGE: [], BOOK: []}
    for path in paths:
        parts[_part(read_head(path)) or BOOK].append(path)
    if len(parts[MESSAGE]) != len(parts[BOOK]):
        raise DataError(
            f"{paths[0].name}: {len(parts[MESSAGE])} files of messages and {len(parts[BOOK])} of books; LOBSTER's come in pairs"
        )
    for messages in parts[MESSAGE]:
        twins = [path for path in parts[BOOK] if path.name == messages.name.replace(MESSAGE, BOOK)]
        if len(twins) != 1 and len(parts[BOOK]) > 1:
            raise DataError(f"{messages.name}: no file {messages.name.replace(MESSAGE, BOOK)} beside it; name it too")
        yield _Day(messages, (twins or parts[BOOK])[0], _midnight(messages, reading))


def _midnight(path: Path, reading: Reading) -> int:
    """Return midnight of the day in the file's name, or that the dataset file declares."""
    source = reading.spec.source
    declared = source.date if isinstance(source, Files) else None
    named = DATED.search(path.name)
    if named is None and declared is None:
        raise DataError(f"{path.name}: seconds after midnight, and no day; say which with source: {{date: 2012-06-21}}")
    return moment(declared or (named[1] if named else ""))


def _read_messages(path: Path) -> pa.Table:
    names = ["seconds", "type", "order", "size", "price", "direction"]
    try:
        return pacsv.read_csv(
            path,
            read_options=pacsv.ReadOptions(column_names=names),
            convert_options=pacsv.ConvertOptions(
                column_types={"seconds": pa.float64(), "size": pa.float64()},
                include_columns=["seconds", "type", "size", "direction"],
            ),
        )
    except pa.ArrowInvalid:
        raise DataError(f"{path.name}: rows that are not six numbers; get the whole file") from None


def _stamp(day: _Day, messages: pa.Table, reading: Reading) -> NDArray[int64]:
    """Compute when each message came, ms UTC."""
    source = reading.spec.source
    nanos = np.rint(messages["seconds"].to_numpy() * 1e9).astype(int64)
    local = pa.chunked_array([pa.array(day.midnight + nanos // NANOS, pa.timestamp("ms"))])
    zone = source.zone if isinstance(source, Files) else None
    return parse_stamps(local, Stamping(day.messages.name, lambda row: f"{day.messages.name} row {row}", 1, zone))[0]


def _find_trades(time: NDArray[int64], messages: pa.Table) -> TradeEvents:
    kind = messages["type"].to_numpy()
    traded = (kind == VISIBLE) | (kind == HIDDEN)
    is_buy = messages["direction"].to_numpy() == SELL_ORDER
    return TradeEvents(time[traded], messages["size"].to_numpy()[traded], is_buy[traded])


def _read_books(day: _Day, time: NDArray[int64], reading: Reading) -> Iterator[Events]:
    width, start = 4 * reading.spec.book_levels, 0
    try:
        with pacsv.open_csv(
            day.books, read_options=pacsv.ReadOptions(block_size=BLOCK, autogenerate_column_names=True)
        ) as table:
            require_levels(day.books, len(table.schema) // 4, reading.spec.book_levels)
            for batch in table:
                end = start + batch.num_rows
                books = np.column_stack([column.cast(pa.float64()).to_numpy() for column in batch.columns[:width]])
                _require_pair(day, end <= len(time))
                places = np.arange(start + 1, end + 1)
                yield Events(day.books.name, places, time[start:end], _plain(books), np.zeros(len(books), bool))
                start = end
    except pa.ArrowInvalid:
        raise DataError(f"{day.books.name}: rows that are not all numbers; get the whole file") from None
    _require_pair(day, start == len(time))


def _plain(books: NDArray[float64]) -> NDArray[float64]:
    """Convert prices to what they were, and empty levels to missing ones."""
    empty = np.abs(books[:, 0::2]) == DUMMY
    books[:, 0::2] = np.where(empty, np.nan, books[:, 0::2] / SCALE)
    books[:, 1::2] = np.where(empty, np.nan, books[:, 1::2])
    return books


def _require_pair(day: _Day, is_pair: bool) -> None:
    if not is_pair:
        raise DataError(f"{day.books.name}: not as many rows as {day.messages.name}; get both files of one download")
