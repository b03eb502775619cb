"""Moments and durations. Inside the factory both are integer milliseconds, UTC."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator

UNITS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
MINUTE, HOUR, DAY = UNITS["m"], UNITS["h"], UNITS["d"]
DAYS_A_YEAR = 365
"""What yearly figures are scaled by, everywhere: these markets trade every day."""

_DURATION = re.compile(r"([1-9][0-9]{0,8})(ms|s|m|h|d|w)\Z")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


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
    return (parsed - _EPOCH) // timedelta(milliseconds=1)


def iso(ms: int) -> str:
    """Write a moment as ISO text: the date alone at midnight, else to the second or millisecond, with Z."""
    at = _EPOCH + timedelta(milliseconds=int(ms))
    if ms % DAY == 0:
        return at.strftime("%Y-%m-%d")
    seconds = at.strftime("%Y-%m-%dT%H:%M:%S")
    return f"{seconds}.{ms % 1000:03d}Z" if ms % 1000 else f"{seconds}Z"


def now_ms() -> int:
    """Return the present moment in milliseconds since 1970."""
    return (datetime.now(UTC) - _EPOCH) // timedelta(milliseconds=1)
