"""The formats that order books are read from, and which one some files are of."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from factory.core.errors import DataError
from factory.market.books import binance, fi2010, levels, lobster
from factory.market.books.events import Events, Reading, TradeEvents
from factory.market.books.unpacking import read_head


@dataclass(frozen=True)
class BookFormat:
    """One format.

    Parameters
    ----------
    name : str
        What ``format:`` of a dataset file calls it.
    is_format : callable
        Whether a file whose first bytes are given is of it.
    read : callable
        The files of one series, in batches in order of time.
    is_normalised : bool
        Whether its numbers are neither prices nor sizes, so that nothing can be said of them.
    """

    name: str
    is_format: Callable[[Path, bytes], bool]
    read: Callable[[Sequence[Path], Reading], Iterator[Events | TradeEvents]]
    is_normalised: bool = False


LOBSTER, LOBSTER_NAME = "lobster", re.compile("message|orderbook", re.IGNORECASE)
"""Its files have no header, so that their names alone tell them from tables of whole numbers."""
FORMATS = (
    BookFormat("levels", levels.is_format, levels.read_levels),
    BookFormat("binance-raw", binance.is_raw, binance.read_raw),
    BookFormat("binance-rest", binance.is_rest, binance.read_rest),
    BookFormat(LOBSTER, lobster.is_format, lobster.read_lobster),
    BookFormat("fi2010", fi2010.is_format, fi2010.read_fi2010, is_normalised=True),
)
"""Those that are told apart, the surest first."""


def holds_books(path: Path) -> bool:
    """Check whether a file is of one of the formats of order books, as far as its beginning tells it from other tables.

    Raises
    ------
    DataError
        If it is empty or cannot be read.
    """
    head = read_head(path)
    return any(one.is_format(path, head) for one in FORMATS if one.name != LOBSTER or LOBSTER_NAME.search(path.name))


def detect_format(paths: Sequence[Path]) -> BookFormat:
    """Find the format of files by what they hold.

    Raises
    ------
    DataError
        If it is none of ours, or not the same for all.
    """
    formats = {path.name: _detect(path) for path in paths}
    first = next(iter(formats.values()))
    other = next((name for name, one in formats.items() if one is not first), None)
    if other:
        raise DataError(
            f"{other}: is of format {formats[other].name} and {paths[0].name} of {first.name}; a series has files of one"
        )
    return first


def _detect(path: Path) -> BookFormat:
    head = read_head(path)
    book_format = next((one for one in FORMATS if one.is_format(path, head)), None)
    if book_format is None:
        listed = ", ".join(one.name for one in FORMATS)
        raise DataError(
            f"{path.name}: holds order books of no format that is known; say which with source: {{format: ...}}, of {listed}"
        )
    return book_format
