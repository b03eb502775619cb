"""Read rows from CSV, Parquet and archives of one CSV. Nothing is guessed that could shift a time or a price."""

import gzip
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy import float64, int64
from numpy.typing import NDArray

from factory.core.errors import DataError, did_you_mean
from factory.core.times import DAY
from factory.market.bar_columns import PRICES
from factory.market.column_choice import STAMPS, Choice, choose_columns, name_columns
from factory.market.files import Files
from factory.market.numerals import parse_numbers, replace_words
from factory.market.raw_rows import RawRows, join_rows
from factory.market.series_kinds import series_kind
from factory.market.series_spec import SeriesSpec
from factory.market.stamps import Stamping, end_dates, is_time_of_day, joined, parse_stamps
from factory.market.texts import TextTable, open_text

TEXTS, PARQUET = (".csv", ".txt", ".tsv"), ".parquet"


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
    names = list(frames[0].columns)
    for frame in frames[1:]:
        missing = sorted(set(names) ^ set(frame.columns))
        if missing:
            raise DataError(f"{frame.files[0][0]}: column '{missing[0]}' is not in all files; use files of one kind")
    return join_rows(frames)


@dataclass(frozen=True)
class Beginning:
    """How a file begins.

    Parameters
    ----------
    labels : tuple of str
        Names of its columns; empty without a header.
    rows : tuple of tuple of str
        The cells of its first rows as the file has them.
    """

    labels: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def read_beginning(path: Path, rows: int, known: Set[str] = frozenset()) -> Beginning:
    """Read how a file begins, before anything is made of it.

    Parameters
    ----------
    path : Path
        As :func:`read_files` takes them.
    rows : int
        How many, at most.
    known : set of str
        Names, beside the usual ones, of which a header has at least one.

    Raises
    ------
    DataError
        For a file that is no table.
    """
    with _refusing_damage(path):
        if path.suffix.lower() == PARQUET:
            with _open_parquet(path) as file:
                batch = next(file.iter_batches(batch_size=rows), None)
                names = tuple(name.strip() for name in file.schema_arrow.names)
            cells = [[_spell(cell) for cell in column.to_pylist()] for column in batch.columns] if batch else []
            return Beginning(names, tuple(zip(*cells, strict=True)))
        table = open_text(path.name, _unpack(path), {*STAMPS, *PRICES, *(name.lower() for name in known)})
        return Beginning(table.labels, table.first_rows(rows))


def _spell(cell: object) -> str:
    return "" if cell is None else str(cell)


def _read(path: Path, spec: SeriesSpec) -> RawRows:
    with _refusing_damage(path):
        frame = _read_parquet(path, spec) if path.suffix.lower() == PARQUET else _read_text(path, spec)
    return _turn_oldest_first(_derive(_scale(frame, spec), spec))


@contextmanager
def _refusing_damage(path: Path) -> Iterator[None]:
    """Say what keeps a file from being read inside the block."""
    try:
        if path.is_dir():
            raise DataError(f"{path.name}: a folder; name the files in it")
        if not path.stat().st_size:
            raise DataError(f"{path.name}: empty; download it again")
        yield
    except (zipfile.BadZipFile, EOFError, zlib.error, gzip.BadGzipFile):
        raise DataError(f"{path.name}: cannot be unpacked: truncated, half-downloaded or no archive; get it again") from None
    except OSError as error:
        raise DataError(f"{path.name}: {(error.strerror or 'cannot be read').lower()}; name a file that can be read") from None


def _derive(frame: RawRows, spec: SeriesSpec) -> RawRows:
    """Add the columns that the kind of series makes from those of the file."""
    return replace(frame, columns=series_kind(spec.kind).derive_columns(frame.columns))


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
    known = None if frame.known is None else frame.known[::-1]
    return replace(frame, time=frame.time[::-1], columns=columns, turned=frozenset((name,)), notes=notes, known=known)


def _read_parquet(path: Path, spec: SeriesSpec) -> RawRows:
    with _open_parquet(path) as file:
        table = file.read()
    if not table.num_rows:
        raise DataError(f"{path.name}: no rows; export it again")
    labels = [name.strip() for name in table.column_names]
    choice = choose_columns(path.name, spec, labels)
    place = f"{path.name} row {{}}".format
    cells = table.rename_columns([name.lower() for name in labels])
    words = series_kind(spec.kind).words
    texts = {name: replace_words(cells[held], words) for name, held in choice.columns.items() if _is_text(cells[held])}
    columns = {name: _to_numbers(path.name, name, cells[held]) for name, held in choice.columns.items() if name not in texts}
    decimal = spec.source.decimal if isinstance(spec.source, Files) else None
    columns |= parse_numbers(texts, decimal, False, place) if texts else {}
    time, known, notes = _read_moments(path.name, spec, choice, cells, place)
    columns = {name: columns[name] for name in choice.columns}
    return RawRows(time, columns, ((path.name, 0),), notes=notes, known=known)


@contextmanager
def _open_parquet(path: Path) -> Iterator[pq.ParquetFile]:
    try:
        with pq.ParquetFile(path) as file:
            yield file
    except pa.ArrowInvalid:
        raise DataError(f"{path.name}: truncated, half-downloaded or of another format than Parquet; get it again") from None


def _to_numbers(file: str, name: str, column: pa.ChunkedArray) -> NDArray[float64]:
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type) or pa.types.is_decimal(column.type)):
        raise DataError(f"{file}: column '{name}' does not hold numbers; correct it or leave it out")
    values: NDArray[float64] = column.cast(pa.float64()).to_numpy()
    return values


def _read_text(path: Path, spec: SeriesSpec) -> RawRows:
    asked = (spec.source.time or "", *spec.source.columns.values()) if isinstance(spec.source, Files) else ()
    table = open_text(path.name, _unpack(path), {*STAMPS, *(name.lower() for name in asked)} - {""})
    labels = table.labels or name_columns(path.name, table.width, spec)
    choice = choose_columns(path.name, spec, labels)
    lower = [label.lower() for label in labels]
    at = {name: lower.index(name) for name in (*choice.moments, *choice.columns.values())}
    try:
        cells, columns = _read_cells(table, spec, choice, at)
        time, known, notes = _read_moments(path.name, spec, choice, cells, table.place)
    except DataError:
        table.refuse_broken_rows()
        raise
    notes = (*(f"{path.name}: {note}" for note in table.notes), *notes)
    above = {path.name: table.above} if table.has_a_line_a_row(len(time)) else {}
    return RawRows(time, columns, ((path.name, 0),), notes=notes, above=above, known=known)


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
            return {held: cells[str(at[held])] for held in choice.moments}, columns
    try:
        cells = table.read(places, ())
    except pa.ArrowInvalid:
        table.refuse_broken_rows()
        raise DataError(f"{table.name}: holds letters that are not UTF-8; save it as UTF-8") from None
    words = series_kind(spec.kind).words
    texts = {name: replace_words(cells[str(at[held])], words) for name, held in choice.columns.items()}
    columns = parse_numbers(texts, decimal, table.separator != ",", table.place)
    return {held: cells[str(at[held])] for held in choice.moments}, columns


def _read_moments(
    file: str, spec: SeriesSpec, choice: Choice, cells: pa.Table | Mapping[str, pa.ChunkedArray], place: Callable[[int], str]
) -> tuple[NDArray[int64], NDArray[int64] | None, tuple[str, ...]]:
    """Parse the stamps of the rows and, where the file tells, when they were published; note how they were read."""
    source = spec.source if isinstance(spec.source, Files) else None
    zone, form = (source.zone, source.format) if source else (None, None)
    told = Stamping(file, place, spec.period_ms, zone or choice.zone, form)
    stamps = [cells[held] for held in choice.stamps]
    if len(stamps) == 2 and not (_is_text(stamps[0]) and _is_text(stamps[1]) and is_time_of_day(stamps[1])):
        stamps = stamps[1:]
    time, notes = parse_stamps(joined(*stamps) if len(stamps) == 2 else stamps[0], told)
    known = None
    if choice.published:
        known, _ = parse_stamps(cells[choice.published], replace(told, period=DAY))
        ended = end_dates(known, told.zone or "UTC")
        if not np.array_equal(ended, known):
            known, notes = ended, (*notes, f"dates of publication count from their end, {told.zone or 'UTC'}")
    return time, known, tuple(f"{file}: {note}" for note in notes)


def _is_text(column: pa.ChunkedArray) -> bool:
    return bool(pa.types.is_string(column.type) or pa.types.is_large_string(column.type))
