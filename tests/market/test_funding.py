"""Recorded funding in a dataset: which stamps are due, what is refused, what stays as it was."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factory.core.errors import DataError
from factory.core.times import DAY, HOUR, MINUTE
from factory.expressions.columns import Columns
from factory.expressions.grammar import parse
from factory.market.build import build
from factory.market.contracts import Perpetual
from factory.market.dataset import open_partition
from factory.market.funding import LONGEST, find_missed, read_record
from factory.market.spec import DatasetSpec, load_spec
from factory.storage.workspace import Workspace
from tests.market.bars import DAYS, START, csv, rows, spec

END = START + DAYS * DAY
FUNDED = (
    "files: btc.csv}}\ncontracts:",
    "files: btc.csv}}\n"
    "  fr: {kind: values, underlying: FUNDING, period: 1h, delay: 1m, source: {use: files, files: rate.csv}}\n"
    "contracts:\n  perp: {use: perpetual, of: btc, taker: 0, maker: 0, slippage: 0, funding: fr.rate, leverage: 5}",
)
STAMPS = np.concatenate([np.arange(START, START + 4 * DAY, 8 * HOUR), np.arange(START + 4 * DAY, END, HOUR)])
"""Every eight hours, then every hour."""
REGIMES = st.lists(st.tuples(st.sampled_from([8, 4, 1]), st.integers(2, 9)), min_size=1, max_size=8)


def built(folder: Path, stamps: np.ndarray, rates: np.ndarray | None = None, one: DatasetSpec | None = None) -> list[str]:
    """Build with some rates; what the person was told."""
    csv(folder / "btc.csv", rows())
    csv(folder / "rate.csv", {"timestamp": stamps, "rate": np.full(len(stamps), 1e-4) if rates is None else rates})
    told: list[str] = []
    build(Workspace.open(folder / "workspace"), one or spec(FUNDED), folder, warn=told.append)
    return told


def paid(regimes: list[tuple[int, int]]) -> np.ndarray:
    """Stamps of intervals that change at multiples of eight hours, as exchanges change them."""
    steps = np.concatenate([np.full(eights * 8 // hours, hours) for hours, eights in regimes])
    return START + HOUR * np.concatenate([[0], np.cumsum(steps)]).astype(np.int64)


@settings(max_examples=200, deadline=None)
@given(regimes=REGIMES)
def test_law_intervals_as_they_change_are_no_holes(regimes: list[tuple[int, int]]) -> None:
    time = paid(regimes)
    assert len(find_missed(time, int(time[0]), int(time[-1]) + 1)) == 0


@settings(max_examples=200, deadline=None)
@given(regimes=REGIMES, data=st.data())
def test_law_8_a_hole_in_the_record_is_seen(regimes: list[tuple[int, int]], data: st.DataObject) -> None:
    """Nine hours without a row is never taken for an interval."""
    time = paid(regimes)
    first = data.draw(st.integers(0, len(time) - 2))
    kept = np.concatenate([time[: first + 1], time[time > time[first] + LONGEST]])
    missed = find_missed(kept, int(time[0]), int(time[-1]) + 1)
    assert (missed > time[first]).any() or len(kept) == len(time)
    assert not set(missed.tolist()) & set(kept.tolist())


@pytest.mark.parametrize("hours", [1, 4, 8])
def test_a_row_that_is_absent_among_others_is_missed_and_no_other(hours: int) -> None:
    time = np.arange(START, START + 10 * DAY, hours * HOUR)
    for lost in ([7], [7, 8], [0], [len(time) - 1], [3, 9]):
        assert find_missed(np.delete(time, lost), START, START + 10 * DAY).tolist() == time[lost].tolist()


def test_nothing_recorded_at_all_is_due_each_longest_interval() -> None:
    assert find_missed(np.empty(0, np.int64), START + 1, START + DAY).tolist() == [START + 8 * HOUR, START + 16 * HOUR]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 99), late=st.integers(0, 400))
def test_law_jittered_stamps_are_those_that_are_not(tmp_path_factory: pytest.TempPathFactory, seed: int, late: int) -> None:
    from factory.market.grid import align_stamps, lay_on_grid
    from factory.market.quality import validate_rows
    from factory.market.raw_rows import RawRows
    from factory.market.series_spec import SeriesSpec

    one = SeriesSpec.model_validate({"kind": "values", "underlying": "X", "period": "1h", "delay": "1m"})
    rng = np.random.default_rng(seed)
    jittered = STAMPS + rng.integers(0, 16, len(STAMPS))
    jittered[0] += late
    rates = rng.normal(0, 1e-4, len(STAMPS))
    frame, remainder, _ = align_stamps("fr", one, RawRows(jittered, {"rate": rates}, (("x.csv", 0),)))
    clean, _ = validate_rows("fr", one, frame, (START, END), remainder)
    record = read_record(lay_on_grid("fr", one, clean, (START, END), remainder), "rate", START, END)
    assert np.array_equal(record.time, STAMPS)
    assert np.array_equal(record.rate, rates)
    assert len(record.missed) == 0


def test_a_record_whose_interval_changes_is_whole(tmp_path: Path) -> None:
    assert built(tmp_path, STAMPS) == []
    series = open_partition(Workspace.open(tmp_path / "workspace"), "small", "validation").series["fr"]
    record = read_record(series, "rate", START, START + 9 * DAY)
    assert record.time.tolist() == STAMPS[STAMPS < START + 9 * DAY].tolist()
    assert len(record.missed) == 0


def test_law_1_a_recorded_rate_is_not_read_before_it_is_known(tmp_path: Path) -> None:
    rates = np.arange(len(STAMPS)) / 1e5
    built(tmp_path, STAMPS, rates)
    columns = Columns(open_partition(Workspace.open(tmp_path / "workspace"), "small", "train"), None)
    stamps = STAMPS[(STAMPS > START + 4 * DAY) & (STAMPS < START + 6 * DAY)]
    at = columns.at(parse("fr.rate"), np.sort(np.concatenate([stamps, stamps + MINUTE])))
    before = rates[np.searchsorted(STAMPS, stamps) - 1]
    assert np.array_equal(at[::2], before, equal_nan=True)
    assert np.array_equal(at[1::2], rates[np.searchsorted(STAMPS, stamps)])


def test_a_hole_is_told_to_the_person_who_builds(tmp_path: Path) -> None:
    kept = STAMPS[(STAMPS < START + 5 * DAY) | (STAMPS >= START + 5 * DAY + 3 * HOUR)]
    (line,) = built(tmp_path, kept)
    assert line == (
        "series.fr: 3 payments of funding were due and not recorded, first 2024-01-06; there each side pays the greatest rate "
        "recorded"
    )


def test_a_record_of_which_too_much_is_missing_is_refused(tmp_path: Path) -> None:
    kept = STAMPS[(STAMPS < START + 7 * DAY) | (STAMPS >= START + 8 * DAY)]
    with pytest.raises(DataError, match=r"series\.fr: records 67% of the funding of validation; contracts\.perp needs 90%"):
        built(tmp_path, kept)


def test_rates_that_are_no_shares_are_refused_with_the_unit(tmp_path: Path) -> None:
    rates = np.where(np.arange(len(STAMPS)) == 30, -0.25, 0.01)
    with pytest.raises(DataError, match=r"series\.fr: rate is -0\.25 somewhere.*units: \{rate: percent\}"):
        built(tmp_path, STAMPS, rates)
    percent = spec((FUNDED[0], FUNDED[1].replace("files: rate.csv}", "files: rate.csv, units: {rate: percent}}")))
    built(tmp_path, STAMPS, rates, percent)


def test_percents_that_never_reach_a_tenth_are_no_shares_either(tmp_path: Path) -> None:
    rates = np.where(np.arange(len(STAMPS)) == 30, -0.09, 0.01)
    told = r"series\.fr: rate is 0\.01 or more in half of the rows.*mostly below 0\.002.*units: \{rate: percent\}"
    with pytest.raises(DataError, match=told):
        built(tmp_path, STAMPS, rates)
    assert built(tmp_path, STAMPS, np.where(rates < 0, rates, 0.0005)) == []


def test_a_column_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"series\.fr: no column 'paid', which funds contracts\.perp; it has rate"):
        built(tmp_path, STAMPS, one=spec((FUNDED[0], FUNDED[1].replace("fr.rate", "fr.paid"))))


@pytest.mark.parametrize(
    ("funding", "told"),
    [
        ("fd.rate", "contracts.perp.funding: 'fd' is no series of recorded values here; allowed: fr.rate, or a rate such as"),
        ("btc.close", "contracts.perp.funding: 'btc' is no series of recorded values here; allowed: fr.close"),
        ("rate", "contracts.perp.funding: 'rate' is no column; write series.column"),
        ("0.2", "contracts.perp.funding: '0.2': should be less than 0.1"),
        (
            "fr.rate, funding_every: 8h",
            "contracts.perp.funding_every: fr.rate has stamps of its own; remove funding_every",
        ),
    ],
)
def test_what_funding_may_be_is_told(funding: str, told: str) -> None:
    with pytest.raises(DataError) as refused:
        spec((FUNDED[0], FUNDED[1].replace("funding: fr.rate", f"funding: {funding}")))
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


def test_law_5_an_assumed_rate_is_written_as_it_always_was() -> None:
    terms = {"use": "perpetual", "of": "btc", "taker": 0, "maker": 0, "slippage": 0, "leverage": 5}
    assumed, recorded = (Perpetual.model_validate({**terms, "funding": one}) for one in ("0.0001", "fr.rate"))
    keys = [name for name in Perpetual.model_fields if name != "book"]
    assert assumed.model_dump(mode="json") == {name: getattr(assumed, name) for name in keys}
    assert sorted(recorded.model_dump(mode="json")) == sorted(set(keys) - {"funding_every"})
    for one in (assumed, recorded):
        assert Perpetual.model_validate(one.model_dump(mode="json")) == one
        assert Perpetual.model_validate_json(one.model_dump_json()) == one


def test_a_dataset_file_with_recorded_funding_is_stored_and_read_again() -> None:
    one = spec(FUNDED)
    assert load_spec(one.model_dump(mode="json", exclude_unset=True)) == one
    assert load_spec(one.model_dump(mode="json")).contracts == one.contracts
