"""Values that are revised: a decision uses what was published first, from then on."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from factory.core.errors import DataError
from factory.core.times import DAY, iso, moment
from factory.market.catalog import Catalog
from factory.market.readers import read_files
from tests.market.slow import FROM, WEEK, amounts, dataset, days, hours, parts_of, write

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
