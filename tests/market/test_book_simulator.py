"""The drawn order book: its chances are what it says, and in null mode it tells nothing."""

import numpy as np
import pytest

from factory.market.book_columns import book_columns
from factory.market.book_simulator import A_MINUTE, LEVELS, STEP, TICK, book_truth, simulate_book
from factory.statistics.roc_auc import auc

SEED, DAYS = 5, 6


def moves(edge: float, days: int = DAYS) -> tuple[np.ndarray, np.ndarray]:
    """The next move after each row in ticks, and the imbalance of the row."""
    book = simulate_book(SEED, 0, days, edge)["book"].columns
    mid = (book["ask_px_1"] + book["bid_px_1"]) / 2
    bid, ask = book["bid_qty_1"], book["ask_qty_1"]
    return np.diff(mid) / TICK, ((bid - ask) / (bid + ask))[:-1]


def test_moves_come_as_often_as_the_truth_says() -> None:
    moved, _ = moves(0.25)
    truth = book_truth(SEED, 0, DAYS, 0.25)
    for chance, came in ((truth.up, moved > 0), (truth.down, moved < 0)):
        for low, high in ((0.0, 0.2), (0.2, 0.3), (0.3, 0.5)):
            rows = (chance[:-1] >= low) & (chance[:-1] < high)
            error = 4 * np.sqrt(0.25 / rows.sum())
            assert abs(came[rows].mean() - chance[:-1][rows].mean()) < error


@pytest.mark.parametrize(("edge", "told"), [(0.0, False), (0.25, True)])
def test_the_book_tells_the_direction_unless_in_null_mode(edge: float, told: bool) -> None:
    moved, imbalance = moves(edge)
    rows = moved != 0
    area = auc((moved[rows] > 0).astype(np.int8), imbalance[rows])
    assert area
    assert (abs(area.value - 0.5) > 0.1) == told
    assert told or abs(area.value - 0.5) < 4 * np.sqrt(1 / (12 * rows.sum() / 2))


def test_more_days_leave_the_earlier_ones_as_they_are() -> None:
    short, long = simulate_book(SEED, 0, 3, 0.1), simulate_book(SEED, 0, 5, 0.1)
    for name, frame in short.items():
        for column, values in frame.columns.items():
            np.testing.assert_array_equal(values, long[name].columns[column][: len(values)])


def test_bars_are_those_of_the_book_s_mid() -> None:
    drawn = simulate_book(SEED, 0, 3, 0.1)
    book, bars = drawn["book"], drawn["btc"]
    mid = ((book.columns["ask_px_1"] + book.columns["bid_px_1"]) / 2).reshape(-1, A_MINUTE)
    np.testing.assert_array_equal(bars.columns["close"], mid[:, -1])
    np.testing.assert_array_equal(bars.columns["high"], mid.max(axis=1))
    np.testing.assert_array_equal(bars.time, book.time[::A_MINUTE])
    assert np.diff(book.time).tolist() == [STEP] * (len(book.time) - 1)


def test_levels_are_in_order_and_sizes_positive() -> None:
    book = simulate_book(SEED, 0, 3, 0.25)["book"].columns
    assert set(book_columns(LEVELS)) <= set(book)
    for level in range(1, LEVELS):
        assert (book[f"ask_px_{level + 1}"] > book[f"ask_px_{level}"]).all()
        assert (book[f"bid_px_{level + 1}"] < book[f"bid_px_{level}"]).all()
    assert all((book[name] > 0).all() for name in book_columns(LEVELS) if "_qty_" in name)
