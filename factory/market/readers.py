"""Read rows from CSV, Parquet and Binance archive zips. Nothing is guessed that could shift a time."""

import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from numpy import int64
from numpy.typing import NDArray

from factory.errors import DataError, did_you_mean
from factory.market.frames import BARS, Frame
from factory.market.spec import Files, SeriesSpec

FLOW = ("quote_volume", "number_of_trades", "taker_buy_volume", "taker_buy_quote_volume")
ALIASES = {"count": "number_of_trades"}
STAMPS = ("timestamp", "time", "open_time", "date", "datetime")
BINANCE = (
    "open_time",
    *BARS,
    "close_time",
    "quote_volume",
    "count",
    "taker_buy_volume",
    "taker_buy_quote_volume",
    "ignore",
)
"""Columns of a Binance kline file, which often lacks a header (FORMATS: archive klines)."""

MILLI = (10**11, 10**14)
MICRO = (10**14, 10**17)
ZONE = r"(?P<zone>Z|[+-][0-9]{2}:?[0-9]{2})$"


def read_files(paths: Sequence[Path], spec: SeriesSpec) -> Frame:
    """Read and join the files of one series.

    Parameters
    ----------
    paths : sequence of Path
        ``.csv``, ``.parquet`` or ``.zip`` holding one CSV.
    spec : SeriesSpec
        Bars need open, high, low, close and volume, and bring the order-flow
        columns they have; values bring all columns, which must be numbers.

    Returns
    -------
    Frame
        Files in the order of their first stamps.

    Raises
    ------
    DataError
        For an empty, truncated, half-downloaded or wrongly-columned file, and
        for stamps without a time zone or with several.
    """
    frames = sorted((_read(path, spec) for path in paths), key=lambda frame: int(frame.time[0]))
    if len(frames) == 1:
        return frames[0]
    names = list(frames[0].columns)
    for frame in frames[1:]:
        missing = sorted(set(names) ^ set(frame.columns))
        if missing:
            raise DataError(f"{frame.files[0][0]}: column '{missing[0]}' is not in all files; use files of one kind")
    starts = np.cumsum([0, *(len(frame) for frame in frames)])
    return Frame(
        np.concatenate([frame.time for frame in frames]),
        {name: np.concatenate([frame.columns[name] for frame in frames]) for name in names},
        tuple((frame.files[0][0], int(start)) for frame, start in zip(frames, starts, strict=False)),
    )


def _read(path: Path, spec: SeriesSpec) -> Frame:
    try:
        if not path.stat().st_size:
            raise DataError(f"{path.name}: empty; download it again")
        table = _table(path, spec)
    except (OSError, EOFError, zipfile.BadZipFile, pa.ArrowInvalid) as error:
        raise DataError(f"{path.name}: {_reason(error)}") from None
    if not table.num_rows:
        raise DataError(f"{path.name}: no rows; download it again")
    if len(set(table.column_names)) < table.num_columns:
        raise DataError(f"{path.name}: a column is there twice; keep one")
    stamp = _stamp_column(path, spec, table.column_names)
    wanted = _wanted(path, spec, [name for name in table.column_names if name != stamp])
    columns = {ALIASES.get(name, name): _numbers(path, name, table[name]) for name in wanted}
    return Frame(_stamps(path, table[stamp]), columns, ((path.name, 0),))


def _reason(error: Exception) -> str:
    """What a library says is wrong, without values and paths."""
    row = re.search(r"[Rr]ow #?([0-9]+)", str(error))
    at = f"row {row[1]}: " if row else ""
    return f"{at}cannot be read whole: truncated, half-downloaded or of another format; download it again"


def _table(path: Path, spec: SeriesSpec) -> pa.Table:
    if path.suffix == ".parquet":
        return _lower(pq.read_table(path))
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if len(names) != 1 or not names[0].endswith(".csv"):
                raise DataError(f"{path.name}: holds {len(names)} files; a Binance archive holds one .csv")
            return _csv(path, archive.read(names[0]), spec)
    if path.suffix == ".csv":
        return _csv(path, path.read_bytes(), spec)
    raise DataError(f"{path.name}: '{path.suffix}' is not read; use .csv, .parquet or a Binance .zip, finished downloads only")


def _lower(table: pa.Table) -> pa.Table:
    return table.rename_columns([name.strip().lower() for name in table.column_names])


def _csv(path: Path, raw: bytes, spec: SeriesSpec) -> pa.Table:
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    if not raw.endswith(b"\n"):
        raise DataError(f"{path.name}: ends inside a row: half-downloaded; download it again, or end it with a newline")
    first = raw[: raw.index(b"\n")].decode("utf-8", "replace").strip().split(",")
    headless = bool(re.fullmatch(r"[0-9.]+", first[0]))
    if headless and len(first) != len(BINANCE):
        raise DataError(f"{path.name}: {len(first)} columns and no header; add one (Binance's {len(BINANCE)} need none)")
    names = list(BINANCE) if headless else [name.strip().strip('"').lower() for name in first]
    stamp = _stamp_column(path, spec, names)
    numbers = _wanted(path, spec, [name for name in names if name != stamp])
    return pacsv.read_csv(
        pa.BufferReader(raw),
        read_options=pacsv.ReadOptions(column_names=names, skip_rows=0 if headless else 1),
        convert_options=pacsv.ConvertOptions(
            include_columns=[stamp, *numbers],
            column_types={stamp: pa.string(), **dict.fromkeys(numbers, pa.float64())},
            strings_can_be_null=True,
        ),
    )


def _stamp_column(path: Path, spec: SeriesSpec, names: Sequence[str]) -> str:
    asked = spec.source.time if isinstance(spec.source, Files) else None
    if asked is not None:
        if asked.lower() not in names:
            raise DataError(f"{path.name}: no column '{asked}'; {did_you_mean(asked, names)}")
        return asked.lower()
    for name in STAMPS:
        if name in names:
            return name
    raise DataError(f"{path.name}: no column of stamps ({', '.join(STAMPS)}); name it with source: {{time: ...}}")


def _wanted(path: Path, spec: SeriesSpec, names: Sequence[str]) -> list[str]:
    if spec.kind == "values":
        if not names:
            raise DataError(f"{path.name}: no column beside the stamps; a series of values needs one")
        return list(names)
    missing = [name for name in BARS if name not in names]
    if missing:
        raise DataError(f"{path.name}: no column '{missing[0]}'; bars need {', '.join(BARS)}")
    return [name for name in names if ALIASES.get(name, name) in (*BARS, *FLOW)]


def _numbers(path: Path, name: str, column: pa.ChunkedArray) -> NDArray[np.float64]:
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        raise DataError(f"{path.name}: column '{name}' does not hold numbers; correct it or leave it out")
    values: NDArray[np.float64] = column.cast(pa.float64()).to_numpy()
    return values


def _stamps(path: Path, column: pa.ChunkedArray) -> NDArray[int64]:
    if column.null_count:
        row = pc.index(pc.is_null(column), True).as_py() + 1
        raise DataError(f"{path.name} row {row}: no stamp; every row needs one")
    kind = column.type
    if pa.types.is_timestamp(kind):
        if kind.tz is None:
            raise DataError(f"{path.name}: stamps without a time zone; write them as UTC, or as epoch ms")
        return _array(column.cast(pa.timestamp("ms", kind.tz), safe=False).cast(pa.int64()))
    if pa.types.is_date(kind):
        return _array(column.cast(pa.timestamp("ms")).cast(pa.int64()))
    if pa.types.is_integer(kind):
        return _epochs(path, _array(column.cast(pa.int64())))
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        raise DataError(f"{path.name}: stamps of type {kind} are not read; use UTC times or milliseconds since 1970")
    if pc.all(pc.match_substring_regex(column, r"^[0-9]+$")).as_py():
        return _epochs(path, _array(column.cast(pa.int64())))
    return _texts(path, column)


def _array(column: pa.ChunkedArray) -> NDArray[int64]:
    values: NDArray[int64] = column.to_numpy()
    return values


def _epochs(path: Path, values: NDArray[int64]) -> NDArray[int64]:
    """Milliseconds or microseconds since 1970, told apart value by value."""
    micro = (values >= MICRO[0]) & (values < MICRO[1])
    milli = (values >= MILLI[0]) & (values < MILLI[1])
    if not (micro | milli).all():
        row = int(np.argmin(micro | milli)) + 1
        raise DataError(f"{path.name} row {row}: the stamp is neither milliseconds nor microseconds since 1970")
    return np.where(micro, values // 1000, values)


def _texts(path: Path, column: pa.ChunkedArray) -> NDArray[int64]:
    """ISO times with one and the same zone, or dates alone, which are midnight UTC."""
    if not pc.all(pc.match_substring_regex(column, r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")).as_py():
        zones = pc.unique(pc.struct_field(pc.extract_regex(column, ZONE), "zone")).to_pylist()
        if zones == [None]:
            raise DataError(f"{path.name}: stamps without a time zone; write them with Z for UTC, or as epoch ms")
        if len(zones) > 1:
            raise DataError(f"{path.name}: stamps with mixed time zones; write all of them with Z for UTC")
    try:
        parsed: Any = pd.to_datetime(column.to_pandas(), utc=True, format="ISO8601")
    except ValueError:
        raise DataError(f"{path.name}: a stamp is no ISO time such as 2024-07-01T12:00:00Z; correct it") from None
    return np.asarray(parsed.dt.tz_localize(None).to_numpy().astype("datetime64[ms]").astype(int64))
