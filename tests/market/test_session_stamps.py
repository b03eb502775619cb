"""Where bars of markets that close are stamped, and up to when they tell."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from factory.core.errors import DataError
from factory.core.times import DAY, HOUR, MINUTE, iso, moment
from factory.market import calendars
from factory.market.build import build, check_files
from factory.market.calendars import read_sessions
from factory.market.dataset import open_partition
from factory.market.raw_rows import RawRows
from factory.market.series_spec import SeriesSpec
from factory.storage.workspace import Workspace
from tests.market import sessions as market
from tests.market.sessions import Hours, draw, equity_hours, minutes, ms, spec, write

HOURS = equity_hours()
BARS = draw(minutes(HOURS))


def weekdays(first: str, last: str) -> list[str]:
    return list(pd.bdate_range(first, last).strftime("%Y-%m-%d"))


def close_stamps(bars: pd.DataFrame, period: pd.Timedelta, hours: Hours = HOURS) -> pd.DatetimeIndex:
    """The end of each bar: a period after its open, or the close where that is sooner."""
    closes = pd.DatetimeIndex([minutes([one])[-1] + pd.Timedelta("1min") for one in hours])
    ends = bars.index + period
    return pd.DatetimeIndex(
        np.minimum(ends.asi8, closes.asi8[np.searchsorted(closes.asi8, bars.index.asi8, side="right")])
    ).tz_localize("UTC")


@pytest.mark.parametrize("period", ["1m", "1h", "1d"])
def test_law_1_bars_of_sessions_that_are_stamped_at_their_close_are_refused_until_it_is_said(
    period: str, tmp_path: Path
) -> None:
    """Taken for opens, each would be filled at a price of a period before."""
    workspace = Workspace.open(tmp_path / "workspace")
    span = pd.Timedelta(period.replace("m", "min"))
    day = np.asarray(BARS.index.date)
    away = (BARS.index - BARS.index.to_series().groupby(BARS.index.date).transform("first")) // span
    bars = market.gather(BARS, [day, away.to_numpy()])
    write(tmp_path / "spy.csv", bars.set_axis(close_stamps(bars, span)), "America/New_York")
    change = ("period: 1m", f"period: {period}")
    with pytest.raises(
        DataError, match=r"stamped at their close: .* of XNYS have one at their end, and 0 at their beginning; say so"
    ):
        build(workspace, spec(change), tmp_path)
    declared = spec(change, ("zone: America/New_York}", "zone: America/New_York, stamped: close}"))
    build(workspace, declared, tmp_path)
    series = open_partition(workspace, declared.dataset, "validation").series["spy"]
    expected = bars[: pd.Timestamp("2024-03-20", tz="UTC")]
    assert np.array_equal(series.time, ms(expected.index))
    for column, values in expected.items():
        assert np.array_equal(series.columns[str(column)], values)


def test_bars_of_a_week_without_a_pause_are_found_to_be_stamped_at_their_close(tmp_path: Path) -> None:
    hours = [(day, "17:00", "17:00") for day in weekdays("2023-11-01", "2024-01-31")]
    bars = draw(minutes(hours)[::60])
    keys = {"kind": "bars", "underlying": "EURUSD", "period": "1h", "calendar": "24/5"}
    for shift, says in ((0, None), (1, "stamped at their close")):
        path = write(tmp_path / f"{shift}.csv", bars.set_axis(bars.index + pd.Timedelta(hours=shift)))
        one = SeriesSpec.model_validate({**keys, "source": {"use": "files", "files": [path.name], "zone": "UTC"}})
        if says:
            with pytest.raises(DataError, match=says):
                check_files([path], one)
        else:
            assert check_files([path], one).quarantined == {}


@pytest.mark.parametrize("early", [0, 1], ids=["the next open", "a millisecond before it"])
def test_closes_of_a_market_that_never_closes_may_be_declared(tmp_path: Path, early: int) -> None:
    stamps = pd.date_range("2024-01-01", "2024-01-04", freq="1min", tz="UTC", inclusive="left")
    ends = stamps + pd.Timedelta(minutes=1) - pd.Timedelta(milliseconds=early)
    draw(stamps).set_axis(ends.rename("time")).reset_index().to_parquet(path := tmp_path / "btc.parquet")
    source = {"use": "files", "files": [path.name], "stamped": "close"}
    one = SeriesSpec.model_validate({"kind": "bars", "underlying": "BTCUSDT", "period": "1m", "source": source})
    assert np.array_equal(check_files([path], one).time, ms(stamps))


def test_what_has_no_close_is_not_stamped_at_it() -> None:
    keys = {"kind": "values", "underlying": "X", "period": "1h", "delay": "1h"}
    with pytest.raises(ValueError, match=r"source.stamped: 'values' have no close; remove it"):
        SeriesSpec.model_validate({**keys, "source": {"use": "files", "files": ["x.csv"], "stamped": "close"}})
    bars = SeriesSpec.model_validate(
        {"kind": "bars", "underlying": "X", "period": "1h", "source": {"use": "files", "files": ["x"]}}
    )
    assert "stamped" not in bars.model_dump()["source"], "what was hashed before hashes alike"


def calendar_names() -> list[str]:
    import exchange_calendars

    return [name for name in exchange_calendars.get_calendar_names(include_aliases=False) if name != "24/7"]


def daily_rows(stamps: np.ndarray) -> RawRows:
    return RawRows(stamps, {"close": np.ones(len(stamps))})


@pytest.mark.parametrize("name", calendar_names())
def test_law_1_a_daily_bar_is_known_when_the_session_and_the_day_of_its_stamp_are_over(name: str) -> None:
    """Of every exchange: no minute is traded inside what a bar may hold, and after the bar is known."""
    import exchange_calendars

    first, last = moment("2023-01-02"), moment("2024-01-02")
    try:
        exchange_calendars.get_calendar(name, start="2022-12-01", end="2024-02-01")
    except (ValueError, NotImplementedError) as error:
        with pytest.raises(DataError, match=f"calendar: '{name}'"):
            read_sessions(name, DAY, first, last)
        pytest.skip(f"the installed library cannot make it: {error}")
    days, all_day = read_sessions(name, DAY, first, last), read_sessions(name, MINUTE, first, last)
    one = SeriesSpec.model_validate({"kind": "bars", "underlying": "X", "period": "1d", "calendar": name})
    zone = str(calendars._calendar(name, int(days.start[0]) - calendars.MARGIN, int(days.end[-1]) + calendars.MARGIN).tz)
    local = pd.DatetimeIndex(days.day.astype("datetime64[ms]")).tz_localize(zone)
    kinds = {"dates": days.day, "local": ms(pd.DatetimeIndex(local)), "opens": days.start}
    for kind, stamps in kinds.items():
        moved, late = calendars.date_sessions(one, daily_rows(stamps), days)
        assert np.array_equal(moved.time, days.start), kind
        known = days.end + late
        # A bar may be that of the day from its stamp on, where that is a midnight.
        ends = pd.DatetimeIndex(stamps.astype("datetime64[ms]")).tz_localize("UTC").tz_convert(zone) + pd.DateOffset(days=1)
        over = np.where(stamps % DAY == 0, stamps + DAY, ms(ends) if kind == "local" else stamps)
        for at, end in zip(known.tolist(), over.tolist(), strict=True):
            traded = (all_day.start < end) & (all_day.end > at) & (at < end)
            assert not traded.any(), f"{kind}: {iso(at)} is known, and {iso(end)} is traded up to"
        if kind == "opens" and (stamps % DAY).any():
            assert late == 0


def test_daily_bars_of_currencies_by_utc_days_are_known_when_those_are_over(tmp_path: Path) -> None:
    workspace = Workspace.open(tmp_path / "workspace")
    bars = draw(minutes([(day, "17:00", "17:00") for day in weekdays("2023-11-01", "2024-04-12")])[::60])
    daily = market.gather(bars, np.asarray(bars.index.date))
    daily.index = pd.DatetimeIndex([pd.Timestamp(at.date()) for at in daily.index], tz="UTC")
    write(tmp_path / "spy.csv", daily[daily.index.dayofweek < 5])
    changes = (("period: 1m", "period: 1d"), ("zone: America/New_York", "zone: UTC"), ("XNYS", "24/5"))
    build(workspace, one := spec(*changes), tmp_path)
    series = open_partition(workspace, one.dataset, "validation").series["spy"]
    assert (series.known >= series.time // DAY * DAY + 2 * DAY).all(), "opened the evening before, over at midnight UTC"
    assert (series.known - series.time <= DAY + 3 * HOUR).all()
    assert series.known[-1] <= moment("2024-03-20")
