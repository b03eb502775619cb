"""Markets that close: what their calendars expect, and how files of people are laid on it."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from factory.core.errors import DataError, SealError
from factory.core.times import DAY, HOUR, MINUTE, iso, moment
from factory.market.build import build
from factory.market.calendars import read_sessions
from factory.market.catalog import Catalog
from factory.market.dataset import open_partition
from factory.market.faults import JUMP
from factory.market.series import Series
from factory.market.series_spec import SeriesSpec
from factory.market.spec import DatasetSpec
from factory.storage.workspace import Workspace
from tests.market import sessions as market
from tests.market.sessions import CHICAGO, EQUITY, FACTOR, SPLIT_DAY, TOKYO, Hours, draw, equity_hours, minutes, ms, spec, write

HOURS = equity_hours()
BARS = draw(minutes(HOURS))
OUTSIDE = "rows outside sessions"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.open(tmp_path / "workspace")


def opened(workspace: Workspace, one: DatasetSpec, partition: str = "validation") -> Series:
    return open_partition(workspace, one.dataset, partition).series["spy"]


def built(workspace: Workspace, folder: Path, bars: pd.DataFrame, *changes: tuple[str, str]) -> Series:
    """The open rows of a dataset of some bars, written as New York has them."""
    write(folder / "spy.csv", bars, "America/New_York")
    build(workspace, one := spec(*changes), folder)
    return opened(workspace, one)


def read_findings(workspace: Workspace) -> dict[str, dict[str, object]]:
    noted: dict[str, dict[str, object]] = Catalog(workspace).quality("equity")["spy"]["noted"]
    return noted


def test_the_grid_holds_the_minutes_of_sessions_and_no_others(workspace: Workspace, tmp_path: Path) -> None:
    """A holiday is not there, a half-day ends early, and daylight saving moves the hours of UTC."""
    series = built(workspace, tmp_path, market.extended(BARS, HOURS))
    expected = BARS[: pd.Timestamp("2024-03-20", tz="UTC")]
    assert np.array_equal(series.time, ms(expected.index))
    assert np.array_equal(series.known, series.time + MINUTE)
    for column, values in expected.items():
        assert np.array_equal(series.columns[str(column)], values)
    days = {iso(day) for day in series.time // DAY * DAY}
    assert "2023-11-23" not in days
    assert iso(int(series.time[(series.time // DAY * DAY) == moment("2023-11-24")][-1])) == "2023-11-24T17:59:00Z"
    assert {"2024-03-08T14:30:00Z", "2024-03-11T13:30:00Z"} <= {iso(int(at)) for at in series.time}


def test_rows_outside_sessions_are_counted_and_never_used(workspace: Workspace, tmp_path: Path) -> None:
    before = [day for day, _, _ in HOURS if day < "2024-03-20"]
    built(workspace, tmp_path, market.extended(BARS, HOURS))
    assert read_findings(workspace)[OUTSIDE]["count"] == 120 * len(before)
    assert Catalog(workspace).quality("equity")["spy"]["quarantined"] == {}


def test_law_8_a_minute_that_a_session_lacks_is_a_gap_and_a_night_is_none(workspace: Workspace, tmp_path: Path) -> None:
    """Two minutes before a close and three after the next open are two gaps."""
    close = 390
    series = built(workspace, tmp_path, BARS.drop(BARS.index[close - 2 : close + 3]))
    assert np.flatnonzero(np.isnan(series.columns["close"])).tolist() == list(range(close - 2, close + 3))
    assert read_findings(workspace)["gaps"] == {
        "count": 2,
        "at": ["2023-11-01T19:58:00Z", "2023-11-02T13:30:00Z"],
        "rows": 5,
        "longest": 3,
    }


def test_an_earlier_source_of_a_splice_keeps_its_sessions(workspace: Workspace, tmp_path: Path) -> None:
    joint = pd.Timestamp("2023-12-15 14:30", tz="UTC")
    write(tmp_path / "old.csv", BARS[BARS.index < joint + pd.Timedelta(days=30)], "America/New_York")
    later = BARS[BARS.index >= joint - pd.Timedelta(days=10)]
    zoned = "zone: America/New_York}"
    old = f"splice: [{{until: 2023-12-15T14:30:00Z, factor: 1, source: {{use: files, files: old.csv, {zoned}}}]}}"
    series = built(workspace, tmp_path, later, (f"{zoned}}}", f"{zoned}, {old}"))
    wanted = ms(BARS.index[BARS.index != joint])
    held = series.time[~np.isnan(series.columns["close"])]
    assert np.array_equal(held, wanted[wanted <= held[-1]])


def test_law_3_a_gap_that_goes_on_behind_the_seal_tells_nothing_of_it(workspace: Workspace, tmp_path: Path) -> None:
    sealed = BARS.index >= pd.Timestamp("2024-03-19 13:30", tz="UTC")
    lost = sealed & (BARS.index < pd.Timestamp("2024-03-21", tz="UTC"))
    built(workspace, tmp_path, BARS[~lost])
    assert read_findings(workspace)["gaps"]["rows"] == 390


def test_law_3_no_row_of_the_sealed_part_lies_open(workspace: Workspace, tmp_path: Path) -> None:
    series = built(workspace, tmp_path, BARS)
    assert series.known[-1] <= moment("2024-03-20")
    assert series.sessions is not None
    assert series.sessions.start[-1] < moment("2024-03-20")
    kept = [path for path in workspace.datasets.rglob("*.npy") if path.name != "sessions.npy"]
    assert {len(np.load(path)) for path in kept} == {len(series)}


def weekdays(first: str, last: str) -> list[str]:
    return list(pd.bdate_range(first, last).strftime("%Y-%m-%d"))


@pytest.mark.parametrize(
    ("calendar", "hours", "zone"),
    [
        ("24/5", [(day, "17:00", "17:00") for day in weekdays("2024-03-04", "2024-03-15")], market.NEW_YORK),
        ("CMES", [(day, "17:00", "16:00") for day in weekdays("2024-03-04", "2024-03-15")], CHICAGO),
        (
            "XTKS",
            sorted(
                (day, *part)
                for day in weekdays("2024-03-04", "2024-03-15")
                for part in (("09:00", "11:30"), ("12:30", "15:00"))
            ),
            TOKYO,
        ),
    ],
)
def test_other_markets_keep_their_own_hours(calendar: str, hours: Hours, zone: object) -> None:
    """Currencies from Sunday to Friday 17:00 New York, futures with a pause of an hour, Tokyo with its lunch."""
    sessions = read_sessions(calendar, MINUTE, moment("2024-03-03"), moment("2024-03-16"))
    assert np.array_equal(sessions.list_bars(MINUTE), ms(minutes(hours, zone)))  # type: ignore[arg-type]


def test_futures_close_early_before_a_holiday() -> None:
    sessions = read_sessions("CMES", MINUTE, moment("2023-11-22"), moment("2023-11-25"))
    assert [iso(int(at)) for at in sessions.end] == ["2023-11-22T22:00:00Z", "2023-11-23T18:00:00Z", "2023-11-24T18:00:00Z"]


def test_sessions_are_the_same_whenever_they_are_read() -> None:
    """Whatever a library has for a default span: a narrower span gives a part of a wider one."""
    wide = read_sessions("XNYS", MINUTE, moment("1995-01-01"), moment("2025-01-01"))
    part = read_sessions("XNYS", MINUTE, moment("2001-09-01"), moment("2001-10-01"))
    assert np.array_equal(wide.between(moment("2001-09-01"), moment("2001-10-01")).pack(), part.pack())
    assert moment("2001-09-12") not in part.day


def test_daily_bars_are_one_a_session_and_known_at_its_close(workspace: Workspace, tmp_path: Path) -> None:
    """Stamped with dates, with midnight in New York, or with the open: the same bars."""
    daily = market.gather(BARS, np.asarray(BARS.index.date))
    made = []
    for kind, stamps in (
        ("dates", pd.DatetimeIndex([pd.Timestamp(at.date()) for at in daily.index], tz="UTC")),
        ("local", daily.index.tz_convert("America/New_York").normalize()),
        ("opens", daily.index),
    ):
        folder = tmp_path / kind
        folder.mkdir()
        write(folder / "spy.csv", daily.set_axis(stamps), "UTC")
        one = spec(("period: 1m", "period: 1d"), ("zone: America/New_York", "zone: UTC"), ("equity", f"equity-{kind}"))
        build(Workspace.open(folder / "workspace"), one, folder)
        made.append(opened(Workspace.open(folder / "workspace"), one))
    expected = daily[: pd.Timestamp("2024-03-20", tz="UTC")]
    for series in made:
        assert np.array_equal(series.time, ms(expected.index))
        assert np.array_equal(series.columns["close"], expected["close"])
        assert iso(int(series.known[series.time // DAY * DAY == moment("2023-11-24")][0])) == "2023-11-24T18:00:00Z"
        assert (series.known - series.time == 390 * MINUTE).sum() == len(series) - 1


def test_a_daily_row_of_a_day_without_a_session_is_set_aside(workspace: Workspace, tmp_path: Path) -> None:
    daily = market.gather(BARS, np.asarray(BARS.index.date))
    daily.index = pd.DatetimeIndex([pd.Timestamp(at.date()) for at in daily.index], tz="UTC")
    daily.loc[pd.Timestamp("2023-11-23", tz="UTC")] = 1.0
    write(tmp_path / "spy.csv", daily.sort_index(), "UTC")
    build(workspace, one := spec(("period: 1m", "period: 1d"), ("zone: America/New_York", "zone: UTC")), tmp_path)
    assert read_findings(workspace)[OUTSIDE]["at"] == ["2023-11-23"]
    assert opened(workspace, one).columns["close"].min() > 1


def test_bars_are_counted_from_the_open_and_the_last_may_be_shorter(workspace: Workspace, tmp_path: Path) -> None:
    away = (BARS.index - BARS.index.to_series().groupby(BARS.index.date).transform("first")) // pd.Timedelta("1h")
    hourly = market.gather(BARS, [np.asarray(BARS.index.date), away.to_numpy()])
    series = built(workspace, tmp_path, hourly, ("period: 1m", "period: 1h"))
    expected = hourly[: pd.Timestamp("2024-03-20", tz="UTC")]
    assert np.array_equal(series.time, ms(expected.index))
    assert np.array_equal(series.columns["high"], expected["high"])
    first = [(iso(int(at)), int(known - at) // MINUTE) for at, known in zip(series.time[:7], series.known[:7], strict=True)]
    assert first == [(f"2023-11-01T{hour}:30:00Z", 60) for hour in range(13, 19)] + [("2023-11-01T19:30:00Z", 30)]


def test_bars_that_begin_elsewhere_are_refused(workspace: Workspace, tmp_path: Path) -> None:
    write(
        tmp_path / "spy.csv",
        market.gather(BARS, BARS.index.floor("1h")).pipe(lambda rows: rows.set_axis(rows.index.floor("1h"))),
    )
    changed = spec(("period: 1m", "period: 1h"), ("zone: America/New_York", "zone: UTC"))
    with pytest.raises(DataError, match="not whole bars of 1h from the session's open"):
        build(workspace, changed, tmp_path)


def test_stamps_of_another_zone_are_asked_about(workspace: Workspace, tmp_path: Path) -> None:
    write(tmp_path / "spy.csv", BARS, "America/New_York")
    with pytest.raises(DataError, match=r"sessions of XNYS, see that zone: is right"):
        build(workspace, spec(("zone: America/New_York", "zone: UTC")), tmp_path)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ((("calendar: XNYS", "calendar: XNYX"),), "series.spy.calendar: 'XNYX' unknown; did you mean 'XNYS'?"),
        ((("calendar: XNYS", "calendar: 24/7"),), "'24/7' is what a series without a calendar has; remove it"),
        ((("calendar: XNYS", "calendar: ../x"),), "'../x' is no calendar; write a name of exchange_calendars"),
        ((("period: 1m", "period: 7h"),), "period: 7h does not divide a day; with a calendar write 1d, or what divides it"),
        ((("kind: bars", "kind: values, delay: 1d"),), "calendar: 'values' has none, bars do; remove it"),
        ((("2024-04-13]", "2090-04-13]"), ("XNYS", "XHKG")), "does not reach"),
    ],
)
def test_what_is_no_calendar_is_refused(
    changes: tuple[tuple[str, str], ...], says: str, workspace: Workspace, tmp_path: Path
) -> None:
    write(tmp_path / "spy.csv", BARS[:2000], "America/New_York")
    with pytest.raises(DataError) as error:
        build(workspace, spec(*changes), tmp_path)
    assert says in str(error.value)


def test_a_series_without_the_key_is_written_and_hashed_as_before() -> None:
    raw = {"kind": "bars", "underlying": "BTCUSDT", "period": "1m"}
    assert "calendar" not in SeriesSpec.model_validate(raw).model_dump()
    assert SeriesSpec.model_validate({**raw, "calendar": "XNYS"}).model_dump()["calendar"] == "XNYS"


def test_law_5_the_calendar_is_part_of_the_fingerprint(workspace: Workspace, tmp_path: Path) -> None:
    """The hours of two exchanges that differ by a holiday, over rows that both expect."""
    write(tmp_path / "spy.csv", BARS, "America/New_York")
    prints = []
    for calendar in ("XNYS", "XTSE", "XNYS"):
        other = Workspace.open(tmp_path / f"workspace{len(prints)}")
        build(other, spec(("XNYS", calendar), ("sealed: [2024-03-20", "sealed: [2024-03-21")), tmp_path)
        prints.append(Catalog(other).fingerprint("equity", "train"))
    assert prints[0] == prints[2] != prints[1]


def test_an_opened_dataset_asks_no_calendar(workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Holidays that another version of the library knows change no dataset that is there."""
    built(workspace, tmp_path, BARS)
    monkeypatch.setitem(sys.modules, "exchange_calendars", None)
    series = opened(workspace, spec(), "train")
    assert np.array_equal(series.ends, series.known)


def test_a_split_is_a_fault_until_it_is_declared(workspace: Workspace, tmp_path: Path) -> None:
    raw = market.before_split(BARS)
    built(workspace, tmp_path, raw)
    faults = Catalog(workspace).meta("equity")["series"]["spy"]["faults"]
    assert [(one["kind"], [iso(at) for at in one["spans"][0]]) for one in faults] == [(JUMP, ["2024-02-05T14:30:00Z"] * 2)]
    adjusted = built(
        workspace, tmp_path, raw, ("period: 1m", f"period: 1m, adjust: [{{at: {SPLIT_DAY}, factor: {1 / FACTOR}}}]")
    )
    assert Catalog(workspace).meta("equity")["series"]["spy"]["faults"] == []
    expected = BARS[: pd.Timestamp("2024-03-20", tz="UTC")]
    assert np.allclose(adjusted.columns["close"], expected["close"], rtol=1e-15)
    assert np.allclose(adjusted.columns["volume"], expected["volume"], rtol=1e-15)


def test_a_split_in_the_sealed_part_is_refused_over_a_night(workspace: Workspace, tmp_path: Path) -> None:
    raw = BARS.copy()
    raw.loc[raw.index < pd.Timestamp("2024-03-20", tz="UTC"), ["open", "high", "low", "close"]] *= FACTOR
    with pytest.raises(DataError, match=r"jumps 1 times in the sealed part, first 2024-03-20T13:30:00Z"):
        built(workspace, tmp_path, raw)


@pytest.mark.parametrize("scale", [1.0, 3.0])
def test_law_3_rows_that_are_sealed_open_nowhere_else(scale: float, workspace: Workspace, tmp_path: Path) -> None:
    """Neither as they are nor changed, in a dataset that begins elsewhere."""
    built(workspace, tmp_path, BARS)
    write(tmp_path / "other.csv", BARS.assign(**{name: BARS[name] * scale for name in ("open", "high", "low", "close")}))
    text = EQUITY.replace("SPY", "ETF").replace("dataset: equity", "dataset: other").replace("spy.csv", "other.csv")
    text = text.replace("zone: America/New_York", "zone: UTC").replace("train: [2023-11-01", "train: [2023-11-07")
    one = spec(
        ("2024-02-15]", "2024-03-01]"), ("validation: [2024-02-15, 2024-03-20]", "validation: [2024-03-01, 2024-04-10]"),
        ("sealed: [2024-03-20", "sealed: [2024-04-10"), text=text,
    )  # fmt: skip
    with pytest.raises(SealError, match="open rows are those of" if scale == 1.0 else "moves like"):
        build(workspace, one, tmp_path)


def test_hours_of_bars_and_of_days_agree_on_ends() -> None:
    sessions = read_sessions("XTKS", HOUR, moment("2024-03-04"), moment("2024-03-06"))
    bars = sessions.list_bars(HOUR)
    assert [iso(int(at))[11:16] for at in bars[:6]] == ["", "01:00", "02:00", "03:30", "04:30", "05:30"]
    assert ((sessions.find_ends(bars, HOUR) - bars) // MINUTE).tolist() == [60, 60, 30, 60, 60, 30] * 2
    assert sessions.number_bars(bars, HOUR).tolist() == list(range(12))
    assert read_sessions("XTKS", DAY, moment("2024-03-04"), moment("2024-03-06")).pack().shape == (2, 3)
