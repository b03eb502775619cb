"""Stamps stand where most rows have them; what misses its place a little is moved onto it, the rest is named."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factory.core.errors import DataError
from factory.core.times import DAY, HOUR, MINUTE, to_ms
from factory.market.build import build, check_files
from factory.market.dataset import open_partition
from factory.market.grid import align_stamps, find_remainder, tolerance
from factory.market.quality import REPLACED, validate_rows
from factory.market.raw_rows import RawRows
from factory.market.series_kinds import SERIES_KINDS, series_kind
from factory.market.series_spec import SeriesSpec
from factory.storage.workspace import Workspace
from tests.market.bars import START, csv, rows, spec

KINDS = {
    "minute bars": ("bars", "1m", 0),
    "hourly bars": ("bars", "1h", 0),
    "weekly bars": ("bars", "1w", 4 * DAY),
    "funding": ("values", "8h", 0),
    "funding at a later hour": ("values", "8h", 5 * HOUR),
    "daily values": ("values", "1d", 16 * HOUR + 15 * MINUTE),
    **{f"five minutes of {name}": (name, "5m", 0) for name in SERIES_KINDS},
}


def series_spec(kind: str) -> SeriesSpec:
    what, period, _ = KINDS[kind]
    return SeriesSpec.model_validate({"kind": what, "underlying": "X", "period": period, "delay": "0"})


def frame(one: SeriesSpec, time: np.ndarray) -> RawRows:
    values = np.full(len(time), 0.5)  # A price, a share's price and what a void share paid.
    names = series_kind(one.kind).columns or ("rate",)
    return RawRows(time, dict.fromkeys(names, values), (("x.csv", 0),))


@settings(max_examples=150, deadline=None)
@given(
    kind=st.sampled_from([*KINDS]),
    count=st.integers(36, 400),
    seed=st.integers(0, 99),
    jitter=st.floats(0, 1),
    bad=st.integers(0, 2),
)
def test_law_sound_rows_stay_whatever_few_rows_are_off(kind: str, count: int, seed: int, jitter: float, bad: int) -> None:
    one, phase = series_spec(kind), KINDS[kind][2]
    period, rng = to_ms(one.period), np.random.default_rng(seed)
    slots = START // period * period + phase + period * np.arange(count)
    most = min(int(jitter * tolerance(one)), 400)
    time = slots + rng.integers(0, most + 1, count)
    off = rng.choice(count - 1, bad, replace=False) if seed % 2 else np.arange(bad)
    time[off] = slots[off] + period // 3
    moved, remainder, late = align_stamps("x", one, frame(one, time))
    assert late == 0
    span = (int(slots[0]) - period, int(slots[-1]) + 2 * period)
    clean, quality = validate_rows("x", one, moved, span, remainder)
    sound = np.delete(slots, off)
    told = quality.summary(None, None)
    if most == 0 or most > 3:  # a jitter of a few milliseconds may have one that most rows share, which is then their place
        assert np.array_equal(clean.time, sound)
    assert len(clean) == len(sound)
    named = told["quarantined"].get("off the grid", {"where": []})["where"]
    assert sorted(named) == sorted(f"x.csv row {row + 1}" for row in off)


def test_the_tolerance_is_said_with_the_rows_that_needed_it() -> None:
    one = series_spec("minute bars")
    columns = rows(1)
    columns["timestamp"][[3, 9]] += [3, 550]
    raw = RawRows(
        columns["timestamp"], {name: values for name, values in columns.items() if name != "timestamp"}, (("x.csv", 0),)
    )
    moved, remainder, _ = align_stamps("x", one, raw)
    noted = validate_rows("x", one, moved, (START, START + DAY), remainder)[1].summary(None, None)["noted"]
    assert noted == {
        "stamps moved by at most 600ms": {
            "count": 2,
            "at": noted["stamps moved by at most 600ms"]["at"],
            "where": ["x.csv row 4", "x.csv row 10"],
        }
    }


def test_sound_stamps_keep_the_remainder_that_they_always_had() -> None:
    for kind, (_, period, phase) in KINDS.items():
        one = series_spec(kind)
        time = START // to_ms(period) * to_ms(period) + phase + to_ms(period) * np.arange(40)
        assert find_remainder(one, time) == phase
        moved, remainder, late = align_stamps("x", one, frame(one, time))
        assert (remainder, late, moved.moved) == (phase, 0, None)
        assert moved.time is time


def test_values_that_are_published_with_some_milliseconds_of_jitter_are_those_that_are_not(tmp_path: Path) -> None:
    """Funding rates of an exchange, stamped a few milliseconds late each."""
    csv(tmp_path / "btc.csv", rows())
    slots = START + 8 * HOUR * np.arange(36)
    late = np.random.default_rng(5).integers(0, 16, 36)
    late[0] = 3
    for name, stamps in (("round", slots), ("jittered", slots + late)):
        csv(tmp_path / "rate.csv", {"timestamp": stamps, "rate": np.arange(36) / 1e4})
        funded = spec(
            (
                "files: btc.csv}}",
                "files: btc.csv}}\n  fr: {kind: values, underlying: RATE, period: 8h, delay: 1s, source: {use: files, files: rate.csv}}",
            ),
        )
        build(Workspace.open(tmp_path / name), funded, tmp_path)
    one, other = (open_partition(Workspace.open(tmp_path / name), "small", "validation") for name in ("round", "jittered"))
    assert one.fingerprint == other.fingerprint
    assert np.array_equal(one.series["fr"].known, other.series["fr"].known)


@pytest.mark.parametrize(("kind", "delay", "late"), [("odds", "0", 1000), ("values", "0", 1000), ("values", "600ms", 400)])
def test_law_1_a_stamp_that_is_moved_back_is_not_known_before_itself(tmp_path: Path, kind: str, delay: str, late: int) -> None:
    csv(tmp_path / "btc.csv", rows())
    slots = START + 5 * MINUTE * np.arange(12 * 288)
    stamps = slots + np.random.default_rng(5).integers(0, 990, len(slots))
    for name, time in (("round", slots), ("jittered", stamps)):
        csv(tmp_path / "rate.csv", {"timestamp": time, "up": np.full(len(slots), 0.5)})
        line = f"fr: {{kind: {kind}, underlying: X, period: 5m, delay: {delay}, source: {{use: files, files: rate.csv}}}}"
        build(Workspace.open(tmp_path / name), spec(("files: btc.csv}}", f"files: btc.csv}}}}\n  {line}")), tmp_path)
    one, other = (
        open_partition(Workspace.open(tmp_path / name), "small", "train").series["fr"] for name in ("round", "jittered")
    )
    assert np.array_equal(one.time[: len(other)], other.time)
    assert (other.known >= stamps[: len(other)]).all()
    assert np.array_equal(other.known, one.known[: len(other)] + late)


def test_bars_that_all_stand_late_are_known_later(tmp_path: Path) -> None:
    columns = rows()
    csv(tmp_path / "btc.csv", {**columns, "timestamp": columns["timestamp"] + 14_000})
    workspace = Workspace.open(tmp_path / "workspace")
    meta = build(workspace, spec(), tmp_path)
    series = open_partition(workspace, "small", "train").series["btc"]
    assert np.array_equal(series.time, columns["timestamp"][: len(series)])
    assert np.array_equal(series.known, series.time + MINUTE + 14_000)
    assert series.known[-1] <= START + 6 * DAY
    assert "bars stamped 14s late" in str(meta["series"]["btc"]["quality"]["read"])


@pytest.mark.parametrize("after", [MINUTE - 1, MINUTE - 1000, MINUTE // 2])
def test_bars_stamped_where_they_close_are_refused_with_the_cause(tmp_path: Path, after: int) -> None:
    columns = rows(1)
    path = csv(tmp_path / "btc.csv", {**columns, "timestamp": columns["timestamp"] + after})
    with pytest.raises(DataError, match=r"btc\.csv row 1 \(line 2\), are stamped .* bars are stamped at their open"):
        check_files([path], series_spec("minute bars"))


def test_a_bar_that_was_still_open_gives_way_to_the_one_that_closed(tmp_path: Path) -> None:
    columns = rows(1)
    half = 700
    early = {name: values[: half + 1].copy() for name, values in columns.items()}
    for name, share in (("high", 0.9999), ("low", 1.0001), ("close", 1.0), ("volume", 0.3)):
        early[name][-1] = columns[name][half] * share
    early["high"][-1], early["low"][-1] = max(early["open"][-1], early["close"][-1]), min(early["open"][-1], early["close"][-1])
    paths = [csv(tmp_path / "a.csv", early), csv(tmp_path / "b.csv", {name: values[half:] for name, values in columns.items()})]
    told = check_files(paths, series_spec("minute bars")).summary(None, None)
    assert told["quarantined"] == {}
    assert told["rows"] == len(columns["close"])
    assert told["noted"][REPLACED]["where"] == [f"a.csv row {half + 1} (line {half + 2})"]
    early["open"][-1] *= 1.01
    csv(tmp_path / "a.csv", early)
    assert "conflicting duplicate" in str(check_files(paths, series_spec("minute bars")).summary(None, None)["quarantined"])


@pytest.mark.parametrize("names", ["ab", "ba"])
@pytest.mark.parametrize("begins", [700, 600, 0])
def test_the_closed_bar_wins_in_any_order_of_files_that_overlap(names: str, begins: int, tmp_path: Path) -> None:
    columns = rows(1)
    early = {name: values[:701].copy() for name, values in columns.items()}
    for name in ("high", "low", "close"):
        early[name][-1] = columns["open"][700]
    early["volume"][-1] *= 0.3
    later = {name: values[begins:] for name, values in columns.items()}
    paths = [csv(tmp_path / f"{name}.csv", part) for name, part in zip(names, (early, later), strict=True)]
    for order in (paths, paths[::-1]):
        told = check_files(order, series_spec("minute bars")).summary(None, None)
        assert (told["rows"], told["quarantined"]) == (len(columns["close"]), {})
        assert told["noted"][REPLACED]["where"] == [f"{names[0]}.csv row 701 (line 702)"]
