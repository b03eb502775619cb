"""The label of three classes against the definitions in its papers, written as loops."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.core.errors import FlowError
from factory.core.times import MINUTE
from factory.learning.book_labels import find_threshold, label_mid_moves, mids
from factory.market.series import Series
from factory.pipeline import parse_part
from factory.pipeline.parts.labels import MidMove
from tests.learning.labels.bars import book_of, changed, flat, walk

BOOK = book_of(walk(400, seed=3))
TIMES = BOOK.time[20:380:7].copy()
END = int(BOOK.known[-1])


def part(**keys: object) -> MidMove:
    whole = {"use": "mid_move", "of": "btc", "book": "book", "horizon": "5m", "threshold": 0.001}
    return parse_part("label", {key: value for key, value in {**whole, **keys}.items() if value is not None})  # type: ignore[return-value]


def reference(book: Series, time: int, rows: int, against: str) -> float:
    """The relative move by the papers' formulas."""
    mid, now = mids(book), int(np.searchsorted(book.time, time)) - 1
    after = mid[now + 1 : now + 1 + rows].mean()
    base = mid[now] if against == "now" else mid[now + 1 - rows : now + 1].mean()
    return float(after / base - 1)


@pytest.mark.parametrize("against", ["now", "past"])
def test_moves_are_those_of_the_definitions(against: str) -> None:
    found = label_mid_moves(part(against=against), BOOK, TIMES, 0.001, END)
    moves = np.array([reference(BOOK, int(time), 5, against) for time in TIMES])
    np.testing.assert_allclose(found.ret, moves, rtol=0, atol=1e-12)
    assert found.known.all()
    assert found.classes.tolist() == np.where(moves > 0.001, 2, np.where(moves < -0.001, 0, 1)).tolist()
    assert found.y.tolist() == np.where(moves > 0.001, 1, np.where(moves < -0.001, 0, -1)).tolist()
    assert (found.end - TIMES).tolist() == [5 * MINUTE] * len(TIMES)


def test_a_horizon_in_updates_ends_with_the_row_in_which_they_came() -> None:
    found = label_mid_moves(part(events=6), BOOK, TIMES, 0.001, END)
    for time, first, last in zip(TIMES, found.first, found.last, strict=True):
        assert BOOK.time[first] == time
        updates = BOOK.columns["events"][first : last + 1]
        assert updates.sum() >= 6 > updates[:-1].sum()
    assert not label_mid_moves(part(events=100), BOOK, TIMES, 0.001, END).known.any()


@given(st.floats(0.05, 0.9))
def test_the_wanted_share_of_train_is_flat(share: float) -> None:
    wanted = part(threshold=None, flat=share)
    found = label_mid_moves(wanted, BOOK, TIMES, find_threshold(wanted, BOOK, TIMES, END), END)
    assert abs(found.flat.mean() - share) <= 2 / len(TIMES)


def test_nothing_that_moves_less_than_a_tick_of_rounding_is_a_move() -> None:
    book = book_of(flat([0.1 + 0.2] * 60))
    found = label_mid_moves(part(threshold=1e-15), book, book.time[10:40], 1e-15, int(book.known[-1]))
    assert found.flat.all()


@pytest.mark.parametrize(("against", "needs"), [("now", range(99, 105)), ("past", range(95, 105))])
def test_a_missing_row_that_it_looks_at_leaves_no_label(against: str, needs: range) -> None:
    time = BOOK.time[[100]]
    for row in range(90, 110):
        broken = changed(BOOK, np.arange(400) == row, np.nan)
        assert label_mid_moves(part(against=against), broken, time, 0.001, END).known.tolist() == [row not in needs]


def test_what_cannot_be_asked_of_a_book_is_refused() -> None:
    with pytest.raises(FlowError, match=r"label\.horizon: 90s is no multiple of the 1m rows of 'book'"):
        label_mid_moves(part(horizon="90s"), BOOK, TIMES, 0.001, END)
    silent = replace(BOOK, columns={name: values for name, values in BOOK.columns.items() if name != "events"})
    with pytest.raises(FlowError, match=r"label\.events: 'book' does not count updates; leave events out"):
        label_mid_moves(part(events=6), silent, TIMES, 0.001, END)
    with pytest.raises(FlowError, match="label: no decision has one on 'book'"):
        find_threshold(part(threshold=None, flat=0.5), changed(BOOK, BOOK.time > 0, np.nan), TIMES, END)
