"""When slow series are known: calendars, files of dates and values, and that nothing reads them earlier."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from factory.core.errors import DataError
from factory.core.times import DAY, HOUR, iso, moment
from factory.evidence.probes.stored import check_publication
from factory.expressions.columns import Columns
from factory.expressions.grammar import parse
from factory.market.catalog import Catalog
from factory.market.dataset import load_series
from factory.market.publication import Publication
from factory.market.series_spec import SeriesSpec
from factory.market.sources import PROVIDERS
from factory.market.verification import verify_dataset
from factory.tasks.masking import mask
from tests.market.slow import FILE, PUBLISHED, RELEASE, WEEK, amounts, dataset, days, fred, hours, parts_of, write

NEW_YORK = ZoneInfo("America/New_York")
NEW, TOTAL = "PDFTD-USTET", "NYPD-PD_AFtD_TOT-A"


def test_law_1_values_are_known_when_their_publisher_publishes_them() -> None:
    stamps = np.arange(moment("2013-04-03"), moment("2030-01-01"), WEEK)
    known = RELEASE.find_moments(stamps)
    local = [datetime.fromtimestamp(at / 1000, UTC).astimezone(NEW_YORK) for at in known.tolist()]
    assert {f"{at:%H:%M}" for at in local} == {"16:15"}
    waits = [
        (at.date() - datetime.fromtimestamp(stamp / 1000, UTC).date()).days for at, stamp in zip(local, stamps, strict=True)
    ]
    holidays = {f"{at:%m-%d}" for at, wait in zip(local, waits, strict=True) if wait == 9}
    assert set(waits) == {8, 9}, "Thursday of the next week, and Friday where that is a holiday"
    assert {"11-29", "12-26", "07-05", "01-02"} <= holidays
    assert (np.diff(known) > 0).all()
    assert (known - stamps <= RELEASE.most_ms).all()


def test_daylight_saving_moves_a_release_by_an_hour_of_utc() -> None:
    winter, summer = RELEASE.find_moments(np.array([moment("2024-02-28"), moment("2024-03-06")]))
    assert (iso(winter), iso(summer)) == ("2024-03-07T21:15:00Z", "2024-03-14T20:15:00Z")
    early, late = RELEASE.find_moments(np.array([moment("2024-10-23"), moment("2024-10-30")]))
    assert (iso(early), iso(late)) == ("2024-10-31T20:15:00Z", "2024-11-07T21:15:00Z")


@pytest.mark.parametrize(
    ("weekday", "time", "stamp", "known"),
    [
        ("friday", "00:30", "2024-04-25", "2024-04-25T22:30:00Z"),
        ("thursday", "23:30", "2024-10-30", "2024-10-31T21:30:00Z"),
    ],
    ids=["never", "twice"],
)
def test_a_time_that_clocks_have_twice_or_never_counts_from_the_later(weekday: str, time: str, stamp: str, known: str) -> None:
    calendar = Publication.model_validate({"weekday": weekday, "time": time, "zone": "Africa/Cairo", "after": "0"})
    assert iso(calendar.find_moments(np.array([moment(stamp)]))[0]) == known


def test_the_least_delay_of_a_provider_is_the_longest_that_its_calendar_takes() -> None:
    stamps = np.arange(moment("2013-04-03"), moment("2030-01-01"), WEEK)
    for provider in PROVIDERS.values():
        if provider.calendar:
            raw = {"kind": "values", "underlying": "FAILS", "period": "7d", "delay": provider.least_delay}
            least = SeriesSpec.model_validate(raw).delay_ms
            longest = (provider.calendar.find_moments(stamps) - stamps).max()
            assert least - DAY < longest <= least


@pytest.mark.parametrize("delay", ["0", "8d", "9d"])
@pytest.mark.parametrize(("use", "symbol"), [("ofr", TOTAL), ("nyfed", NEW)])
def test_law_1_a_join_on_the_date_that_a_value_tells_of_is_refused(use: str, symbol: str, delay: str) -> None:
    line = f'{{kind: values, underlying: FAILS, period: 7d, delay: "{delay}", source: {{use: {use}, symbol: {symbol}}}}}'
    with pytest.raises(DataError, match=r"series\.fails\.delay: .* publishes each Thursday at 16:15 America/New_York") as told:
        dataset(line)
    mended = re.search(r"write (published: \{.*?\})", str(told.value))
    assert mended
    assert dataset(line.replace(f'delay: "{delay}"', mended[1]))
    assert dataset(line.replace(f'"{delay}"', "10d"))


@pytest.mark.parametrize(
    ("publication", "told"),
    [
        ('delay: "0"', r"delay: '0' is too short, .* publishes each Thursday"),
        (f"published: {PUBLISHED.replace('after: 7d', 'after: 1d')}", "published: takes 20.* for out at"),
    ],
)
def test_law_1_an_earlier_source_of_a_splice_is_held_to_its_publishers_calendar(publication: str, told: str) -> None:
    line = (
        f"{{kind: values, underlying: FAILS, period: 7d, {publication}, source: {{use: files, files: fails.csv}}, "
        f"splice: [{{until: 2024-01-10, factor: 1, source: {{use: nyfed, symbol: {NEW}}}}}]}}"
    )
    with pytest.raises(DataError, match=rf"series\.fails\.{told}"):
        dataset(line)
    assert dataset(line.replace(publication, f"published: {PUBLISHED}"))


@pytest.mark.parametrize(
    "earlier",
    [
        ("16:15", "16:00"),
        ("after: 7d", "after: 1d"),
        ("thursday", "wednesday"),
        ("America/New_York", "Europe/Berlin"),
        ('thursday, time: "16:15"', 'friday, time: "16:00"'),
    ],
)
def test_law_1_a_calendar_earlier_than_the_publishers_is_refused(earlier: tuple[str, str]) -> None:
    line = f"{{kind: values, underlying: FAILS, period: 7d, published: {PUBLISHED}, source: {{use: nyfed, symbol: {NEW}}}}}"
    assert dataset(line)
    for later in (("16:15", "16:30"), ("thursday", "friday"), ("after: 7d", "after: 2d")):
        assert dataset(line.replace(*later))
    with pytest.raises(DataError, match=r"series\.fails\.published: takes 20.* for out at .*; write published: "):
        dataset(line.replace(*earlier))


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (FILE.replace(f"published: {PUBLISHED}, ", ""), r"series\.fails\.delay: missing; .* or write published: "),
        (FILE.replace("period: 7d", "period: 7d, delay: 8d"), "delay: and published: both say when"),
        (
            FILE.replace("kind: values", "kind: bars"),
            "published: 'bars' are known when they are over, and have none; remove it",
        ),
        (FILE.replace("fails.csv}", "fails.csv, available: x}"), "published: and source.available: both say"),
        (FILE.replace("weekday", "weekdays"), r"series\.fails\.published\.weekdays: unknown key; "),
        (FILE.replace("16:15", "4pm"), r"series\.fails\.published\.time: '4pm'"),
    ],
)
def test_what_a_dataset_file_may_not_say_of_publication_is_named(line: str, told: str) -> None:
    with pytest.raises(DataError, match=told):
        dataset(line)


def expected(values: list[float], known: np.ndarray, times: np.ndarray) -> np.ndarray:
    """The newest value known at each moment."""
    rows = np.searchsorted(known, times, side="right") - 1
    return np.where(rows >= 0, np.array(values)[rows], np.nan)


def test_law_1_a_weekly_value_is_read_from_the_minute_of_its_release(tmp_path: Path) -> None:
    hours(tmp_path)
    values = amounts()
    write(tmp_path, fred(values))
    _, train, validation = parts_of(tmp_path, FILE)
    known = RELEASE.find_moments(np.array([moment(day) for day in days()]))
    for part in (train, validation):
        series = part.series["fails"]
        assert np.array_equal(series.known, RELEASE.find_moments(series.time))
        edges = np.sort(np.concatenate([known, known - 1]))
        times = edges[(edges >= part.start) & (edges < part.end)]
        read = Columns(part).at(parse("fails.value"), times)
        np.testing.assert_array_equal(read, expected(values, known, times))


def test_laws_1_and_3_parts_hold_what_was_published_by_their_end_and_the_vault_the_rest(tmp_path: Path) -> None:
    hours(tmp_path)
    write(tmp_path, fred(amounts()))
    workspace, train, validation = parts_of(tmp_path, FILE)
    for part in (train, validation):
        series = part.series["fails"]
        assert series.known[-1] <= part.end < RELEASE.find_moments(series.time[-1:] + WEEK)[0]
    facts = Catalog(workspace).meta("slow")["series"]["fails"]
    sealed = load_series(workspace.vault / "slow", "fails", facts, 10**9)
    assert sealed.time[0] == validation.series["fails"].time[-1] + WEEK
    assert (sealed.known > validation.end).all()
    assert sealed.known[-1] <= moment("2025-03-01")


def test_law_5_moments_of_publication_are_part_of_the_fingerprint(tmp_path: Path) -> None:
    prints = {}
    for name, line in {"first": FILE, "again": FILE, "later": FILE.replace("16:15", "16:30")}.items():
        folder = tmp_path / name
        folder.mkdir()
        hours(folder)
        write(folder, fred(amounts()))
        workspace, train, _ = parts_of(folder, line)
        prints[name] = Catalog(workspace).fingerprint("slow", "train")
        assert verify_dataset(workspace, "slow") == []
        prints[f"{name} masked"] = mask(train, np.array([train.start // DAY + 30])).fingerprint
    assert prints["first"] == prints["again"]
    assert prints["first masked"] == prints["again masked"]
    assert prints["first"] != prints["later"]
    assert prints["first masked"] != prints["later masked"]


def test_hidden_days_hide_values_until_they_are_published(tmp_path: Path) -> None:
    hours(tmp_path)
    write(tmp_path, fred(amounts()))
    _, train, _ = parts_of(tmp_path, FILE)
    hidden = train.start // DAY + 30
    series = mask(train, np.array([hidden])).series["fails"]
    gone = np.isnan(series.columns["value"])
    assert np.array_equal(gone, (series.time // DAY <= hidden) & ((series.known - 1) // DAY >= hidden))
    assert gone.sum() in (1, 2)


@pytest.mark.parametrize("header", ["DATE,VALUE", "observation_date,WALCL"])
def test_a_csv_of_fred_reads_at_once_and_its_missing_values_are_counted(tmp_path: Path, header: str) -> None:
    hours(tmp_path)
    values: list[Any] = amounts()
    values[30], values[31] = ".", "."
    write(tmp_path, fred(values, header))
    line = "{kind: values, underlying: FAILS, period: 7d, delay: 9d, source: {use: files, files: fails.csv}}"
    workspace, train, _ = parts_of(tmp_path, line)
    (name,) = train.series["fails"].columns
    assert name == header.lower().split(",")[1]
    held = train.series["fails"].columns[name]
    assert not (held == 0).any()
    told = Catalog(workspace).quality("slow")["fails"]["noted"]["values missing or suppressed"]
    assert told["at"] == days()[30:32]
    assert np.array_equal(np.isnan(held), np.isin(train.series["fails"].time, [moment(day) for day in days()[30:32]]))


def test_law_1_the_probe_catches_a_csv_that_is_joined_on_its_dates(tmp_path: Path) -> None:
    hours(tmp_path)
    write(tmp_path, fred(amounts()))
    named = {"stress": parse("fails.value")}
    line = '{kind: values, underlying: FAILS, period: 7d, delay: "0", source: {use: files, files: fails.csv}}'
    planted = parts_of(tmp_path, line)[1]
    assert {one.probe for one in check_publication(named, planted)} == {"P8"}
    sound = tmp_path / "sound"
    sound.mkdir()
    hours(sound)
    write(sound, fred(amounts()))
    train = parts_of(sound, FILE)[1]
    assert check_publication(named, train) == []
    series = train.series["fails"]
    early = replace(train, series={**train.series, "fails": replace(series, known=series.time + 6 * DAY)})
    assert {one.probe for one in check_publication(named, early)} == {"P8"}


def test_law_1_real_weekly_fails_are_known_at_their_release(tmp_path: Path, shared: Path) -> None:
    table = pd.read_parquet(shared / "data" / "macro" / "nyfed_on_the_run_fails_weekly.parquet")
    wide = table.pivot(index="as_of_date", columns="keyid", values="value_usd_mn")[["PDSI10F-TD", "PDST10F-TD"]]
    wide.columns = ["whole", "holes"]
    hours(tmp_path)
    wide.to_csv(tmp_path / "fails.csv")
    line = FILE.replace("files: fails.csv", "files: fails.csv, units: {whole: millions, holes: millions}")
    workspace, train, validation = parts_of(tmp_path, line)
    stamps = np.array([moment(str(day)) for day in wide.index])
    known = RELEASE.find_moments(stamps)
    for part in (train, validation):
        times = np.arange(part.start, part.end, HOUR)
        for name in ("whole", "holes"):
            read = Columns(part).at(parse(f"fails.{name}"), times)
            np.testing.assert_array_equal(read, expected(list(1e6 * wide[name]), known, times))
    opened = (stamps >= train.start) & (known <= validation.end)
    told = Catalog(workspace).meta("slow")["series"]["fails"]["quality"]["noted"]["values missing or suppressed"]
    assert told["count"] == wide[opened].isna().any(axis=1).sum()


def test_law_3_nothing_is_told_of_a_value_that_is_stamped_before_the_seal_and_published_after(tmp_path: Path) -> None:
    hours(tmp_path)
    values: list[Any] = amounts()
    late = days().index("2024-08-28")
    values[late - 2], values[late] = ".", "."
    write(tmp_path, fred(values))
    workspace, _, validation = parts_of(tmp_path, FILE)
    assert days()[late] < iso(validation.end) < iso(RELEASE.find_moments(np.array([moment(days()[late])]))[0])
    for told in (Catalog(workspace).quality("slow"), {"fails": Catalog(workspace).meta("slow")["series"]["fails"]["quality"]}):
        assert told["fails"]["noted"]["values missing or suppressed"]["at"] == [days()[late - 2]]
    assert days()[late] in (workspace.vault / "slow" / "quality.json").read_text(encoding="utf-8")
