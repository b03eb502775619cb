"""Files with a column for each price and size of a book, and of the trades beside them: Parquet and CSV."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from numpy import float64, int64
from numpy.typing import NDArray

from factory.core.errors import DataError, did_you_mean
from factory.market.book_columns import book_columns
from factory.market.books.checks import require_levels
from factory.market.books.events import NANOS, Events, Reading, ReceiverClock, TradeEvents
from factory.market.books.unpacking import read_head
from factory.market.column_choice import STAMPS
from factory.market.files import Files
from factory.market.stamps import Stamping, parse_stamps

BATCH = 16_384
"""Rows read at once, at most."""
BLOCK = 2**24
"""Bytes of a text file read at once."""
RECEIVED = ("local_ts_ns", "local_timestamp", "receive_time")
"""Names of a column of the moments at which rows were received."""
TRADE = ("price", "qty", "is_buyer_maker")
"""What a file of trades has."""
BOOKS = frozenset(book_columns(1))


def is_format(path: Path, head: bytes) -> bool:
    """Check whether a file has columns of books or of trades."""
    if head.startswith(b"PAR1"):
        return _holds(_open_parquet(path).schema_arrow.names)
    return _holds(_split_header(head))


def _split_header(head: bytes) -> list[str]:
    line = head.removeprefix(b"\xef\xbb\xbf").partition(b"\n")[0].decode("utf-8", "replace")
    return [label.strip().strip('"') for label in line.split(",")]


def _holds(labels: Sequence[str]) -> bool:
    return {*labels} >= BOOKS or {*TRADE} <= {*labels}


def read_levels(paths: Sequence[Path], reading: Reading) -> Iterator[Events | TradeEvents]:
    """Read books and trades in batches; trades first."""
    by_kind = sorted((_Table(path, reading) for path in paths), key=lambda table: (table.holds_books, table.first))
    for table in by_kind:
        yield from table.read_books() if table.holds_books else table.read_trades()


class _Table:
    """One file."""

    def __init__(self, path: Path, reading: Reading) -> None:
        self.path, self._reading = path, reading
        self._labels = self._find_labels()
        self.holds_books = {*self._labels} >= BOOKS
        self._stamp = self._choose_stamp()
        self._received = next((name for name in RECEIVED if name in self._labels), None)
        beginning = next((cells for cells in self._batches([self._stamp]) if cells.num_rows), None)
        if beginning is None:
            raise DataError(f"{path.name}: no rows; export it again")
        self.first = int(self._time(beginning, self._stamp, 1)[0])

    def read_books(self) -> Iterator[Events]:
        levels = self._reading.spec.book_levels
        held = 0
        while {*book_columns(held + 1)} <= {*self._labels}:
            held += 1
        require_levels(self.path, held, levels)
        names = book_columns(levels)
        for start, time, cells in self._stamped(names):
            books = np.column_stack([self._numbers(cells[name]) for name in names])
            places = np.arange(start, start + len(time))
            yield Events(self.path.name, places, time, books, np.zeros(len(time), bool))

    def read_trades(self) -> Iterator[TradeEvents]:
        for _, time, cells in self._stamped(TRADE):
            is_buy = ~np.asarray(cells["is_buyer_maker"].to_numpy(zero_copy_only=False), bool)
            yield TradeEvents(time, self._numbers(cells["qty"]), is_buy)

    def _stamped(self, names: Sequence[str]) -> Iterator[tuple[int, NDArray[int64], pa.RecordBatch]]:
        """Yield the number of each batch's first row, the moments from which its rows count, and its cells."""
        clock, start = ReceiverClock(self.path.name, self._reading.notes), 1
        wanted = dict.fromkeys((self._stamp, *((self._received,) if self._received else ()), *names))
        for cells in self._batches([*wanted]):
            event = self._time(cells, self._stamp, start)
            received = self._time(cells, self._received, start) if self._received else None
            yield start, clock.stamp(event, received), cells
            start += cells.num_rows

    def _batches(self, names: list[str]) -> Iterator[pa.RecordBatch]:
        try:
            yield from self._open(names)
        except (pa.ArrowInvalid, pa.ArrowKeyError, OSError):
            raise DataError(
                f"{self.path.name}: rows that are cut short, or cells that are no numbers; correct them or get it again"
            ) from None

    def _open(self, names: list[str]) -> Iterator[pa.RecordBatch]:
        if self.path.suffix.lower() == ".parquet":
            yield from _open_parquet(self.path).iter_batches(BATCH, columns=names)
            return
        types = {name: pa.float64() for name in names if name in BOOKS or name[:4] in ("ask_", "bid_")}
        with pacsv.open_csv(
            self.path,
            read_options=pacsv.ReadOptions(block_size=BLOCK),
            convert_options=pacsv.ConvertOptions(include_columns=names, column_types=types, null_values=["", "nan", "NaN"]),
        ) as table:
            yield from table

    def _find_labels(self) -> list[str]:
        if self.path.suffix.lower() == ".parquet":
            return list(_open_parquet(self.path).schema_arrow.names)
        return _split_header(read_head(self.path))

    def _choose_stamp(self) -> str:
        source = self._reading.spec.source
        asked = source.time if isinstance(source, Files) else None
        if asked is not None:
            if asked not in self._labels:
                raise DataError(f"{self.path.name}: no column '{asked}'; {did_you_mean(asked, self._labels)}")
            return asked
        stamp = next((name for name in STAMPS if name in self._labels), None)
        if stamp is None:
            raise DataError(f"{self.path.name}: no column of stamps such as timestamp; name it with source: {{time: ...}}")
        return stamp

    def _time(self, cells: pa.RecordBatch, name: str, start: int) -> NDArray[int64]:
        if name == RECEIVED[0]:
            received: NDArray[int64] = cells[name].cast(pa.int64()).to_numpy() // NANOS
            return received
        source = self._reading.spec.source
        zone, form = (source.zone, source.format) if isinstance(source, Files) else (None, None)
        told = Stamping(self.path.name, self._place(start), 1, zone, form if form and "%" in form else None)
        return parse_stamps(pa.chunked_array([cells[name]]), told)[0]

    def _place(self, start: int) -> Callable[[int], str]:
        return lambda row: f"{self.path.name} row {start + row - 1}"

    def _numbers(self, column: pa.Array) -> NDArray[float64]:
        if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
            raise DataError(f"{self.path.name}: prices and sizes that are no numbers; correct them")
        values: NDArray[float64] = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
        return values


def _open_parquet(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path, pre_buffer=False)
    except pa.ArrowInvalid:
        raise DataError(f"{path.name}: truncated, half-downloaded or of another format than Parquet; get it again") from None
