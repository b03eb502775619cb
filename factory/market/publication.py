"""When a publisher publishes its values: the calendar of a series. Pure: what takes numpy is imported where it works."""

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated, Literal, get_args
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from factory.core.times import DAY, iso, moment, to_ms
from factory.market.spec_fields import Delay, Zone

if TYPE_CHECKING:
    from numpy import int64
    from numpy.typing import NDArray

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[str, ...] = get_args(Weekday)
WEEK = 7 * DAY
MOST_CLOSED = 4 * DAY
"""A weekend and a holiday before or after it, and an hour by which clocks change."""
SAMPLE = 53
"""Weeks over which two calendars are compared: a year has both halves of daylight saving."""


class Publication(BaseModel):
    """When the values of a series are published: the first such moment that lies `after` a value's stamp.

    A release on a Saturday, a Sunday or a federal holiday of the United States counts as out on the next working day.

    Parameters
    ----------
    weekday : str
        Day of the release.
    time : str
        Time of day by which it is always out, there.
    zone : str
        Where: a place such as America/New_York, whose daylight saving holds.
    after : duration or "0"
        From a value's stamp to its release, at least.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    weekday: Weekday
    time: Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    zone: Zone
    after: Delay

    @property
    def least_ms(self) -> int:
        """Milliseconds from a stamp to its release, at least."""
        return 0 if self.after == "0" else to_ms(self.after)

    @property
    def most_ms(self) -> int:
        """Milliseconds that no release takes longer."""
        return self.least_ms + WEEK + MOST_CLOSED

    @property
    def says(self) -> str:
        """The calendar in a few words."""
        return f"each {self.weekday.capitalize()} at {self.time} {self.zone} for stamps {self.after} or more before"

    @property
    def spelling(self) -> str:
        """The calendar as a dataset file has it."""
        return f'{{weekday: {self.weekday}, time: "{self.time}", zone: {self.zone}, after: {self.after}}}'

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
        least = stamp + self.least_ms
        day = datetime.fromtimestamp(least / 1000, UTC).astimezone(ZoneInfo(self.zone)).date()
        day += timedelta(days=(WEEKDAYS.index(self.weekday) - day.weekday()) % len(WEEKDAYS))
        return day if self._moment(day) >= least else day + timedelta(days=len(WEEKDAYS))

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
