"""FI-2010: a text matrix with a column an event, of which the first forty rows are a normalised book and nothing is a time."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from factory.core.errors import DataError
from factory.core.times import moment, to_ms
from factory.market.books.events import Events, Reading, TradeEvents
from factory.market.books.unpacking import open_unpacked
from factory.market.files import Files

ROWS, LEVELS = 149, 10
"""Forty of the book, 104 of features, five of labels."""
NUMBERS = re.compile(rb"\s*(-?[0-9.]+([eE][-+]?[0-9]+)?\s+){40}")


def is_format(path: Path, head: bytes) -> bool:
    """Check whether a file begins with a row of numbers parted by blanks."""
    return NUMBERS.match(head.partition(b"\n")[0] + b" ") is not None


def read_fi2010(paths: Sequence[Path], reading: Reading) -> Iterator[Events | TradeEvents]:
    """Read matrices one after the other, as a dataset file names them; each event stands the declared step after the last."""
    source, levels = reading.spec.source, reading.spec.book_levels
    if not isinstance(source, Files) or source.date is None or source.step is None:
        raise DataError(
            f"{paths[0].name}: FI-2010 has no times; say when its first event is to stand and how long after each the next "
            "with source: {date: 2010-06-01, step: 1s}"
        )
    if levels > LEVELS:
        raise DataError(f"{paths[0].name}: {LEVELS} levels a side, and {levels} are asked for; write levels: {LEVELS}")
    step, start = to_ms(source.step), moment(source.date)
    for path in paths:
        books = _read_rows(path, 4 * levels)
        time = start + step * np.arange(len(books))
        yield Events(path.name, np.arange(1, len(books) + 1), time, books, np.zeros(len(books), bool))
        start += step * len(books)
    reading.notes.append(
        f"FI-2010: normalised numbers, neither prices nor sizes; times are made up, {source.step} from event to event, so "
        "that nothing that is said of days or of money means anything"
    )


def _read_rows(path: Path, count: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Read the first rows of a matrix, turned: an event a row."""
    rows = []
    with open_unpacked(path) as text:
        for place, line in enumerate(text, 1):
            if place > count:
                continue
            try:
                rows.append(np.array(line.split(), np.float64))
            except ValueError:
                raise DataError(f"{path.name} line {place}: holds what is no number; get it again") from None
    if place != ROWS or len({len(row) for row in rows}) > 1:
        raise DataError(f"{path.name}: {place} rows, where FI-2010 has {ROWS} of one length; get the whole file")
    return np.ascontiguousarray(np.array(rows).T)
