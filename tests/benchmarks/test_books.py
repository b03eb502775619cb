"""Books of benchmarks: engines agree, and updates tell the books they were made of."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.book_rebuild import read_capture, read_updates, rebuild
from benchmarks.books.by_pandas import with_pandas
from benchmarks.books.drawn import EXPRESSIONS, LEVELS, compute_ours, draw_book
from benchmarks.books.plain_rebuilder import read_plainly
from benchmarks.books.updates import tell_updates, write_capture
from factory.expressions.operators import OPERATORS
from factory.market.book_columns import book_columns

BOOK = draw_book(2_000)


def test_features_have_every_operator_on_books() -> None:
    of_books = {name for name, operator in OPERATORS.items() if operator.family == "book"}
    assert {text.partition("(")[0] for text in EXPRESSIONS} == of_books


@pytest.mark.parametrize("engine", ["pandas", "polars"])
def test_engines_give_the_same_values(engine: str) -> None:
    frames = pytest.importorskip(engine)
    if engine == "pandas":
        others = with_pandas(pd.DataFrame(BOOK))
    else:
        from benchmarks.books.by_polars import with_polars

        others = with_polars(frames.DataFrame(BOOK))
    for text, one, other in zip(EXPRESSIONS, compute_ours(BOOK), others, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9 * np.nanstd(one), err_msg=text)


@pytest.mark.parametrize("further", [0, 50])
def test_books_rebuilt_from_their_updates_are_those_they_were_made_of(further: int, tmp_path: Path) -> None:
    books = np.column_stack([BOOK[name] for name in book_columns(LEVELS)])
    path = tmp_path / "capture.txt"
    write_capture(path, tell_updates(np.arange(100, 100 + 7 * len(books), 7), books, further))
    for rebuilt in (rebuild(read_updates(path)), read_plainly(path, LEVELS), read_capture(path)):
        np.testing.assert_array_equal(rebuilt[-len(books) + 1 :], books[1:])
