from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from factory.core.times import DAY, HOUR, MINUTE
from factory.learning.event_kernels import cusum_events
from factory.learning.sampling import after_updates, at_bars, clock, cusum
from factory.market.series import Series
from tests.learning.labels.bars import walk

START = 20_000 * DAY


def test_clock_gives_multiples_inside_the_bounds() -> None:
    assert clock(300_000, 1, 900_000).tolist() == [300_000, 600_000]
    assert clock(300_000, 0, 600_001).tolist() == [0, 300_000, 600_000]
    assert clock(300_000, 10, 20).tolist() == []


def test_cusum_matches_the_reference_vector(vectors: dict[str, Any]) -> None:
    vector = vectors["cusum_events"]
    x = np.log(np.array(vector["inputs"]["price"]))
    events = cusum_events(x, np.array([vector["inputs"]["threshold"]]))
    assert events.tolist() == vector["expected"]["event_positions"]


def test_a_threshold_per_row_is_that_of_the_row_that_fires() -> None:
    x = np.array([0.0, 1.0, 2.0, 3.0, 4.0])
    assert cusum_events(x, np.full(5, 1.5)).tolist() == cusum_events(x, np.array([1.5])).tolist() == [2, 4]
    assert cusum_events(x, np.array([1.5, 0.5, 9.0, 9.0, 9.0])).tolist() == [1]


def test_law_8_a_gap_resets_the_filter() -> None:
    climb = np.array([0.0, 0.6, 1.2, np.nan, 1.8, 2.4, 3.0])
    assert cusum_events(climb, np.array([1.0])).tolist() == [2, 6]
    assert cusum_events(climb[1:], np.array([1.0])).tolist() == [5]
    whole = np.array([0.0, 0.6, 1.2, 1.5, 1.8, 2.4, 3.0])
    missing = np.where(np.arange(7) == 3, np.nan, 1.0)
    assert cusum_events(whole, missing).tolist() == [2, 6]
    assert cusum_events(whole, np.zeros(7)).tolist() == []


def test_law_1_a_decision_is_taken_when_its_row_is_known() -> None:
    bars = walk(2_000)
    x = np.log(bars.columns["close"])
    rows = cusum_events(x, np.array([0.005]))
    start, end = int(bars.known[200]), int(bars.known[1_500])
    times = cusum(x, bars.known, 0.005, start, end)
    expected = bars.known[rows]
    assert times.tolist() == expected[(expected >= start) & (expected < end)].tolist()
    assert len(times) > 50


def test_rows_that_became_known_together_are_one_decision() -> None:
    x = np.arange(6.0)
    known = np.array([1, 2, 2, 2, 3, 4]) * MINUTE
    assert cusum(x, known, 0.5, 0, 10 * MINUTE).tolist() == [2 * MINUTE, 3 * MINUTE, 4 * MINUTE]


@given(st.integers(0, 50), st.integers(20, 300))
def test_law_1_the_future_changes_no_event(seed: int, cut: int) -> None:
    x = np.random.default_rng(seed).normal(size=320).cumsum()
    other = np.concatenate([x[:cut], np.full(320 - cut, np.nan)])
    before, after = (cusum_events(values, np.array([2.0])) for values in (x, other))
    assert before[before < cut].tolist() == after.tolist()


def bars(first: int, period: int) -> Series:
    """One bar of a market that never closes."""
    time = np.array([first], np.int64)
    return Series("btc", "bars", period, 0, time, time + period, {})


def test_law_1_an_event_is_acted_on_at_the_next_bar_and_never_before() -> None:
    times = np.array([0, 1, 59, 60, 61, 185], np.int64)
    assert at_bars(times, bars(0, 60)).tolist() == [0, 60, 120, 240]
    assert at_bars(times, bars(605, 60)).tolist() == [5, 65, 185]
    assert at_bars(times[:0], bars(605, 60)).tolist() == []


@given(st.lists(st.one_of(st.integers(0, 9), st.none()), min_size=1, max_size=60), st.integers(1, 20), st.integers(0, 60))
def test_law_1_decisions_after_updates_come_when_these_are_known_and_no_later_row_moves_them(
    counts: list[int | None], every: int, cut: int
) -> None:
    updates = np.array([np.nan if one is None else float(one) for one in counts])
    known = START + HOUR * np.arange(1, len(updates) + 1)
    times = after_updates(updates, known, every, START, START + 100 * HOUR)
    expected, total = [], 0
    for moment, one in zip(known, counts, strict=True):
        total = 0 if (moment - HOUR) % DAY == 0 else total
        passed = total // every
        total += one or 0
        if total // every > passed:
            expected.append(int(moment))
    assert times.tolist() == expected
    early = after_updates(updates[:cut], known[:cut], every, START, START + 100 * HOUR)
    assert early.tolist() == [one for one in expected if one <= START + HOUR * cut]
    inside = after_updates(updates, known, every, START + 2 * HOUR, START + 10 * HOUR)
    assert inside.tolist() == [one for one in expected if START + 2 * HOUR <= one < START + 10 * HOUR]


def test_law_7_a_stream_that_begins_at_midnight_decides_as_all_rows_do() -> None:
    updates = np.random.default_rng(2).integers(0, 7, 96).astype(float)
    known = START + HOUR * np.arange(1, 97)
    whole = after_updates(updates, known, 11, START + 2 * DAY + 1, START + 4 * DAY)
    assert after_updates(updates[48:], known[48:], 11, START, START + 4 * DAY).tolist() == whole.tolist()
