import numpy as np
import pandas as pd
import pytest

from factory.core.errors import FlowError
from factory.learning.windows import Windows, rolling_zscore

VALUES = np.arange(60, dtype=np.float32).reshape(20, 3)


def test_a_window_is_the_rows_before_its_end() -> None:
    windows = Windows(VALUES, np.array([5, 20, 6]), 5)
    assert len(windows) == 3
    batch = windows.batch(np.array([1, 0]))
    assert batch.dtype == np.float32
    assert np.array_equal(batch, np.stack([VALUES[15:20], VALUES[0:5]]))


@pytest.mark.parametrize("chosen", [np.array([True, False, True]), np.array([0, 2])])
def test_windows_are_chosen_by_mask_and_by_position_without_copying_rows(chosen: np.ndarray) -> None:
    windows = Windows(VALUES, np.array([5, 20, 6]), 5).take(chosen)
    assert windows.ends.tolist() == [5, 6]
    assert windows.values is VALUES


@pytest.mark.parametrize("end", [4, 21, -1])
def test_a_window_that_leaves_the_book_is_refused(end: int) -> None:
    with pytest.raises(FlowError, match=r"sample: 1 of 2 windows of 5 rows leave the book's 20; decide later, or look back"):
        Windows(VALUES, np.array([5, end]), 5)


def book(rows: int = 3_000) -> np.ndarray:
    """Columns of unlike size and level."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(rows, 4)).cumsum(0) * [1, 1e-3, 50, 1] + [60_000, 0, 1e6, -3]


@pytest.mark.parametrize("window", [7, 100, 2_000])
def test_rolling_zscore_is_that_of_pandas(window: int) -> None:
    values = book()
    rolling = pd.DataFrame(values).rolling(window)
    expected = ((values - rolling.mean()) / rolling.std()).to_numpy()
    np.testing.assert_allclose(rolling_zscore(values, window), expected, rtol=1e-4, atol=1e-5)


def test_rolling_zscore_of_a_row_depends_on_no_later_row() -> None:
    values = book()
    whole = rolling_zscore(values, 50)
    later = values.copy()
    later[1_000:] = -7e5 * later[1_000:] + np.nan
    assert np.array_equal(rolling_zscore(later, 50)[:1_000], whole[:1_000], equal_nan=True)
    assert np.array_equal(rolling_zscore(values[:1_000], 50), whole[:1_000], equal_nan=True)


@pytest.mark.parametrize("begin", [1, 49, 50, 1_234, 2_900])
def test_rolling_zscore_of_a_part_is_that_of_the_whole_bit_for_bit(begin: int) -> None:
    values = book()
    part = rolling_zscore(values[begin:], 50, first=begin)
    assert np.array_equal(part[49:], rolling_zscore(values, 50)[begin + 49 :])


def test_rolling_zscore_is_missing_around_a_gap_and_nothing_where_nothing_moves() -> None:
    values = np.column_stack([np.full(40, 0.1), np.arange(40.0)])
    values[20] = np.nan
    scores = rolling_zscore(values, 5)
    missing = np.isin(np.arange(40), [0, 1, 2, 3, 20, 21, 22, 23, 24])
    assert np.array_equal(np.isnan(scores), np.column_stack([missing, missing]))
    assert (scores[~missing, 0] == 0).all()
    assert (scores[~missing, 1] > 1).all()
