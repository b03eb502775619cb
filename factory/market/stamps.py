"""Stamps as people write them, turned into milliseconds since 1970. Nothing is guessed that could shift a time."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy import bool_, int64
from numpy.typing import NDArray

from factory.core.errors import DataError
from factory.core.times import DAY, HOUR
from factory.market.questions import Question

SECOND, MILLI, MICRO, NANO = (10**8, 10**11), (10**11, 10**14), (10**14, 10**17), (10**17, 2**63 - 1)
"""Sizes of a stamp in each unit, from 1973 on."""
WORD_ZONE = r"^(?P<body>.*[0-9.])\s*(?P<zone>[Zz]|[Uu][Tt][Cc]|[Gg][Mm][Tt])$"
ZONE_WORD = re.compile(r"\s*(Z|UTC|GMT)$", re.IGNORECASE)
OFFSET_ZONE = r"^(?P<body>.*:[0-9.]+)\s*(?P<zone>[+-][0-9]{2}(?::?[0-9]{2})?)$"
YEAR, MONTH, DAY_OF, CLOCK = "(19|20)[0-9]{2}", "(0[1-9]|1[0-2])", "(0[1-9]|[12][0-9]|3[01])", "([01][0-9]|2[0-3])[0-5][0-9]"
COMPACT_DATE = f"^{YEAR}{MONTH}{DAY_OF}$"
COMPACT_TIME = f"^{YEAR}{MONTH}{DAY_OF}{CLOCK}([0-5][0-9])?$"
NUMBER = r"^[0-9]+([.][0-9]*)?([eE][+]?[0-9]+)?$"
REWRITTEN = (
    (r"^([0-9]{4})([0-9]{2})([0-9]{2})[ T_]?([0-9]{2}):?([0-9]{2})$", r"\1-\2-\3 \4:\5:00"),
    (r"^([0-9]{4})([0-9]{2})([0-9]{2})[ T_]?([0-9]{2}):?([0-9]{2}):?([0-9]{2}([.,][0-9]+)?)$", r"\1-\2-\3 \4:\5:\6"),
    (r"^([0-9]{4})[./-]([0-9]{1,2})[./-]([0-9]{1,2})(.*)$", r"\1-0\2-0\3\4"),
)
"""Spellings of a date with its year first, and the one they are made."""
DAY_OR_MONTH = r"^([0-9]{1,2})[./-]([0-9]{1,2})[./-]([0-9]{4})(.*)$"
HALF_DAYS = ("%Y-%m-%d %I:%M:%S %p", "%Y-%m-%d %I:%M %p", "%Y-%m-%d %I-%p", "%Y-%m-%d %I %p")
ISO = "2024-07-01T12:00:00Z"
ASK_ZONE = "say which they are in with source: {zone: UTC}, or a place such as {zone: Europe/Berlin}"
ASK_FORMAT = "say how it is written with source: {format: ...}, such as '%d/%m/%Y %H:%M'"

Place = Callable[[int], str]


@dataclass(frozen=True)
class Stamping:
    """What is known of a file's stamps beside their cells.

    Parameters
    ----------
    name : str
        Of the file.
    place : callable
        How a person finds a row, by its number from 1.
    period : int
        Milliseconds from row to row.
    zone : str or None
        Of stamps without one, where a person said it or the column's name does.
    format : str or None
        How they are written, where a person said it.
    """

    name: str
    place: Place
    period: int
    zone: str | None = None
    format: str | None = None


def parse_stamps(column: pa.ChunkedArray, told: Stamping) -> tuple[NDArray[int64], tuple[str, ...]]:
    """Parse the stamp of each row, ms since 1970, and note what a person should know of how they were read.

    Raises
    ------
    DataError
        Naming the row and what is wrong with its stamp, or asking for what the file does not tell.
    """
    if column.null_count:
        raise DataError(f"{told.place(_first(pc.is_null(column)))}: no stamp; every row needs one")
    kind = column.type
    if pa.types.is_timestamp(kind):
        if kind.tz is None:
            return _zoned(column.cast(pa.timestamp("ms"), safe=False).to_numpy(), told, str(column[0])), ()
        return _array(column.cast(pa.timestamp("ms", kind.tz), safe=False).cast(pa.int64())), ()
    if pa.types.is_date(kind):
        return _array(column.cast(pa.timestamp("ms")).cast(pa.int64())), ()
    if pa.types.is_integer(kind):
        return _epochs(_array(column.cast(pa.int64())), told)
    if pa.types.is_floating(kind):
        return _epochs(np.rint(column.to_numpy()).astype(int64), told)
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        raise DataError(f"{told.name}: stamps of type {kind} are not read; use UTC times or milliseconds since 1970")
    return _texts(pc.utf8_trim_whitespace(column), told)


def joined(date: pa.ChunkedArray, time: pa.ChunkedArray) -> pa.ChunkedArray:
    """Join a date and a time of day that stand in two columns to one text."""
    hours = pc.utf8_trim_whitespace(time)
    if _all(hours, "^[0-9]+$"):
        hours = pc.utf8_lpad(hours, 4 if pc.max(pc.utf8_length(hours)).as_py() <= 4 else 6, "0")
    return pc.binary_join_element_wise(pc.utf8_trim_whitespace(date), hours, " ")


def is_time_of_day(column: pa.ChunkedArray) -> bool:
    """Check whether a column of texts holds times of day and no moments."""
    return _all(column, r"^\s*[0-9]{1,2}:[0-9]{2}|^\s*[0-9]{1,6}\s*$")


def end_dates(time: NDArray[int64], zone: str) -> NDArray[int64]:
    """Move the moments that are dates to the end of their day in a zone, each row by itself; the others stay.

    A date is midnight there, or midnight UTC, as dates alone are read in any zone.
    """
    local = pd.DatetimeIndex(time.astype("datetime64[ms]")).tz_localize("UTC").tz_convert(zone).tz_localize(None)
    there = np.asarray(local.to_numpy().astype("datetime64[ms]").astype(int64))
    day = np.where(time % DAY == 0, time, there)
    dated = day % DAY == 0
    ends = pd.DatetimeIndex((day[dated] + DAY).astype("datetime64[ms]"))
    # Where clocks have a midnight twice or never, the later moment.
    ends = ends.tz_localize(zone, ambiguous=np.zeros(len(ends), bool), nonexistent="shift_forward").tz_convert("UTC")
    moved = time.copy()
    moved[dated] = ends.tz_localize(None).to_numpy().astype("datetime64[ms]").astype(int64)
    return moved


def _texts(texts: pa.ChunkedArray, told: Stamping) -> tuple[NDArray[int64], tuple[str, ...]]:
    if told.format is not None:
        return _formatted(texts, told.format, told), ()
    if _all(texts, COMPACT_DATE):
        return _dates(_rewritten(pc.replace_substring_regex(texts, "^(....)(..)(..)$", r"\1-\2-\3")), told), ()
    if _all(texts, COMPACT_TIME):
        return _written(texts, told), ()
    if _all(texts, "^[0-9]+$"):
        return _epochs(_integers(texts, told), told)
    if pc.match_substring_regex(texts, NUMBER)[0].as_py():
        return _decimals(texts, told)
    return _written(texts, told), ()


def _integers(texts: pa.ChunkedArray, told: Stamping) -> NDArray[int64]:
    long = pc.greater(pc.utf8_length(pc.utf8_ltrim(texts, "0")), 19)
    if pc.any(long).as_py():
        raise DataError(_no_epoch(told.place(_first(long))))
    return _array(texts.cast(pa.uint64()).cast(pa.int64(), safe=False))


def _decimals(texts: pa.ChunkedArray, told: Stamping) -> tuple[NDArray[int64], tuple[str, ...]]:
    """Parse numbers with decimals or powers of ten, as spreadsheets write them."""
    wrong = pc.invert(pc.match_substring_regex(texts, NUMBER))
    if pc.any(wrong).as_py():
        raise DataError(f"{told.place(_first(wrong))}: the stamp is no number, as those before it are; correct it")
    values = texts.cast(pa.float64()).to_numpy()
    seconds = (values >= SECOND[0]) & (values < SECOND[1])
    stamps = np.where(seconds, values * 1000, values)
    time, notes = _epochs(np.rint(stamps).astype(int64), told)
    short = pc.match_substring_regex(texts, "[eE]").to_numpy() & _is_blurred(time, told.period)
    if short.any():
        raise DataError(
            f"{told.place(int(np.argmax(short)) + 1)}: a spreadsheet shortened the stamp to a power of ten and its last "
            "digits are lost; format the column as a number without decimals and export it again"
        )
    return time, ("stamps in seconds",) if seconds.all() else notes


def _is_blurred(time: NDArray[int64], period: int) -> NDArray[bool_]:
    """Find rows that share their stamp with a neighbour, or are no whole number of periods from the one before."""
    steps = np.diff(time)
    wrong = (steps == 0) | (steps % period != 0)
    return np.concatenate(([False], wrong)) | np.concatenate((wrong, [False]))


def _epochs(values: NDArray[int64], told: Stamping) -> tuple[NDArray[int64], tuple[str, ...]]:
    """Convert seconds, milliseconds, microseconds or nanoseconds since 1970, told apart value by value."""
    units = {"seconds": SECOND, "milliseconds": MILLI, "microseconds": MICRO, "nanoseconds": NANO}
    size = {name: (values >= low) & (values < high) for name, (low, high) in units.items()}
    known = np.logical_or.reduce([*size.values()])
    if not known.all():
        raise DataError(_no_epoch(told.place(int(np.argmin(known)) + 1)))
    time = np.select([*size.values()], [values * 1000, values, values // 1000, values // 1_000_000])
    rare = tuple(f"stamps in {name}" for name in ("seconds", "nanoseconds") if size[name].any())
    return time, rare


def _no_epoch(where: str) -> str:
    return f"{where}: the stamp is neither seconds, milliseconds, microseconds nor nanoseconds since 1970; correct it"


def _written(texts: pa.ChunkedArray, told: Stamping) -> NDArray[int64]:
    """Parse dates and times of day; dates alone are midnight UTC."""
    bodies, zones = _split_zones(texts)
    iso = _rewritten(_year_first(bodies, told))
    if _all(iso, r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"):
        return _dates(iso, told)
    return _at_zones(_parsed(iso, told), zones, told, texts[0].as_py())


def _at_zones(naive: NDArray[Any], zones: pa.ChunkedArray, told: Stamping, first: str) -> NDArray[int64]:
    """Convert times from the zones that stand behind them, or from the one that was said where none does."""
    kinds = pc.unique(zones).to_pylist()
    if kinds == [None]:
        return _zoned(naive, told, first)
    if len(kinds) > 1:
        other = pc.not_equal(pc.fill_null(zones, ""), kinds[0] or "")
        raise DataError(f"{told.place(_first(other))}: stamps with mixed time zones; write all of them with Z for UTC")
    return naive.astype("datetime64[ms]").astype(int64) - _offset(kinds[0])


def _split_zones(texts: pa.ChunkedArray) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    """Split texts into what stands before the zone, and the zone.

    That is ``Z`` however it is spelt, ``+hh:mm``, or null.
    """
    word, offset = pc.extract_regex(texts, WORD_ZONE), pc.extract_regex(texts, OFFSET_ZONE)
    bodies = pc.coalesce(pc.struct_field(word, "body"), pc.struct_field(offset, "body"), texts)
    named = pc.if_else(pc.is_valid(pc.struct_field(word, "zone")), "Z", None)
    zones = pc.replace_substring(pc.struct_field(offset, "zone"), ":", "")
    zones = pc.if_else(pc.match_substring_regex(zones, r"^[+-]00(00)?$"), "Z", zones)
    return bodies, pc.coalesce(named.cast(pa.string()), zones)


def _offset(zone: str) -> int:
    if zone == "Z":
        return 0
    minutes = int(zone[1:3]) * 60 + int(zone[3:5] or 0)
    return (-1 if zone[0] == "-" else 1) * minutes * 60_000


def _year_first(bodies: pa.ChunkedArray, told: Stamping) -> pa.ChunkedArray:
    """Turn round dates that end in their year, where a day above 12 tells which is the month."""
    matches = pc.match_substring_regex(bodies, DAY_OR_MONTH)
    if not pc.all(matches).as_py():
        return bodies
    first, second = (
        pc.greater(pc.replace_substring_regex(bodies, DAY_OR_MONTH, rf"\{group}").cast(pa.int64()), 12) for group in (1, 2)
    )
    is_day_first, is_month_first = pc.any(first).as_py(), pc.any(second).as_py()
    if is_day_first == is_month_first:
        if is_day_first:
            raise DataError(f"{told.place(_first(second))}: day and month stand the other way round; write all alike")
        raise Question(
            "format", f"{told.place(1)}: day or month may come first in the stamp", ASK_FORMAT, example := bodies[0].as_py(),
            _day_formats(example),
        )  # fmt: skip
    return pc.replace_substring_regex(bodies, DAY_OR_MONTH, r"\3-\2-\1\4" if is_day_first else r"\3-\1-\2\4")


def _day_formats(text: str) -> tuple[str, ...]:
    """Write the two formats that a stamp may have whose date ends in its year; none where its time of day is spelt rarely."""
    date = re.match(r"[0-9]{1,2}([./-])[0-9]{1,2}[./-][0-9]{4}", text)
    clocks = {r"": "", r" [0-9]{1,2}:[0-9]{2}": " %H:%M", r" [0-9]{1,2}:[0-9]{2}:[0-9]{2}": " %H:%M:%S"}
    clock = next((form for pattern, form in clocks.items() if date and re.fullmatch(pattern, text[date.end() :])), None)
    if date is None or clock is None:
        return ()
    return tuple(f"{date[1].join(order)}{clock}" for order in (("%d", "%m", "%Y"), ("%m", "%d", "%Y")))


def _rewritten(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    for pattern, spelling in REWRITTEN:
        texts = pc.replace_substring_regex(texts, pattern, spelling)
    return pc.replace_substring_regex(texts, r"^([0-9]{4})-0?([0-9]{2})-0?([0-9]{2})", r"\1-\2-\3")


def _parsed(texts: pa.ChunkedArray, told: Stamping) -> NDArray[Any]:
    """Parse moments without zone of ISO texts, or of those with AM and PM."""
    series = texts.to_pandas()
    stamps = pd.to_datetime(series, format="ISO8601", errors="coerce")
    if stamps.isna().all():
        tried = (pd.to_datetime(series, format=format, errors="coerce") for format in HALF_DAYS)
        stamps = next((one for one in tried if not one.isna().all()), stamps)
    return _whole(stamps, told)


def _formatted(texts: pa.ChunkedArray, format: str, told: Stamping) -> NDArray[int64]:
    """Parse stamps by a format; a zone behind them may be in it, or stand beyond it."""
    if "%z" in format:
        stamps = pd.to_datetime(texts.to_pandas(), format=format, errors="coerce", utc=True)
        return _whole(stamps.dt.tz_localize(None), told).astype("datetime64[ms]").astype(int64)
    bodies, zones = _split_zones(texts)
    stamps = pd.to_datetime(bodies.to_pandas(), format=ZONE_WORD.sub("", format), errors="coerce")
    return _at_zones(_whole(stamps, told), zones, told, texts[0].as_py())


def _whole(stamps: pd.Series, told: Stamping) -> NDArray[Any]:
    wrong = stamps.isna().to_numpy()
    if wrong.any():
        what = "not as source.format says; correct one of them" if told.format else f"no ISO time such as {ISO}; {ASK_FORMAT}"
        raise DataError(f"{told.place(int(np.argmax(wrong)) + 1)}: the stamp is {what}")
    return stamps.to_numpy()


def _dates(texts: pa.ChunkedArray, told: Stamping) -> NDArray[int64]:
    time = _parsed(texts, told).astype("datetime64[ms]").astype(int64)
    again = np.flatnonzero(np.diff(time) == 0)
    if told.period < DAY and len(again):
        raise DataError(
            f"{told.place(int(again[0]) + 2)}: the date of the row before and no time of day; "
            "name the columns of both with source: {columns: {date: ..., time: ...}}"
        )
    return time


def _zoned(naive: NDArray[Any], told: Stamping, first: str) -> NDArray[int64]:
    """Convert times without a zone from the one that was said; refuse an hour that clocks have twice."""
    local = naive.astype("datetime64[ms]").astype(int64)
    if twice := _repeated_hour(local, told):
        raise DataError(f"{told.name}: {twice}; write the stamps in UTC, or leave that hour out")
    if told.zone is None:
        raise Question("zone", f"{told.name}: stamps without a time zone", ASK_ZONE, first, ("UTC",))
    localised = pd.DatetimeIndex(naive.astype("datetime64[ms]")).tz_localize(told.zone, ambiguous="NaT", nonexistent="NaT")
    wrong = np.asarray(localised.isna())
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(
            f"{told.place(row + 1)}: the hour of {_hour(int(local[row]))} is there twice or never in {told.zone}, where clocks "
            "are changed; write the stamps in UTC, or leave that hour out"
        )
    return np.asarray(localised.tz_convert("UTC").tz_localize(None).to_numpy().astype("datetime64[ms]").astype(int64))


def _repeated_hour(local: NDArray[int64], told: Stamping) -> str:
    """Say what is to be said of the hour that clocks had twice, where rows step back by just that; else nothing."""
    steps = np.diff(local)
    if (steps < 0).sum() > (steps > 0).sum():
        steps = -steps
    usual = int(np.median(np.abs(steps))) if len(steps) else HOUR
    back = np.flatnonzero(steps == usual - HOUR)
    if usual >= HOUR or not len(back):
        return ""
    row = int(back[0]) + 1
    where, hour = told.place(row + 1), _hour(int(local[row]))
    return f"{where} steps back to {hour}, an hour that is there twice, as where clocks are set back"


def _hour(local: int) -> str:
    return f"{datetime.fromtimestamp(local // 1000 // 3600 * 3600, tz=UTC):%Y-%m-%d %H:00}"


def _all(texts: pa.ChunkedArray, pattern: str) -> bool:
    return all(pc.all(pc.match_substring_regex(some, pattern)).as_py() for some in (texts.slice(0, 1), texts))


def _first(hits: pa.ChunkedArray) -> int:
    """Find the number of the first row, from 1."""
    return int(pc.index(pc.fill_null(hits, False), True).as_py()) + 1


def _array(column: pa.ChunkedArray) -> NDArray[int64]:
    values: NDArray[int64] = column.to_numpy()
    return values
