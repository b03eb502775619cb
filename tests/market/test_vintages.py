"""Values that are revised: a decision uses what was published first, from then on."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from factory.core.errors import DataError
from factory.core.times import DAY, HOUR, iso, moment
from factory.expressions.columns import Columns
from factory.expressions.grammar import parse
from factory.ledger import Ledger
from factory.market.catalog import Catalog
from factory.market.raw_rows import RawRows
from factory.market.readers import read_files
from factory.market.series import Series
from factory.market.vintages import add_priors, forget_before
from factory.views.listing import market_answer
from tests.market.slow import FILE, FROM, WEEK, amounts, dataset, days, fred, hours, parts_of, write

VINTAGES = "{kind: values, underlying: FAILS, period: 7d, delay: 30d, source: {use: files, files: fails.csv, available: realtime_start}}"


def alfred(rows: list[tuple[str, str, Any]]) -> str:
    return "\n".join(["observation_date,realtime_start,value", *(",".join(map(str, row)) for row in rows)]) + "\n"


def later(day: str, by: int) -> str:
    return iso(moment(day) + by * DAY)


def vintages() -> list[tuple[str, str, Any]]:
    """Each value ten days late, and each revised three weeks later, but the 40th is first published empty."""
    first = [
        (day, later(day, 10), "." if week == 40 else value)
        for week, (day, value) in enumerate(zip(days(), amounts(), strict=True))
    ]
    return first + [(day, later(day, 24), value) for day, value in zip(days(), amounts(seed=2), strict=True)]


@pytest.mark.parametrize("order", [0, 1], ids=["by observation", "by vintage"])
def test_law_1_a_decision_uses_the_value_first_published(tmp_path: Path, order: int) -> None:
    hours(tmp_path)
    write(tmp_path, alfred(sorted(vintages(), key=lambda row: (row[order], row[1 - order]))))
    workspace, train, validation = parts_of(tmp_path, VINTAGES)
    values = amounts()
    values[40] = amounts(seed=2)[40]
    for part in (train, validation):
        series = part.series["fails"]
        rows = (series.time - moment(FROM)) // WEEK
        np.testing.assert_array_equal(series.columns["value"], np.array(values)[rows])
        on_time = rows[(rows != 40) & (rows != 41)]
        assert np.array_equal(series.known[(rows != 40) & (rows != 41)], moment(FROM) + on_time * WEEK + 11 * DAY)
        assert (series.known[rows == 40] == moment(days()[40]) + 25 * DAY).all()
        assert (np.diff(series.known) >= 0).all()
        assert series.known[-1] <= part.end
    noted = Catalog(workspace).quality("slow")["fails"]["noted"]
    left_out = noted["revisions of what was published before, left out"]
    assert max(left_out["at"]) < "2024-09-01"
    assert left_out["count"] == sum(later(day, 25) < "2024-09-01" for day in days() if day >= "2023-03-01")


def test_a_value_that_took_longer_than_the_delay_is_missing_and_counted(tmp_path: Path) -> None:
    hours(tmp_path)
    rows = [
        (day, later(day, 200 if week == 30 else 10), value)
        for week, (day, value) in enumerate(zip(days(), amounts(), strict=True))
    ]
    write(tmp_path, alfred(rows))
    workspace, train, _ = parts_of(tmp_path, VINTAGES)
    series = train.series["fails"]
    assert np.array_equal(series.time[np.isnan(series.columns["value"])], [moment(days()[30])])
    noted = Catalog(workspace).quality("slow")["fails"]["noted"]
    assert noted["published later than the delay, left out"]["at"] == [later(days()[30], 201)]
    assert (np.diff(series.known) >= 0).all()


def test_what_a_file_says_of_publication_is_not_taken_on_trust(tmp_path: Path) -> None:
    hours(tmp_path)
    write(tmp_path, alfred(vintages()))
    with pytest.raises(DataError, match=r"source.available names 'observation_date', of which rows tell"):
        parts_of(tmp_path, VINTAGES.replace("realtime_start", "observation_date"))
    with pytest.raises(DataError, match=r"no column 'released', which source.available names"):
        parts_of(tmp_path, VINTAGES.replace("realtime_start", "released"))
    write(tmp_path, alfred([(day, later(day, -3), value) for day, value in zip(days(), amounts(), strict=True)]))
    with pytest.raises(DataError, match="rows: published before its stamp"):
        parts_of(tmp_path, VINTAGES)
    with pytest.raises(DataError, match=r"series\.fails\.delay: missing"):
        dataset(VINTAGES.replace("delay: 30d, ", ""))


def test_vintages_without_the_key_are_refused_and_not_mixed(tmp_path: Path) -> None:
    hours(tmp_path)
    write(tmp_path, alfred(sorted(vintages())))
    with pytest.raises(DataError, match="column 'realtime_start'"):
        parts_of(tmp_path, VINTAGES.replace(", available: realtime_start", ""))
    with pytest.raises(DataError, match="conflicting duplicate"):
        parts_of(tmp_path, VINTAGES.replace("available: realtime_start", "columns: {value: value}"))


@pytest.mark.parametrize(
    ("zone", "cells", "known"),
    [
        ("America/New_York", ["2024-03-04", "2024-03-11"], ["2024-03-05T05:00:00Z", "2024-03-12T04:00:00Z"]),
        ("Europe/Berlin", ["2024-03-04", "2024-03-11"], ["2024-03-04T23:00:00Z", "2024-03-11T23:00:00Z"]),
        ("Europe/Berlin", ["2024-03-04 00:00", "2024-03-11 16:00"], ["2024-03-04T23:00:00Z", "2024-03-11T15:00:00Z"]),
        ("America/New_York", ["2024-03-04", "2024-03-11 16:00"], ["2024-03-05T05:00:00Z", "2024-03-11T20:00:00Z"]),
        ("UTC", ["2024-03-04", "2024-03-11 16:00"], ["2024-03-05", "2024-03-11T16:00:00Z"]),
    ],
)
def test_law_1_a_date_of_publication_counts_from_its_end_where_it_is(
    tmp_path: Path, zone: str, cells: list[str], known: list[str]
) -> None:
    write(tmp_path, alfred([("2024-02-28", cells[0], 1), ("2024-03-06", cells[1], 2)]))
    one = dataset(VINTAGES.replace("files: fails.csv", f"files: fails.csv, zone: {zone}")).series["fails"]
    frame = read_files([tmp_path / "fails.csv"], one)
    assert frame.known is not None
    assert [iso(at) for at in frame.known] == known


REVISED = VINTAGES.replace("available: realtime_start", "available: realtime_start, prior: [1, 3]")


def stood(rows: list[tuple[str, str, Any]], day: str, by: int) -> float:
    """What an observation stood at by a moment, row by row: dates of publication count from their end."""
    known = [(moment(out) + DAY, float(value)) for of, out, value in rows if of == day and value != "."]
    return max((one for one in known if one[0] <= by), default=(0, float("nan")))[1]


def test_law_1_earlier_observations_are_read_as_they_stood_when_a_value_was_published(tmp_path: Path) -> None:
    hours(tmp_path)
    write(tmp_path, alfred(sorted(vintages())))
    _, train, validation = parts_of(tmp_path, REVISED)
    for part in (train, validation):
        series = part.series["fails"]
        assert list(series.columns) == ["value", "value_prior_1", "value_prior_3"]
        for count in (1, 3):
            wanted = [
                stood(vintages(), iso(at - count * WEEK), at + (25 if iso(at) == days()[40] else 11) * DAY)
                for at in series.time.tolist()
            ]
            wanted = [one if at - count * WEEK >= moment(FROM) else np.nan for one, at in zip(wanted, series.time, strict=True)]
            np.testing.assert_array_equal(series.columns[f"value_prior_{count}"], wanted)
    first = amounts()
    revised = (train.series["fails"].columns["value_prior_3"][10:30] != np.array(first)[7:27]).mean()
    assert revised == 1, "a value is revised two weeks after its release, and three observations later it is"


def test_law_1_a_feature_reads_no_revision_before_it_was_published(tmp_path: Path) -> None:
    """Change what is published after a moment, and nothing that was read up to it changes."""
    cut, read = moment("2023-09-01"), []
    for name in ("a", "b"):
        (folder := tmp_path / name).mkdir()
        hours(folder)
        rows = vintages()
        if name == "b":
            rows = [(day, out, 7.0 if moment(out) + DAY > cut and value != "." else value) for day, out, value in rows]
        write(folder, alfred(sorted(rows)))
        _, train, _ = parts_of(folder, REVISED)
        times = np.arange(train.start, train.end, 6 * HOUR)
        read.append(Columns(train).at(parse("fails.value - fails.value_prior_1 + mean(fails.value_prior_3, 4)"), times))
    before = times < cut
    np.testing.assert_array_equal(read[0][before], read[1][before])
    assert np.isfinite(read[0][before]).mean() > 0.9
    assert (read[0][~before] != read[1][~before]).mean() > 0.9


def test_law_3_what_another_dataset_may_seal_is_no_earlier_observation() -> None:
    one = dataset(REVISED).series["fails"]
    time = moment(FROM) + WEEK * np.arange(6)
    frame = RawRows(time, {"value": np.arange(6.0)}, known=time + DAY)
    told = add_priors(one, frame, int(time[2])).columns
    np.testing.assert_array_equal(told["value_prior_1"], [np.nan, np.nan, np.nan, 2, 3, 4])
    np.testing.assert_array_equal(told["value_prior_3"], [np.nan] * 5 + [2])
    every = add_priors(one, frame, 0)
    series = Series("fails", "values", WEEK, 0, time, time + DAY, every.columns)
    cut = forget_before(one, series, int(time[2]))
    np.testing.assert_array_equal(cut.columns["value_prior_1"], [np.nan, 2, 3, 4])
    np.testing.assert_array_equal(cut.columns["value_prior_3"], [np.nan] * 3 + [2])
    np.testing.assert_array_equal(cut.columns["value"], [2, 3, 4, 5])


def test_every_vintage_is_kept_in_the_half_in_which_it_was_published(tmp_path: Path) -> None:
    """A build can be audited by them: the first of each stamp is the row."""
    hours(tmp_path)
    write(tmp_path, alfred(vintages()))
    workspace, train, validation = parts_of(tmp_path, VINTAGES)
    halves = [workspace.datasets / "slow", workspace.vault / "slow"]
    opened, closed = ({path.stem: np.load(path) for path in (half / "vintages" / "fails").glob("*.npy")} for half in halves)
    end = validation.end
    assert opened["known"].max() <= end < closed["known"].min()
    kept = {
        (int(time), int(known)): value
        for half in (opened, closed)
        for time, known, value in zip(half["time"], half["known"], half["value"], strict=True)
    }
    start = train.series["fails"].time[0]
    wanted = {
        (moment(day), moment(out) + DAY): float("nan") if value == "." else value
        for day, out, value in vintages()
        if moment(day) >= start and moment(out) + DAY <= moment("2025-03-01")
    }
    assert kept.keys() == wanted.keys()
    np.testing.assert_array_equal([kept[key] for key in wanted], list(wanted.values()))
    held = opened["known"] <= end
    for time, value in zip(validation.series["fails"].time, validation.series["fails"].columns["value"], strict=True):
        own = held & (opened["time"] == time) & np.isfinite(opened["value"])
        assert opened["value"][own][np.argmin(opened["known"][own])] == value


def test_law_3_how_far_values_were_revised_is_told_of_the_open_part_alone(tmp_path: Path) -> None:
    told = []
    for name, shift in (("a", 0.0), ("b", 1e9)):
        folder = tmp_path / name
        folder.mkdir()
        hours(folder)
        rows = [
            (day, out, value) if later(out, 1) <= "2024-09-01" or value == "." else (day, out, value + shift)
            for day, out, value in vintages()
        ]
        write(folder, alfred(rows))
        workspace, _, _ = parts_of(folder, VINTAGES)
        catalog, ledger = Catalog(workspace), Ledger(workspace)
        told.append(
            (catalog.meta("slow")["series"]["fails"]["revised"], market_answer(catalog, ledger, "slow")["series"]["fails"])
        )
    assert told[0] == told[1]
    facts = told[0][0]["value"]
    days_open = [day for day in days() if later(day, 11) <= "2024-09-01"]
    gone = [
        abs(new - old)
        for day, old, new in zip(days(), amounts(), amounts(seed=2), strict=True)
        if later(day, 25) <= "2024-09-01" and day != days()[40]
    ]
    assert facts["rows"] == len(days_open)
    assert facts["revised"] == len(gone)
    assert facts["middle"] == pytest.approx(np.median(gone))
    assert facts["most"] == max(gone)
    assert f"{len(gone)} of {len(days_open)} revised" in told[0][1]


@pytest.mark.parametrize(
    ("line", "rows"),
    [
        (FILE, None),
        (VINTAGES.replace(", available: realtime_start", ", columns: {value: value}"), None),
        (VINTAGES, [(day, later(day, 10), value) for day, value in zip(days(), amounts(), strict=True)]),
    ],
    ids=["a calendar", "a delay", "each published once"],
)
def test_a_file_of_one_vintage_says_so(tmp_path: Path, line: str, rows: list[tuple[str, str, Any]] | None) -> None:
    hours(tmp_path)
    write(tmp_path, alfred(rows) if rows else fred(amounts(), header="DATE,value"))
    workspace, _, _ = parts_of(tmp_path, line)
    read = Catalog(workspace).quality("slow")["fails"]["read"]
    assert [line for line in read if line.startswith("one vintage only")]
    assert ", one vintage only" in market_answer(Catalog(workspace), Ledger(workspace), "slow")["series"]["fails"]


def test_final_values_under_dates_of_publication_are_refused(tmp_path: Path) -> None:
    """A file that was cut out of the latest vintage, and one with a column a vintage."""
    hours(tmp_path)
    write(tmp_path, alfred([(day, "2025-06-30", value) for day, value in zip(days(), amounts(), strict=True)]))
    with pytest.raises(DataError, match=r"all 120 rows were published at 2025-07-01: the file is one vintage"):
        parts_of(tmp_path, VINTAGES)
    wide = "\n".join(["observation_date,JOBS_20240105,JOBS_20240202", *(f"{day},{n},{n + 1}" for n, day in enumerate(days()))])
    write(tmp_path, wide + "\n")
    with pytest.raises(DataError, match=r"2 columns of 'jobs' are its vintages"):
        parts_of(tmp_path, FILE)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (VINTAGES.replace("available: realtime_start", "prior: 1"), "source.prior: needs moments of publication"),
        (REVISED.replace("[1, 3]", "[0]"), "greater than or equal to 1"),
    ],
)
def test_what_a_dataset_file_may_not_say_of_earlier_observations_is_named(line: str, told: str) -> None:
    with pytest.raises(DataError, match=told):
        dataset(line)


def test_a_source_without_the_key_is_written_and_hashed_as_before() -> None:
    one, other = (dataset(line).series["fails"].model_dump()["source"] for line in (VINTAGES, REVISED))
    assert "prior" not in one
    assert other["prior"] == (1, 3)
