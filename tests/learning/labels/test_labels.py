from typing import Any

import numpy as np
import pytest

from factory.core.errors import FlowError
from factory.core.times import MINUTE
from factory.learning.event_kernels import concurrency, first_touch
from factory.learning.labels import Labels, label, return_attribution, time_decay, uniqueness, uniqueness_of
from factory.pipeline.parts.labels import FixedReturn, TripleBarrier, UpDown
from tests.learning.labels.bars import START, flat, series, walk

UP_DOWN = UpDown(use="up_down", of="btc", horizon="3m")
BARRIER = TripleBarrier(use="triple_barrier", of="btc", take=2, stop=1, unit="vol", horizon="3m")
FAR = 2**60


def at(*rows: int) -> np.ndarray:
    return START + MINUTE * np.array(rows)


def one(part: Any, bars: Any, row: int = 0, unit: float = 0.01) -> Labels:
    return label(part, bars, at(row), np.array([unit]), FAR)


def test_first_touch_matches_the_reference_vector(vectors: dict[str, Any]) -> None:
    vector = vectors["triple_barrier"]
    price = np.array(vectors["cusum_events"]["inputs"]["price"])
    events = np.array(vector["inputs"]["event_positions"])
    width = np.full(len(events), vector["inputs"]["target"])
    last = events + vector["inputs"]["horizon_bars"]
    row, side, ret = first_touch(price, price, price, price, price[events], events + 1, last, width, width)
    assert row.tolist() == vector["expected"]["t1_positions"]
    assert side.tolist() == vector["expected"]["label"]
    np.testing.assert_allclose(ret, vector["expected"]["simple_return"], rtol=0, atol=vector["tolerance"])


def test_weights_match_the_reference_vector(vectors: dict[str, Any]) -> None:
    vector = vectors["uniqueness_and_weights"]
    price = np.array(vectors["cusum_events"]["inputs"]["price"])
    first, last = (np.array(vector["inputs"][name]) for name in ("event_positions", "t1_positions"))
    unique = uniqueness(first, last, len(price))
    computed = {
        "concurrency": concurrency(first, last, len(price)),
        "average_uniqueness": unique,
        "mean_uniqueness": unique.mean(),
        "return_attribution_weights": return_attribution(first, last, np.diff(np.log(price), prepend=np.nan)),
        "time_decay_weights": time_decay(unique, vector["inputs"]["decay"]),
    }
    for name, values in computed.items():
        np.testing.assert_allclose(values, vector["expected"][name], rtol=0, atol=vector["tolerance"], err_msg=name)


def test_labels_that_do_not_overlap_are_wholly_unique() -> None:
    bars = walk(300)
    labels = label(UP_DOWN, bars, at(*range(0, 300, 3)), None, FAR)
    assert uniqueness_of(labels).tolist() == [1.0] * 100
    both = label(UP_DOWN, bars, at(0, 1), None, FAR)
    np.testing.assert_allclose(uniqueness_of(both), [(1 + 0.5 + 0.5) / 3] * 2)
    assert len(uniqueness_of(labels.take(np.zeros(100, bool)))) == 0


def test_law_1_up_down_compares_the_windows_last_close_with_its_first_open() -> None:
    bars = series(
        {
            "open": np.array([100.0, 100.0, 104.0, 105.0]),
            "high": np.array([110.0, 110.0, 110.0, 110.0]),
            "low": np.array([90.0, 90.0, 90.0, 90.0]),
            "close": np.array([103.0, 104.0, 105.0, 101.0]),
        }
    )
    first = one(UP_DOWN, bars)
    assert (first.y[0], first.end[0], first.last[0]) == (1, START + 3 * MINUTE, 2)
    assert first.ret[0] == pytest.approx(0.05)
    second = one(UP_DOWN, bars, 1)
    assert (second.y[0], second.ret[0]) == (1, pytest.approx(0.01))


def test_a_tie_goes_up_and_an_ulp_below_goes_down() -> None:
    assert one(UP_DOWN, flat([100.0, 120.0, 100.0])).y[0] == 1
    assert one(UP_DOWN, flat([100.0, 120.0, np.nextafter(100.0, 0)])).y[0] == 0


def test_fixed_return_must_exceed_its_hurdle() -> None:
    part = FixedReturn(use="fixed_return", of="btc", horizon="3m", above=0.25)
    assert one(part, flat([100.0, 100.0, 125.0])).y[0] == 0
    assert one(part, flat([100.0, 100.0, 126.0])).y[0] == 1


def test_the_barrier_touched_first_decides() -> None:
    up = one(BARRIER, flat([100.0, 100.5, 103.0]))
    assert (up.y[0], up.touch[0], up.last[0], up.end[0]) == (1, 1, 2, START + 3 * MINUTE)
    stopped = one(BARRIER, flat([100.0, 98.5, 110.0]))
    assert (stopped.y[0], stopped.touch[0], stopped.last[0], stopped.end[0]) == (0, -1, 1, START + 2 * MINUTE)
    timed_out = one(BARRIER, flat([100.0, 99.5, 100.5]))
    assert (timed_out.y[0], timed_out.touch[0]) == (1, 0)
    assert one(BARRIER, flat([100.0, 100.5, 99.5])).y[0] == 0


def test_law_9_stop_and_target_in_one_bar_is_a_stop() -> None:
    bars = series({name: np.array([100.0, value, 100.0]) for name, value in
                   {"open": 100.0, "high": 103.0, "low": 98.0, "close": 102.0}.items()})  # fmt: skip
    labels = one(BARRIER, bars)
    assert (labels.y[0], labels.touch[0], labels.ret[0]) == (0, -1, pytest.approx(-0.01))


def test_a_touch_returns_the_barrier_or_the_open_beyond_it() -> None:
    inside = {"open": 100.5, "high": 103.0, "low": 100.0, "close": 101.0}
    beyond = {"open": 104.0, "high": 105.0, "low": 103.0, "close": 103.0}
    for bar, expected in ((inside, 0.02), (beyond, 0.04)):
        bars = series({name: np.array([100.0, value, 100.0]) for name, value in bar.items()})
        assert one(BARRIER, bars).ret[0] == pytest.approx(expected)


@pytest.mark.parametrize("unit", [np.nan, 0.0, -0.01])
def test_no_unit_no_label(unit: float) -> None:
    labels = one(BARRIER, flat([100.0, 103.0, 103.0]), unit=unit)
    assert (labels.y[0], labels.end[0], labels.first[0], labels.last[0]) == (-1, START, -1, -1)
    assert np.isnan(labels.ret[0])


def test_law_3_a_label_known_after_the_partitions_end_does_not_exist() -> None:
    bars = walk(10)
    times = at(4, 5, 6)
    assert (label(UP_DOWN, bars, times, None, int(bars.known[7])).y >= 0).tolist() == [True, True, False]
    late = series(bars.columns, delay=MINUTE)
    assert (label(UP_DOWN, late, times, None, int(bars.known[7])).y >= 0).tolist() == [True, False, False]
    assert (label(UP_DOWN, bars, at(7, 8, 9), None, FAR).y >= 0).tolist() == [True, False, False]


def test_a_horizon_must_be_whole_bars() -> None:
    hourly = walk(10)
    part = UpDown(use="up_down", of="btc", horizon="90s")
    with pytest.raises(FlowError, match=r"label\.horizon: 90s is no multiple of the 1m bars of 'btc'; use a multiple of 1m"):
        label(part, hourly, at(0), None, FAR)


def test_labels_join_and_part() -> None:
    labels = label(UP_DOWN, walk(50), at(*range(0, 40)), None, FAR)
    joined = Labels.concatenate(labels.take(np.arange(10)), labels.take(np.arange(10, 40)))
    for name in Labels.__slots__:
        np.testing.assert_array_equal(getattr(joined, name), getattr(labels, name))
