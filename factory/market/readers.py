"""Read rows from CSV, Parquet and archives of one CSV. Nothing is guessed that could shift a time or a price."""

import gzip
import re
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy import float64, int64
from numpy.typing import NDArray

from factory.core.errors import DataError, did_you_mean
from factory.market.files import Download, Files
from factory.market.numerals import parse_numbers
from factory.market.raw_rows import RawRows
from factory.market.series_kinds import series_kind
from factory.market.series_kinds.base import Header
from factory.market.series_spec import SeriesSpec
from factory.market.sources import PROVIDERS
from factory.market.stamps import Stamping, is_time_of_day, joined, parse_stamps
from factory.market.texts import TextTable, open_text

STAMPS = ("timestamp", "time", "open_time", "unix", "unix_timestamp", "unix_time", "epoch", "date", "datetime", "calc_time")
"""Names of a column of stamps, first come first; with ``utc`` or ``gmt`` in the name, stamps without a zone are in that."""
UTC_WORD = re.compile(r"(?<![a-z])(utc|gmt)(?![a-z])")
TEXTS = (".csv", ".txt", ".tsv")
NAMED = 12
"""Columns that a line lists."""


@dataclass(frozen=True)
class Choice:
    """Which columns of a file are read.

    Parameters
    ----------
    stamps : tuple of str
        The column of stamps, or those of date and time of day, as the file has them.
    zone : str or None
        ``UTC`` where the column's name says so.
    columns : mapping of str to str
        What a column is called in the file, by its name here.
    """

    stamps: tuple[str, ...]
    zone: str | None
    columns: Mapping[str, str]


def read_files(paths: Sequence[Path], spec: SeriesSpec) -> RawRows:
    """Read and join the files of one series.

    Parameters
    ----------
    paths : sequence of Path
        ``.csv`` (``.txt``, ``.tsv``, each also with ``.gz``), ``.parquet`` or ``.zip`` holding one CSV.
    spec : SeriesSpec
        Bars need open, high, low, close and volume, and bring the order-flow
        columns they have; values bring all columns, which must be numbers.

    Returns
    -------
    RawRows
        Files in the order of their first stamps.

    Raises
    ------
    DataError
        For an empty, truncated or wrongly-columned file, and for what can be read in two ways: then with the key of the
        dataset file that says in which.
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
    return RawRows(
        np.concatenate([frame.time for frame in frames]),
        {name: np.concatenate([frame.columns[name] for frame in frames]) for name in names},
        tuple((frame.files[0][0], int(start)) for frame, start in zip(frames, starts, strict=False)),
        frozenset().union(*(frame.turned for frame in frames)),
        tuple(chain(*(frame.notes for frame in frames))),
        above={name: lines for frame in frames for name, lines in frame.above.items()},
    )


def _read(path: Path, spec: SeriesSpec) -> RawRows:
    try:
        if path.is_dir():
            raise DataError(f"{path.name}: a folder; name the files in it")
        if not path.stat().st_size:
            raise DataError(f"{path.name}: empty; download it again")
        frame = _read_parquet(path, spec) if path.suffix.lower() == ".parquet" else _read_text(path, spec)
    except (zipfile.BadZipFile, EOFError, zlib.error, gzip.BadGzipFile):
        raise DataError(f"{path.name}: cannot be unpacked: truncated, half-downloaded or no archive; get it again") from None
    except OSError as error:
        raise DataError(f"{path.name}: {(error.strerror or 'cannot be read').lower()}; name a file that can be read") from None
    return _turn_oldest_first(_scale(frame, spec))


def _scale(frame: RawRows, spec: SeriesSpec) -> RawRows:
    """Multiply columns by the units that the dataset file names."""
    units = spec.source.units if isinstance(spec.source, Files) else {}
    for name in units:
        if name not in frame.columns:
            raise DataError(f"source.units: no column '{name}'; {did_you_mean(name, frame.columns)}")
    columns = {name: values * units[name] if name in units else values for name, values in frame.columns.items()}
    return replace(frame, columns=columns)


def _turn_oldest_first(frame: RawRows) -> RawRows:
    """Turn rows round where a file has its newest first."""
    if len(frame) < 2 or frame.time[0] <= frame.time[-1] or (np.diff(frame.time) > 0).any():
        return frame
    name = frame.files[0][0]
    columns = {column: values[::-1] for column, values in frame.columns.items()}
    notes = (*frame.notes, f"{name}: newest row first, turned round")
    return RawRows(frame.time[::-1], columns, frame.files, frozenset((name,)), notes, above=frame.above)


def _read_parquet(path: Path, spec: SeriesSpec) -> RawRows:
    try:
        table = pq.read_table(path)
    except pa.ArrowInvalid:
        raise DataError(f"{path.name}: truncated, half-downloaded or of another format than Parquet; get it again") from None
    if not table.num_rows:
        raise DataError(f"{path.name}: no rows; export it again")
    labels = [name.strip() for name in table.column_names]
    choice = _choose_columns(path.name, spec, labels)
    cells = table.rename_columns([name.lower() for name in labels])
    columns = {name: _to_numbers(path.name, name, cells[held]) for name, held in choice.columns.items()}
    time, notes = _read_stamps(path.name, spec, choice, cells, lambda row: f"{path.name} row {row}")
    return RawRows(time, columns, ((path.name, 0),), notes=notes)


def _to_numbers(file: str, name: str, column: pa.ChunkedArray) -> NDArray[float64]:
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        raise DataError(f"{file}: column '{name}' does not hold numbers; correct it or leave it out")
    values: NDArray[float64] = column.cast(pa.float64()).to_numpy()
    return values


def _read_text(path: Path, spec: SeriesSpec) -> RawRows:
    asked = (spec.source.time or "", *spec.source.columns.values()) if isinstance(spec.source, Files) else ()
    table = open_text(path.name, _unpack(path), {*STAMPS, *(name.lower() for name in asked)} - {""})
    labels = table.labels or _name_columns(table, spec)
    choice = _choose_columns(path.name, spec, labels)
    lower = [label.lower() for label in labels]
    at = {name: lower.index(name) for name in (*choice.stamps, *choice.columns.values())}
    try:
        cells, columns = _read_cells(table, spec, choice, at)
        time, notes = _read_stamps(path.name, spec, choice, cells, table.place)
    except DataError:
        table.refuse_broken_rows()
        raise
    notes = (*(f"{path.name}: {note}" for note in table.notes), *notes)
    above = {path.name: table.above} if table.has_a_line_a_row(len(time)) else {}
    return RawRows(time, columns, ((path.name, 0),), notes=notes, above=above)


def _unpack(path: Path) -> bytes:
    """Read what the text file holds, out of its archive."""
    suffix = path.suffix.lower()
    if suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if len(names) != 1 or not names[0].lower().endswith(TEXTS):
                raise DataError(f"{path.name}: holds {len(names)} files; a Binance archive holds one .csv")
            return archive.read(names[0])
    if suffix == ".gz" and Path(path.stem).suffix.lower() in TEXTS:
        return gzip.decompress(path.read_bytes())
    if suffix not in TEXTS:
        raise DataError(
            f"{path.name}: '{path.suffix}' is not read; use .csv, .csv.gz, .parquet or a Binance .zip, finished downloads only"
        )
    return path.read_bytes()


def _name_columns(table: TextTable, spec: SeriesSpec) -> tuple[str, ...]:
    """Name the columns of a file without a header.

    As the provider lays them out whose files have that many.
    """
    source = spec.source
    asked = [PROVIDERS[source.use]] if isinstance(source, Download) else [*PROVIDERS.values()]
    fitting = {provider.layout for provider in asked if len(provider.layout) == table.width}
    if len(fitting) == 1:
        return fitting.pop()
    columns = ",".join(series_kind(spec.kind).columns or ("value",))
    known = {f"{provider.title}'s {len(provider.layout)}": None for provider in PROVIDERS.values() if provider.layout}
    raise DataError(
        f"{table.name}: {table.width} columns and no header; add one as the first line, such as timestamp,{columns} or "
        f"date,time,{columns} ({', '.join(known)} need none)"
    )


def _read_cells(
    table: TextTable, spec: SeriesSpec, choice: Choice, at: Mapping[str, int]
) -> tuple[dict[str, pa.ChunkedArray], dict[str, NDArray[float64]]]:
    """Read the columns of stamps as texts, by their names in the file, and the others as numbers, by ours."""
    decimal = spec.source.decimal if isinstance(spec.source, Files) else None
    numbers, places = [at[held] for held in choice.columns.values()], [*at.values()]
    if table.separator == "," and decimal is None:
        try:
            cells = table.read(places, numbers)
        except pa.ArrowInvalid:
            pass
        else:
            columns = {name: cells[str(at[held])].to_numpy() for name, held in choice.columns.items()}
            return {held: cells[str(at[held])] for held in choice.stamps}, columns
    try:
        cells = table.read(places, ())
    except pa.ArrowInvalid:
        table.refuse_broken_rows()
        raise DataError(f"{table.name}: holds letters that are not UTF-8; save it as UTF-8") from None
    texts = {name: cells[str(at[held])] for name, held in choice.columns.items()}
    columns = parse_numbers(texts, decimal, table.separator != ",", table.place)
    return {held: cells[str(at[held])] for held in choice.stamps}, columns


def _read_stamps(
    file: str, spec: SeriesSpec, choice: Choice, cells: pa.Table | Mapping[str, pa.ChunkedArray], place: Callable[[int], str]
) -> tuple[NDArray[int64], tuple[str, ...]]:
    """Parse the stamps of the rows, and note how they were read."""
    source = spec.source if isinstance(spec.source, Files) else None
    zone, form = (source.zone, source.format) if source else (None, None)
    told = Stamping(file, place, spec.period_ms, zone or choice.zone, form)
    stamps = [cells[held] for held in choice.stamps]
    if len(stamps) == 2 and not (_is_text(stamps[0]) and _is_text(stamps[1]) and is_time_of_day(stamps[1])):
        stamps = stamps[1:]
    time, notes = parse_stamps(joined(*stamps) if len(stamps) == 2 else stamps[0], told)
    return time, tuple(f"{file}: {note}" for note in notes)


def _is_text(column: pa.ChunkedArray) -> bool:
    return bool(pa.types.is_string(column.type) or pa.types.is_large_string(column.type))


def _choose_columns(file: str, spec: SeriesSpec, labels: Sequence[str]) -> Choice:
    """Find the columns that a series needs among a file's."""
    held = {label.lower(): label for label in labels if label}
    if len(held) < sum(1 for label in labels if label):
        raise DataError(f"{file}: a column is there twice; keep one")
    source = spec.source if isinstance(spec.source, Files) else None
    named = {name: label.strip().lower() for name, label in source.columns.items()} if source else {}
    if not spec.counts_volume:
        del named["volume"]
        held.pop("volume", None)
    for label in named.values():
        if label not in held:
            raise DataError(f"{file}: no column '{label}', which source.columns names; {did_you_mean(label, held)}")
    view = {label: label for label in held if label not in named.values() and label not in named} | named
    stamps, zone = _choose_stamps(file, source.time if source else None, view)
    others = {name: label for name, label in view.items() if label not in stamps}
    own = {name: label for name, label in named.items() if label not in stamps}
    header = Header(file, held, own, others, spec.counts_volume)
    return Choice(stamps, zone, series_kind(spec.kind).choose_columns(header))


def _choose_stamps(file: str, asked: str | None, view: Mapping[str, str]) -> tuple[tuple[str, ...], str | None]:
    """Choose the column of stamps, or of dates and of times of day; find the zone that its name tells."""
    if asked is not None:
        name = asked.strip().lower()
        if name not in view:
            raise DataError(f"{file}: no column '{asked}'; {did_you_mean(name, view)}")
        return (view[name],), _find_zone(name)
    plain = {_plain_name(name): name for name in reversed([*view])}
    candidates = [plain[name] for name in STAMPS if name in plain]
    if not candidates:
        listed = ", ".join([*view][:NAMED]) + (", ..." if len(view) > NAMED else "")
        raise DataError(
            f"{file}: no column of stamps such as timestamp or date among {listed}; name it with source: {{time: ...}}"
        )
    if _plain_name(candidates[0]) == "time" and "date" in plain:
        return (view[plain["date"]], view[candidates[0]]), _find_zone(candidates[0]) or _find_zone(plain["date"])
    return (view[candidates[0]],), _find_zone(candidates[0])


def _find_zone(name: str) -> str | None:
    return "UTC" if UTC_WORD.search(name) else None


def _plain_name(name: str) -> str:
    """Rewrite a column's name as :data:`STAMPS` spells it; that of a column called by its zone alone is ``time``."""
    return re.sub(r"[^a-z0-9]+", "_", UTC_WORD.sub("", name)).strip("_") or ("time" if UTC_WORD.search(name) else name)
