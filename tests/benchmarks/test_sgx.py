"""Random walks in the shape of a session move as far as the book did."""

import numpy as np

from benchmarks.books.drawn import PERIOD, START, draw_book
from benchmarks.sgx.sessions import walk
from factory.learning.book_labels import mids
from factory.market.series import Series

BOOK = draw_book(2_000)


def test_a_walk_moves_as_far_as_the_book_and_leaves_the_rest() -> None:
    stamps = START + PERIOD * np.arange(len(BOOK["events"]))
    book = Series("book", "depth", PERIOD, 0, stamps, stamps + PERIOD, BOOK)
    walked = walk(book, 3)
    one, other = np.diff(mids(book)), np.diff(mids(walked))
    np.testing.assert_array_equal(np.abs(one), np.abs(other))
    assert 0.4 < np.mean(one[one != 0] == other[one != 0]) < 0.6
    for name, values in BOOK.items():
        apart = walked.columns[name] - values
        np.testing.assert_array_equal(apart, mids(walked) - mids(book) if "_px_" in name else 0 * values)
