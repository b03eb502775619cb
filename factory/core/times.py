"""Moments and durations. Inside the factory both are integer milliseconds, UTC."""

import re
from calendar import monthrange
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator

UNITS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
MINUTE, HOUR, DAY = UNITS["m"], UNITS["h"], UNITS["d"]
DAYS_A_YEAR = 365
"""What yearly figures are scaled by, everywhere: these markets trade every day."""

MONTHS = {1: 31, 2: 62, 3: 92, 4: 123, 6: 184, 12: DAYS_A_YEAR + 1}
"""Days that so many months last at most, of the numbers of months that divide a year, the last of them a leap year."""

_MONTHS = re.compile(r"([1-9][0-9]?)mo\Z")
_DURATION = re.compile(r"([1-9][0-9]{0,8})(ms|s|m|h|d|w)\Z")
_EPOCH, _MS = datetime(1970, 1, 1, tzinfo=UTC), timedelta(milliseconds=1)


def to_ms(duration: str) -> int:
    """Convert a duration such as ``"5m"`` or ``"30d"`` to milliseconds.

    Raises
    ------
    ValueError
        If it is not a whole positive number with one of ms, s, m, h, d, w.
    """
    match = _DURATION.match(duration)
    if not match:
        raise ValueError(f"'{duration}' is not a duration; write a whole number and a unit, such as 5m, 4h or 30d")
    return int(match[1]) * UNITS[match[2]]


def to_duration(ms: int) -> str:
    """Write milliseconds as the shortest duration that is exact: 300000 is ``"5m"``."""
    for unit in ("w", "d", "h", "m", "s"):
        if ms >= UNITS[unit] and ms % UNITS[unit] == 0:
            return f"{ms // UNITS[unit]}{unit}"
    return f"{ms}ms"


def canonical_duration(text: str) -> str:
    """Rewrite a duration in its one canonical spelling: ``"60m"`` becomes ``"1h"``."""
    return to_duration(to_ms(text))


Duration = Annotated[str, AfterValidator(canonical_duration)]


def to_period_ms(period: str) -> int:
    """Convert a period, a duration or months such as ``"1mo"``, to milliseconds.

    Of months it is a millisecond more than they last at most, by which :func:`count_months` knows them: no row is further from
    the next, and no whole number of days is taken for months.

    Raises
    ------
    ValueError
        If it is neither.
    """
    match = _MONTHS.match(period)
    if not match:
        return to_ms(period)
    if int(match[1]) not in MONTHS:
        raise ValueError(f"'{period}' is no part of a year; write {', '.join(f'{count}mo' for count in MONTHS)}")
    return MONTHS[int(match[1])] * DAY + 1


def count_months(period: int) -> int:
    """Count the months of a period in milliseconds, 0 of one that is a duration."""
    return next((count for count, days in MONTHS.items() if period == days * DAY + 1), 0)


def spell_period(period: int) -> str:
    """Write a period in milliseconds as a dataset file has it."""
    months = count_months(period)
    return f"{months}mo" if months else to_duration(period)


Period = Annotated[str, AfterValidator(lambda text: spell_period(to_period_ms(text)))]


def add_months(ms: int, count: int) -> int:
    """Move a moment by some months, UTC; from a day that the month there does not have to its last."""
    at = _EPOCH + timedelta(milliseconds=ms)
    year, month = divmod(at.year * 12 + at.month - 1 + count, 12)
    return (at.replace(year=year, month=month + 1, day=min(at.day, monthrange(year, month + 1)[1])) - _EPOCH) // _MS


def moment(text: str) -> int:
    """Convert an ISO date, or an ISO time with its zone, to milliseconds since 1970.

    Parameters
    ----------
    text : str
        ``"2024-07-01"`` (midnight UTC) or ``"2024-07-01T12:00:00Z"``.

    Raises
    ------
    ValueError
        If it cannot be read, or has a time of day and no zone.
    """
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"'{text}' is not a date; write 2024-07-01 or 2024-07-01T12:00:00Z") from None
    if parsed.tzinfo is None:
        if len(text) > len("2024-07-01"):
            raise ValueError(f"'{text}' has no time zone; add Z for UTC")
        parsed = parsed.replace(tzinfo=UTC)
    return (parsed - _EPOCH) // _MS


def iso(ms: int) -> str:
    """Write a moment as ISO text: the date alone at midnight, else to the second or millisecond, with Z."""
    at = _EPOCH + timedelta(milliseconds=int(ms))
    if ms % DAY == 0:
        return at.strftime("%Y-%m-%d")
    seconds = at.strftime("%Y-%m-%dT%H:%M:%S")
    return f"{seconds}.{ms % 1000:03d}Z" if ms % 1000 else f"{seconds}Z"


def now_ms() -> int:
    """Return the present moment in milliseconds since 1970."""
    return (datetime.now(UTC) - _EPOCH) // _MS
