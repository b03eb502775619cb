"""Decisions and labels on a market that closes: at bars, and over horizons that the market keeps."""

import numpy as np
import pandas as pd
import pytest

from factory.core.times import DAY, HOUR, MINUTE, iso, to_ms
from factory.learning.cusum_filter import CusumFilter
from factory.learning.labels import label
from factory.learning.sampling import at_bars, keep_inside, list_beginnings
from factory.market.calendars import read_sessions
from factory.market.series import Series
from factory.pipeline.parts.labels import UpDown
from tests.market.sessions import draw, equity_hours, minutes, ms, series

HOURS = [one for one in equity_hours() if "2023-11-20" <= one[0] <= "2023-12-01"]
FRAME = draw(minutes(HOURS))
SPY = series(FRAME, HOURS)
FIRST, END = int(SPY.time[0]), int(SPY.known[-1]) + 3 * DAY
FRIDAY = pd.Timestamp("2023-11-24 14:30", tz="UTC")
"""A session that ends at 13:00 New York, 18:00 UTC."""


def at(*stamps: str) -> np.ndarray:
    return ms(pd.DatetimeIndex(stamps, tz="UTC"))


def text(times: np.ndarray) -> list[str]:
    return [iso(int(one)) for one in times]


def labelled(horizon: str, times: np.ndarray, rows: Series = SPY, end: int = END):  # type: ignore[no-untyped-def]
    return label(UpDown(use="up_down", of="spy", horizon=horizon), rows, times, None, end)


@pytest.mark.parametrize("every", ["7m", "30m", "1h", "2h"])
def test_a_clock_decides_at_bars_of_sessions_alone_counted_from_the_open(every: str) -> None:
    times = list_beginnings(SPY, to_ms(every), FIRST, END)
    assert np.isin(times, SPY.time).all()
    opened = FRAME.index.to_series().groupby(FRAME.index.date).transform("first")
    away = ms(FRAME.index) - ms(pd.DatetimeIndex(opened))
    np.testing.assert_array_equal(times, SPY.time[away % to_ms(every) == 0])


def test_a_clock_of_a_day_decides_at_each_open_and_one_of_a_week_at_the_first() -> None:
    opens = ms(pd.DatetimeIndex(FRAME.index.to_series().groupby(FRAME.index.date).first()))
    np.testing.assert_array_equal(list_beginnings(SPY, DAY, FIRST, END), opens)
    assert text(list_beginnings(SPY, 7 * DAY, FIRST, END)) == [
        "2023-11-20T14:30:00Z",
        "2023-11-24T14:30:00Z",
        "2023-11-30T14:30:00Z",
    ]


def test_a_clock_begins_anew_after_lunch() -> None:
    sessions = read_sessions("XTKS", MINUTE, *at("2024-03-04", "2024-03-05").tolist())
    assert [one[11:16] for one in text(sessions.tick(HOUR, 0, END * 2))] == ["", "01:00", "02:00", "03:30", "04:30", "05:30"]


def test_law_1_what_becomes_known_at_the_close_is_acted_on_at_the_next_open() -> None:
    known = at("2023-11-24 17:59", "2023-11-24 18:00", "2023-11-25 12:00", "2023-11-27 14:30", "2024-01-01 00:00")
    assert text(at_bars(known, SPY)) == ["2023-11-24T17:59:00Z", "2023-11-27T14:30:00Z"]


def test_a_filter_sums_the_move_over_the_night() -> None:
    logs = np.log(SPY.columns["close"])
    night = np.flatnonzero(np.diff(SPY.time) > MINUTE) + 1
    threshold = np.array([0.9 * np.abs(np.diff(logs)[night - 1]).max()])
    own = CusumFilter(logs, SPY.known, threshold, FIRST, END, MINUTE)
    acted = own.find_decisions(SPY)
    assert np.isin(acted, SPY.time).all()
    assert np.isin(own.find_events(), SPY.known[night]).any()


def test_a_horizon_under_a_day_lies_inside_a_session() -> None:
    """The last half hour of a session has no half hour before it, and neither has a label."""
    times = SPY.time[SPY.time < END - 4 * DAY]
    known = labelled("30m", times).known
    left = np.array([(SPY.sessions.end[SPY.sessions.find_stretches(times)]) - times])[0]  # type: ignore[union-attr]
    np.testing.assert_array_equal(known, left >= 30 * MINUTE)


def test_a_label_inside_a_session_is_as_on_a_market_that_never_closes() -> None:
    times = SPY.time[::37]
    found = labelled("30m", times)
    rows = np.searchsorted(SPY.time, times)[found.known]
    expected = SPY.columns["close"][rows + 29] / SPY.columns["open"][rows] - 1
    np.testing.assert_allclose(found.ret[found.known], expected, rtol=1e-12)
    np.testing.assert_array_equal(found.end[found.known], times[found.known] + 30 * MINUTE)


def test_a_horizon_of_days_ends_with_the_last_bar_before_its_end() -> None:
    """From Friday noon a day reaches into Saturday: its label ends with Friday's close, three days with Monday noon."""
    friday = at("2023-11-24 17:00")
    day, days = labelled("1d", friday), labelled("3d", friday)
    assert text(day.end) == ["2023-11-24T18:00:00Z"]
    assert text(days.end) == ["2023-11-27T17:00:00Z"]
    opened, close = FRAME["open"][FRIDAY + pd.Timedelta("150min")], FRAME["close"][pd.Timestamp("2023-11-27 16:59", tz="UTC")]
    np.testing.assert_allclose(days.ret, close / opened - 1)


def test_law_1_a_label_is_known_inside_its_partition() -> None:
    times = at("2023-11-24 17:00")
    assert labelled("1d", times, end=int(times[0]) + DAY).known.all()
    assert not labelled("1d", times, end=int(times[0]) + DAY - MINUTE).known.any()


def test_law_8_a_label_that_needs_a_lacking_minute_does_not_exist() -> None:
    lost = np.arange(len(SPY)) == int(np.searchsorted(SPY.time, at("2023-11-27 15:00")[0]))
    columns = {name: np.where(lost, np.nan, column) for name, column in SPY.columns.items()}
    gap = Series("spy", "bars", MINUTE, 0, SPY.time, SPY.known, columns, sessions=SPY.sessions)
    assert labelled("3d", at("2023-11-24 17:00", "2023-11-27 15:01"), gap).known.tolist() == [False, True]


def test_a_position_that_must_be_left_needs_a_bar_to_leave_at() -> None:
    """A window that settles by itself may end with the trading; an order to leave at the close would wait for the next day."""
    times = at("2023-11-24 16:59", "2023-11-24 17:00", "2023-11-24 17:01")
    assert text(keep_inside(SPY, times, HOUR, exits=False)) == ["2023-11-24T16:59:00Z", "2023-11-24T17:00:00Z"]
    assert text(keep_inside(SPY, times, HOUR, exits=True)) == ["2023-11-24T16:59:00Z"]
    assert len(keep_inside(SPY, times, DAY, exits=True)) == 3


def test_trading_that_goes_on_over_the_date_is_one_stretch() -> None:
    """A day of currencies ends at 17:00 New York as the next begins; a horizon may reach over it, and not over Friday."""
    sessions = read_sessions("24/5", MINUTE, *at("2024-03-06", "2024-03-12").tolist())
    assert sessions.fit(at("2024-03-06 21:30", "2024-03-08 20:59", "2024-03-08 21:01"), HOUR).tolist() == [True, True, False]
