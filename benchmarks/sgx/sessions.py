"""Sessions of SGX FTSE A50 futures: their books, the decisions on them, and labels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy import float64, int64
from numpy.typing import NDArray

from factory.core.times import moment
from factory.expressions.columns import Columns
from factory.expressions.grammar import parse
from factory.learning.book_labels import find_threshold, label_mid_moves, mids
from factory.learning.book_windows import read_windows
from factory.learning.labels import Labels
from factory.learning.sampling import after_updates
from factory.learning.windows import Windows
from factory.market.book_columns import EVENTS
from factory.market.books import read_books
from factory.market.grid import lay_on_grid
from factory.market.series import Partition, Series
from factory.market.series_spec import SeriesSpec
from factory.pipeline.parts.experts import BinCtabl
from factory.pipeline.parts.labels import MidMove

TRAIN, TEST = "2014-01-09", "2014-01-29"
OPENS, HALF, CLOSES = "01:00:00Z", "04:30:00Z", "07:55:00Z"
PERIOD, LEVELS, HORIZON, FLAT = "200ms", 3, "90s", 0.33
FEATURES = {
    "lean": "imbalance(book, 1)",
    "lean_levels": "imbalance(book, 3)",
    "lean_recent": "mean(imbalance(book, 1), 25)",
    "micro": "(microprice(book) - mid(book)) / mid(book)",
    "push": "pressure(book, 3)",
    "spread": "spread(book)",
    "flow": "ofi(book, 1, 5)",
    "flow_recent": "ofi_all(book, 3, 50)",
    "flow_long": "ofi_all(book, 3, 300)",
    "pace": "events(book, 50)",
    "gone": "mid(book) / mean(mid(book), 50) - 1",
    "gone_long": "mid(book) / mean(mid(book), 300) - 1",
}


@dataclass(frozen=True)
class Stretch:
    """The decisions of one stretch of a session.

    Parameters
    ----------
    book : Series
        The session's book.
    end : int
        Labels are known by then, ms UTC.
    time : ndarray of int64, shape (n,)
        Decisions, ms UTC.
    X : ndarray of float64, shape (n, d)
        Features.
    windows : mapping of int to Windows
        What networks are shown, by steps.
    """

    book: Series
    end: int
    time: NDArray[int64]
    X: NDArray[float64]
    windows: Mapping[int, Windows]

    def count_events(self) -> tuple[int, int]:
        """Count the updates, and the rows in which the mid moved, from the first decision on."""
        inside = (self.book.known >= self.time[0]) & (self.book.known < self.end)
        return int(self.book.columns[EVENTS][inside].sum()), int(np.count_nonzero(np.diff(mids(self.book)[inside])))


def read_session(folder: Path, day: str) -> Series:
    """Read a day's book between its auctions, every row there: a book stands until the next update."""
    file = f"sgx_a50_{day.replace('-', '')}_depth3.parquet"
    auctions = [["2014-01-01T00:00:00Z", f"{day}T{OPENS}"], [f"{day}T{CLOSES}", "2014-02-01T00:00:00Z"]]
    source = {"use": "files", "files": file, "format": "levels"}
    keys = {"kind": "depth", "underlying": "SGX-A50", "period": PERIOD, "levels": LEVELS, "max_age": "5m"}
    spec = SeriesSpec.model_validate({**keys, "exclude": auctions, "source": source})
    rows = read_books([folder / file], spec)
    return lay_on_grid("book", spec, rows, (int(rows.time[0]), int(rows.time[-1]) + spec.period_ms), 0)


def cut_stretches(train: Series, test: Series, steps: Sequence[int]) -> dict[str, Stretch]:
    """Cut the two sessions into train, validation and test, with windows of so many steps."""
    half, ends = moment(f"{TEST}T{HALF}"), [int(book.known[-1]) + 1 for book in (train, test)]
    bounds = {"train": (train, 0, ends[0]), "validation": (test, 0, half), "test": (test, half, ends[1])}
    return {name: _read_stretch(book, start, end, steps) for name, (book, start, end) in bounds.items()}


def _read_stretch(book: Series, start: int, end: int, steps: Sequence[int]) -> Stretch:
    """Read features and windows after each row with an update, where all of them are there."""
    columns = Columns(Partition("sgx", "session", start, end, {"book": book}, "sgx"))
    times = after_updates(book.columns[EVENTS], book.known, 1, start, end)
    X = np.column_stack([columns.at(parse(text), times) for text in FEATURES.values()])
    shown = [BinCtabl(use="bin_ctabl", book="book", levels=LEVELS, steps=count) for count in steps]
    read = {part.steps: read_windows(part, columns, times) for part in shown}
    keep = np.logical_and.reduce([~np.isnan(X).any(axis=1), *(there for _, there in read.values())])
    return Stretch(book, end, times[keep], X[keep], {count: windows.take(keep) for count, (windows, _) in read.items()})


def label_of(events: int, against: str = "now") -> MidMove:
    """Ask where the mean mid of the next updates lies."""
    keys = {"use": "mid_move", "of": "book", "book": "book", "horizon": HORIZON, "flat": FLAT}
    return MidMove.model_validate({**keys, "events": events, "against": against})


def label_stretches(part: MidMove, stretches: Mapping[str, Stretch]) -> dict[str, Labels]:
    """Label all stretches by the threshold of train."""
    train = stretches["train"]
    threshold = find_threshold(part, train.book, train.time, train.end)
    return {name: label_mid_moves(part, one.book, one.time, threshold, one.end) for name, one in stretches.items()}


def walk(book: Series, seed: int) -> Series:
    """Draw a random walk: the session with a fair coin for the direction of each move of the mid, all else as it was."""
    mid = mids(book)
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], len(mid) - 1)
    shift = np.concatenate(([0.0], np.cumsum(signs * np.diff(mid)))) + mid[0] - mid
    columns = {name: values + shift if "_px_" in name else values for name, values in book.columns.items()}
    return replace(book, columns=columns)
