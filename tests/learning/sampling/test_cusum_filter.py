"""The CUSUM filter's sums, by their definition, and what they choose."""

import numpy as np
import pytest

from factory.core.times import DAY, MINUTE
from factory.learning.cusum_filter import CusumFilter
from factory.learning.event_kernels import cusum_events, cusum_sums
from factory.learning.labels import Labels
from factory.learning.sample_figures import find_overlaps, measure_sample

RNG = np.random.default_rng(5)
ROWS = 4_000
VALUES = np.cumsum(RNG.standard_normal(ROWS))
VALUES[[7, 500, 501]] = np.nan
BANDS = 2 + np.abs(np.sin(np.arange(ROWS) / 90.0)) * 4
BANDS[[40, 900]] = np.nan, 0.0
KNOWN = 1_704_067_200_000 + np.arange(ROWS) * MINUTE


def sum_changes(values: np.ndarray, bands: np.ndarray) -> tuple[list[float], list[float], list[int]]:
    """Lam and Yam's sums in plain Python, as López de Prado writes them in snippet 2.4."""
    ups, downs, sides = [], [], []
    up = down = 0.0
    for i, value in enumerate(values):
        change = value - values[i - 1] if i else np.nan
        side = 0
        if np.isnan(change) or np.isnan(bands[i]) or bands[i] <= 0:
            up = down = 0.0
        else:
            up, down = max(0.0, up + change), min(0.0, down + change)
            side = -1 if down < -bands[i] else 1 if up > bands[i] else 0
        ups.append(up)
        downs.append(down)
        sides.append(side)
        up, down = (0.0 if side == 1 else up), (0.0 if side == -1 else down)
    return ups, downs, sides


@pytest.mark.parametrize("bands", [BANDS, np.array([3.0])])
def test_sums_are_those_of_the_definition_and_fire_where_events_are(bands: np.ndarray) -> None:
    up, down, side = cusum_sums(VALUES, bands)
    for made, defined in zip((up, down, side), sum_changes(VALUES, np.broadcast_to(bands, ROWS)), strict=True):
        np.testing.assert_array_equal(made, defined)
    np.testing.assert_array_equal(np.flatnonzero(side), cusum_events(VALUES, bands))
    assert {-1, 1} <= set(side.tolist())


def test_a_filter_until_a_row_sums_as_the_whole_does() -> None:
    whole = CusumFilter(VALUES, KNOWN, BANDS, int(KNOWN[100]), int(KNOWN[-1]), MINUTE).scale(0.5)
    for made, all_rows in zip(whole.until(1_234).compute_sums(), whole.compute_sums(), strict=True):
        np.testing.assert_array_equal(made, all_rows[:1_234])


def labels(start: list[int], end: list[int], y: list[int]) -> Labels:
    first, last = np.array(start), np.array(end) - 1
    unknown = np.array(y) < 0
    return Labels(
        start=first * MINUTE,
        end=np.where(unknown, first, last + 1) * MINUTE,
        y=np.array(y, np.int8),
        ret=np.zeros(len(y)),
        touch=np.zeros(len(y), np.int8),
        flat=np.zeros(len(y), bool),
        first=np.where(unknown, -1, first),
        last=np.where(unknown, -1, last),
    )


def test_figures_of_a_sample_by_hand() -> None:
    given = labels([0, 4, 10, 12, 30, 40], [4, 8, 20, 14, 36, 50], [1, 0, 1, 1, -1, 1])
    present = np.array([True, True, True, True, True, False])
    figures = measure_sample(given, present, 0, DAY // 2)
    assert (figures.decisions, figures.lost, figures.unlabelled) == (5, 1, 1)
    assert (figures.up, figures.down, figures.flat) == (3, 1, 0)
    assert figures.a_day == 10
    assert figures.mean_distance == 7.5 * MINUTE
    assert figures.overlapping == 0.25, "one of four begins before an earlier one has ended"
    # The third lives ten bars, two of them with the fourth: (8 + 2 / 2) / 10; the fourth never alone.
    assert figures.uniqueness == pytest.approx((1 + 1 + 0.9 + 0.5) / 4)


def test_a_label_overlaps_any_that_is_alive_not_the_last_alone() -> None:
    assert find_overlaps(np.array([0, 1, 5]), np.array([9, 2, 6])).tolist() == [False, True, True]


def test_an_empty_sample_has_counts_and_no_shares() -> None:
    figures = measure_sample(labels([], [], []), np.zeros(0, bool), 0, DAY)
    assert figures.decisions == 0
    assert (figures.mean_distance, figures.overlapping, figures.uniqueness) == (None, None, None)
