"""The hours of an exchange, by the names of exchange_calendars; read when a dataset is built and never after."""

from dataclasses import replace
from datetime import time
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy import int64
from numpy.typing import NDArray

from factory.core.errors import DataError, did_you_mean
from factory.core.times import DAY, iso
from factory.market.raw_rows import RawRows
from factory.market.series_spec import SeriesSpec
from factory.market.sessions import Sessions

FEWEST_CLOSES, MOST_ENDS, LEAST_BEGINNINGS = 3, 0.5, 0.1
"""Stretches of trading, and shares of them, whose bars tell that stamps are closes."""
MARGIN = 2 * DAY
"""Read before and after what is asked for, so that no session is cut that begins on the evening before its date."""


def read_sessions(name: str, period: int, first: int, before: int) -> Sessions:
    """Read the sessions of a calendar that lie at least partly in [first, before).

    What is later opened of a dataset are the sessions that it was built with: other versions of the library may know more.

    Parameters
    ----------
    name : str
        Of the calendar.
    period : int
        Of the bars, ms: those of a day take no notice of breaks.

    Raises
    ------
    DataError
        If there is no such calendar, or it does not reach so far.
    """
    schedule = _calendar(name, first - MARGIN, before + MARGIN).schedule
    day = _to_ms(schedule.index)
    opened, pause, resumed, close = (_to_ms(schedule[name].array) for name in ("open", "break_start", "break_end", "close"))
    has_break = (pause > 0) & (period < DAY)
    start = np.concatenate([opened, resumed[has_break]])
    end = np.concatenate([np.where(has_break, pause, close), close[has_break]])
    order = np.argsort(start, kind="stable")
    days = np.concatenate([day, day[has_break]])
    return Sessions(days[order], start[order], end[order]).between(first, before)


def open_sessions(spec: SeriesSpec, frame: RawRows, span: tuple[int, int]) -> Sessions:
    """Read when the market of a series with a calendar trades, from a day before its first row inside a span to the span's end.

    Raises
    ------
    DataError
        If there is no such calendar, it does not reach so far, or has no session then.
    """
    assert spec.calendar is not None
    inside = frame.time[(frame.time >= span[0] - DAY) & (frame.time < span[1])]
    first = max(span[0], int(inside.min()) - DAY) if len(inside) else span[0]
    sessions = read_sessions(spec.calendar, spec.period_ms, first, span[1])
    if not len(sessions):
        raise DataError(f"calendar: {spec.calendar} has no session from {iso(first)} to {iso(span[1])}; check the split")
    return sessions


def date_sessions(spec: SeriesSpec, frame: RawRows, sessions: Sessions) -> tuple[RawRows, int]:
    """Move stamps of daily bars to the openings of their sessions; those of no session stay, and lie outside of all.

    A stamp is the opening itself, midnight UTC of the session's date, or midnight of it where the exchange is.

    Returns
    -------
    frame : RawRows
        The rows.
    late : int
        Milliseconds after their sessions' ends up to which rows may tell: a bar that is stamped with a date may be that of the
        day from there on, and a market that opens again before it is over is in it.
    """
    assert spec.calendar is not None
    zone = str(_calendar(spec.calendar, int(sessions.start[0]) - MARGIN, int(sessions.end[-1]) + MARGIN).tz)
    local = pd.DatetimeIndex(frame.time.astype("datetime64[ms]")).tz_localize("UTC").tz_convert(zone).tz_localize(None)
    there = np.asarray(local.to_numpy().astype("datetime64[ms]").astype(int64))
    day = np.where(frame.time % DAY == 0, frame.time, np.where(there % DAY == 0, there, -1))
    place = np.minimum(np.searchsorted(sessions.day, day), len(sessions) - 1)
    named = (sessions.day[place] == day) & ~sessions.expect(frame.time, DAY)
    over = _end_days(frame.time[named], zone)
    last = np.searchsorted(sessions.start, over) - 1
    late = np.minimum(sessions.end[last], over) - sessions.end[place[named]]
    return replace(frame, time=np.where(named, sessions.start[place], frame.time)), int(late.max(initial=0))


def _end_days(midnights: NDArray[int64], zone: str) -> NDArray[int64]:
    """Find the ends of the days that begin at midnights, UTC or in a zone, ms UTC."""
    local = pd.DatetimeIndex(midnights.astype("datetime64[ms]")).tz_localize("UTC").tz_convert(zone)
    return np.where(midnights % DAY == 0, midnights + DAY, _to_ms((local + pd.DateOffset(days=1)).tz_convert("UTC")))


def open_bars(spec: SeriesSpec, frame: RawRows, sessions: Sessions | None) -> RawRows:
    """Move stamps at the close of bars to their opens; the last bar of a session may be shorter than others."""
    period = spec.period_ms
    # Exchanges write the last millisecond before the end.
    end = frame.time + (frame.time % 1_000 == 999)
    time = end - period
    if sessions is not None:
        stretch = np.minimum(np.searchsorted(sessions.end, end), len(sessions) - 1)
        last = sessions.find_last_bars(period)[stretch]
        time = np.where(sessions.end[stretch] == end, last, frame.time if period >= DAY else time)
    return replace(frame, time=time)


def refuse_closes(name: str, spec: SeriesSpec, frame: RawRows, sessions: Sessions) -> None:
    """Refuse bars that are stamped at their close: hardly a stretch of trading has one at its beginning, and most at its end.

    Raises
    ------
    DataError
        If so.
    """
    whole = sessions.merge_adjoining()
    stamps = np.unique(frame.time)
    held = np.searchsorted(stamps, whole.end, side="right") > np.searchsorted(stamps, whole.start)
    begun, ended = (int(np.isin(edge[held], stamps).sum()) for edge in (whole.start, whole.end))
    if ended >= FEWEST_CLOSES and ended > MOST_ENDS * held.sum() and begun < LEAST_BEGINNINGS * ended:
        raise DataError(
            f"series.{name}: bars are stamped at their close: {ended} of {int(held.sum())} stretches of trading of "
            f"{spec.calendar} have one at their end, and {begun} at their beginning; say so with source: {{stamped: close}}, "
            "or name the column of their opens with source: {time: ...}"
        )


def _to_ms(moments: Any) -> NDArray[int64]:
    """Convert moments to ms UTC; what is no moment is far below 0."""
    index = pd.DatetimeIndex(moments)
    return np.asarray((index.tz_localize(None) if index.tz else index).astype("datetime64[ms]").astype(int64))


@lru_cache(8)
def _calendar(name: str, first: int, last: int) -> Any:
    """Make a calendar over some dates, the same whatever today is."""
    import exchange_calendars

    known = exchange_calendars.get_calendar_names(include_aliases=True)
    if name not in known:
        raise DataError(f"calendar: '{name}' unknown; {did_you_mean(name, known)}")
    start, end = (pd.Timestamp(moment // DAY * DAY, unit="ms") for moment in (first, last))
    try:
        calendar = exchange_calendars.get_calendar(name, start=start, end=end)
        own = OWN.get(exchange_calendars.resolve_alias(name))
        return own(type(calendar))(start=start, end=end) if own else calendar
    except NotImplementedError as error:
        raise DataError(f"calendar: '{name}' is none that the installed exchange_calendars can make; name another") from error
    except ValueError as error:
        what = f"calendar: '{name}' does not reach from {iso(first // DAY * DAY)} to {iso(last // DAY * DAY)}"
        raise DataError(f"{what}; move the split inside: {error}") from None


def _make_forex(library: type) -> type:
    """Make hours of currencies: a day from 17:00 to 17:00 New York, the week from Sunday to Friday.

    The library's are each weekday from midnight to midnight UTC, and nobody trades currencies so.
    """
    hours = {"open_times": ((None, time(17)),), "close_times": ((None, time(17)),), "open_offset": -1, "close_offset": 0}
    return type("Forex", (library,), {"tz": ZoneInfo("America/New_York"), **hours})


def _make_globex(library: type) -> type:
    """Make hours of CME's futures: the library's, with its holidays and early closes, less the hour at 16:00 Chicago.

    Globex pauses then; the library trades round the clock.
    """
    return type("Globex", (library,), {"close_times": ((None, time(16)),)})


OWN = {"24/5": _make_forex, "CMES": _make_globex}
"""What makes hours that differ from the library's, by the name of its calendar."""
