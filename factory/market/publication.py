"""When a publisher publishes its values: the calendar of a series. Pure: what takes numpy is imported where it works."""

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated, Literal, Self, get_args
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, model_validator

from factory.core.times import DAY, add_months, count_months, iso, moment, to_period_ms
from factory.market.spec_fields import Wait, Zone

if TYPE_CHECKING:
    from numpy import int64
    from numpy.typing import NDArray

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[str, ...] = get_args(Weekday)
WEEK = 7 * DAY
MOST_CLOSED = 4 * DAY
"""A weekend and a holiday before or after it, and an hour by which clocks change."""
LONGEST_MONTH = 31 * DAY
SAMPLE = 53
"""Weeks over which two calendars are compared: a year has both halves of daylight saving."""


class Publication(BaseModel):
    """When the values of a series are published: the first such moment that lies `after` a value's stamp.

    A release on a Saturday, a Sunday or a federal holiday of the United States counts as out on the next working day.

    Parameters
    ----------
    weekday : str or None
        Day of the release, of one a week; of one a month `day` in its place.
    day : int or None
        Day of the month of the release, 1 to 31; the last one of a month that has fewer.
    time : str
        Time of day by which it is always out, there.
    zone : str
        Where: a place such as America/New_York, whose daylight saving holds.
    after : duration, months or "0"
        From a value's stamp to its release, at least: ``7d``, or ``1mo`` of a month that is stamped on its first day.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    weekday: Annotated[Weekday | None, Field(exclude_if=lambda weekday: weekday is None)] = None
    # What was hashed before there were months must hash alike.
    day: Annotated[int | None, Field(ge=1, le=31, exclude_if=lambda day: day is None)] = None
    time: Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    zone: Zone
    after: Wait

    @model_validator(mode="after")
    def _dated(self) -> Self:
        if (self.weekday is None) == (self.day is None):
            raise ValueError("weekday: name the weekday of the release, or its day: of the month; write one of them")
        return self

    @property
    def least_ms(self) -> int:
        """Milliseconds from a stamp to its release, at least."""
        months = self._months
        return 28 * DAY * months if months else 0 if self.after == "0" else to_period_ms(self.after)

    @property
    def most_ms(self) -> int:
        """Milliseconds that no release takes longer."""
        least = 0 if self.after == "0" else to_period_ms(self.after)
        return least + (WEEK if self.weekday else LONGEST_MONTH) + MOST_CLOSED

    @property
    def _months(self) -> int:
        return 0 if self.after == "0" else count_months(to_period_ms(self.after))

    @property
    def says(self) -> str:
        """The calendar in a few words."""
        when = f"each {self.weekday.capitalize()}" if self.weekday else f"on day {self.day} of each month"
        return f"{when} at {self.time} {self.zone} for stamps {self.after} or more before"

    @property
    def spelling(self) -> str:
        """The calendar as a dataset file has it."""
        when = f"weekday: {self.weekday}" if self.weekday else f"day: {self.day}"
        return f'{{{when}, time: "{self.time}", zone: {self.zone}, after: {self.after}}}'

    def find_moments(self, stamps: "NDArray[int64]") -> "NDArray[int64]":
        """Find when values of some stamps are published, shape (n,), ms UTC, never decreasing where stamps do not."""
        import numpy as np
        from pandas.tseries.holiday import USFederalHolidayCalendar

        if not len(stamps):
            return stamps
        days = np.array([self.find_day(stamp) for stamp in stamps.tolist()], "datetime64[D]")
        closed = USFederalHolidayCalendar().holidays(str(days.min()), str(days.max() + np.timedelta64(MOST_CLOSED // DAY * 2)))
        working = np.busday_offset(days, 0, roll="forward", holidays=closed.to_numpy().astype("datetime64[D]"))
        return np.array([self._moment(day) for day in working.tolist()], np.int64)

    def find_day(self, stamp: int) -> date:
        """Find the day, there, on which a value is due, were it no holiday."""
        least = add_months(stamp, self._months) if self._months else stamp + self.least_ms
        day = datetime.fromtimestamp(least / 1000, UTC).astimezone(ZoneInfo(self.zone)).date()
        due = self._find_due(day)
        return due if self._moment(due) >= least else self._find_due(due + timedelta(days=1))

    def _find_due(self, day: date) -> date:
        """Find the first day of a release from a day on."""
        if self.weekday:
            return day + timedelta(days=(WEEKDAYS.index(self.weekday) - day.weekday()) % len(WEEKDAYS))
        assert self.day is not None
        due = _clip(day.year, day.month, self.day)
        return due if due >= day else _clip(day.year + day.month // 12, day.month % 12 + 1, self.day)

    def find_earlier(self, other: "Publication", first: str) -> str | None:
        """Find a stamp, each a week after the first, that this calendar takes for out before it is by the other; say when."""
        for stamp in range(moment(first), moment(first) + SAMPLE * WEEK, WEEK):
            mine, theirs = self.find_day(stamp), other.find_day(stamp)
            # On another day than the other's, this release does not move with a holiday of that day.
            least = other._moment(theirs if mine == theirs else theirs + timedelta(days=1))
            if self._moment(mine) < least:
                return f"{iso(stamp)} for out at {iso(self._moment(mine))}, and it may be so at {iso(least)}"
        return None

    def _moment(self, day: date) -> int:
        """Convert a day's release to ms UTC; the later one where clocks have that time twice or never."""
        at = datetime.combine(day, time.fromisoformat(self.time), ZoneInfo(self.zone))
        return max(int(at.replace(fold=fold).timestamp()) for fold in (0, 1)) * 1000


def _clip(year: int, month: int, day: int) -> date:
    """Make a date, of a day that the month does not have its last."""
    return date(year, month, min(day, monthrange(year, month)[1]))
