"""A table in a text file as people have it: its encoding, separator and header, and what is wrong with its rows."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from itertools import chain, islice, takewhile

import pyarrow as pa
import pyarrow.csv as pacsv

from factory.core.errors import DataError

SEPARATORS = ("\t", ";", "|", ",")
"""Those that may part cells; where two fit alike the first does, as a comma is also a decimal sign."""
SPOKEN = {"\t": "a tab", ";": "';'", "|": "'|'", ",": "','"}
HEAD, ABOVE = 65_536, 20
"""How many bytes and lines at the beginning are looked through for the header."""
EMPTY = (*pacsv.ConvertOptions().null_values, "None", "none", "NONE", "-", "--", "nil", "?", ".", "*")
"""Spellings of a cell that holds nothing."""
BOMS = (
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
OTHERS = (
    (rb"PK\x03\x04", "a zip archive or spreadsheet; save it as CSV, or name it .zip if it holds one .csv"),
    (rb"\x1f\x8b", "a gzip file; name it .csv.gz"),
    (rb"PAR1", "a Parquet file; name it .parquet"),
    (rb"<(!doctype|html|head|\?xml)", "a web page and no table; the address gave that in place of the file"),
    (rb"\{", "JSON and no table; save it as CSV"),
    (rb"\[", "JSON and no table; save it as CSV"),
)
"""What files are that are no table, by how they begin."""
NUMERIC = re.compile(r"[0-9][0-9.,:/+eEtTzZUCGM -]*")


@dataclass(frozen=True)
class TextTable:
    """A table in a text file.

    Parameters
    ----------
    name : str
        Of the file.
    raw : bytes
        Its text in UTF-8.
    separator : str
        Between cells.
    labels : tuple of str
        Names of the columns as the header has them; empty for a file without one.
    width : int
        Cells of a row.
    offset : int
        Byte at which the first row begins.
    above : int
        Lines above it.
    notes : tuple of str
        What a person should know of how it was read.
    """

    name: str
    raw: bytes
    separator: str
    labels: tuple[str, ...]
    width: int
    offset: int
    above: int
    notes: tuple[str, ...]

    def read(self, columns: Sequence[int], numbers: Sequence[int]) -> pa.Table:
        """Read some columns by position: as texts, or as numbers where all cells are plain ones.

        Raises
        ------
        pyarrow.ArrowInvalid
            If a row has another number of cells, or a cell of `numbers` is no plain number.
        """
        types = {str(place): pa.float64() if place in numbers else pa.string() for place in columns}
        return pacsv.read_csv(
            pa.BufferReader(pa.py_buffer(self.raw).slice(self.offset)),
            read_options=pacsv.ReadOptions(column_names=[str(place) for place in range(self.width)]),
            parse_options=pacsv.ParseOptions(delimiter=self.separator),
            convert_options=pacsv.ConvertOptions(
                include_columns=list(types), column_types=types, null_values=EMPTY, strings_can_be_null=True
            ),
        )

    def first_rows(self, most: int) -> tuple[tuple[str, ...], ...]:
        """Return the cells of the first rows, as far as the beginning of the file reaches."""
        end = self.offset + HEAD
        text = self.raw[self.offset : end if len(self.raw) <= end else self.raw.rfind(b"\n", self.offset, end) + 1]
        reader = csv.reader(io.StringIO(text.decode("utf-8", "replace"), newline=""), delimiter=self.separator)
        return tuple(tuple(cells) for cells in islice(filter(None, reader), most))

    def place(self, row: int) -> str:
        """Say how a person finds a row: ``btc.csv line 6, row 5``, rows from 1 below the header."""
        line = next((line for number, line, _ in self._rows() if number == row), None)
        return f"{self.name} line {line}, row {row}" if line else f"{self.name} row {row}"

    def has_a_line_a_row(self, rows: int) -> bool:
        """Check whether each of the table's rows has a line of its own: no blank lines between, no ends of lines in cells."""
        return self.raw.count(b"\n", self.offset) + (not self.raw.endswith(b"\n")) == rows

    def refuse_broken_rows(self) -> None:
        """Refuse the first row that is a header, is cut short, or has more or fewer cells than it should.

        Raises
        ------
        DataError
            If there is one.
        """
        for number, line, cells in self._rows():
            where = f"{self.name} line {line}, row {number}"
            if self._is_header(cells):
                raise DataError(f"{where}: a header again, as where files were joined; remove that line")
            if len(cells) < self.width and self._is_cut(line):
                raise DataError(f"{where}: ends inside a row, {len(cells)} cells of {self.width}; get the whole file")
            if len(cells) != self.width:
                raise DataError(f"{where}: {len(cells)} cells where the others have {self.width}; correct that line")

    def _rows(self) -> Iterator[tuple[int, int, list[str]]]:
        """Yield number, line in the file and cells of each row that is not blank."""
        text = self.raw[self.offset :].decode("utf-8", "replace")
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=self.separator)
        full = (cells for cells in reader if cells)
        try:
            for number, cells in enumerate(full, 1):
                yield number, self.above + reader.line_num, cells
        except csv.Error:
            line, most = self.above + reader.line_num, csv.field_size_limit()
            what = f"a cell of over {most:,} characters, as where a quote is not closed; correct it"
            raise DataError(f"{self.name} line {line}: {what}") from None

    def _is_header(self, cells: Sequence[str]) -> bool:
        plain = _lower(cells)
        if self.labels:
            return plain == [label.lower() for label in self.labels]
        return {"open", "high", "low", "close"} <= set(plain)

    def _is_cut(self, line: int) -> bool:
        return not is_ended(self.raw) and line == self.above + len(self.raw[self.offset :].splitlines())


def is_ended(raw: bytes) -> bool:
    """Check whether the last line has its end."""
    return raw.endswith((b"\n", b"\r"))


def labels_of(cells: Sequence[str]) -> list[str]:
    """Clean the names of columns in a header's cells of blanks, quotes and the brackets of MetaTrader."""
    return [re.sub(r"^<(.*)>$", r"\1", cell.strip().strip('"').strip()) for cell in cells]


def open_text(name: str, raw: bytes, known: Set[str]) -> TextTable:
    """Find a table's encoding, separator and header.

    Parameters
    ----------
    name : str
        Of the file.
    raw : bytes
        What it holds.
    known : set of str
        Names, in lower case, of which a header has at least one.

    Raises
    ------
    DataError
        If it holds no table, or no row below the header.
    """
    text, notes = _decoded(name, raw)
    lines = text[:HEAD].splitlines(keepends=True)
    if len(text) > HEAD and len(lines) == 1:
        raise DataError(f"{name} line 1: longer than {HEAD:,} bytes, which no header is; keep the columns that are needed")
    lines = lines[: max(1, len(lines) - (len(text) > HEAD))][:ABOVE]
    shown = [line.decode("utf-8", "replace").rstrip("\r\n") for line in lines]
    separator, width = _separator(name, shown)
    cells = [_split(line, separator) for line in shown]
    at = _header(cells, width, known)
    is_headless = _is_numeric(cells[at])
    again = 0 if is_headless else sum(1 for _ in takewhile(lambda row: row == cells[at], cells[at + 1 :]))
    above = at + again + (0 if is_headless else 1)
    table = TextTable(
        name, text, separator, () if is_headless else tuple(labels_of(cells[at])), len(cells[at]),
        sum(len(line) for line in lines[:above]), above, _notes(notes, separator, at, again, text),
    )  # fmt: skip
    if not re.compile(rb"\S").search(text, table.offset):
        raise DataError(f"{name}: no rows below the header; export it again")
    return table


def _notes(notes: list[str], separator: str, skipped: int, again: int, text: bytes) -> tuple[str, ...]:
    listed = list(notes)
    if separator != ",":
        listed.append(f"cells parted by {SPOKEN[separator]}")
    if skipped:
        listed.append(f"lines above the header left out: {skipped}")
    if again:
        listed.append("the header stands there twice")
    if not is_ended(text):
        listed.append("no newline after the last row, which is taken as whole")
    return tuple(listed)


def _decoded(name: str, raw: bytes) -> tuple[bytes, list[str]]:
    """Decode the text to UTF-8, and say what its encoding was if it was another."""
    for first, what in OTHERS:
        if re.match(rb"\s*" + first, raw, re.IGNORECASE):
            raise DataError(f"{name}: {what}")
    encoding = next((known for bom, known in BOMS if raw.startswith(bom)), None) or _unmarked(raw)
    if encoding is None:
        if b"\0" in raw:
            raise DataError(f"{name}: holds zero bytes, so it is no text or was written by half; get it again")
        return raw.removeprefix(b"\xef\xbb\xbf"), []
    try:
        text = raw.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError:
        raise DataError(f"{name}: ends inside a character of {encoding[:6].upper()}: half-downloaded; get it again") from None
    return text.encode("utf-8"), [f"{encoding[:6].upper()} text"]


def _unmarked(raw: bytes) -> str | None:
    """Detect UTF-16 without its mark: every other byte of a table's first letters is zero."""
    head = raw[:64]
    if len(head) < 8 or head.count(0) != len(head) // 2:
        return None
    return "utf-16-le" if not any(head[1::2]) else "utf-16-be" if not any(head[::2]) else None


def _separator(name: str, lines: Sequence[str]) -> tuple[str, int]:
    """Find what parts the cells of most lines into the same number, and that number."""
    best: tuple[int, str, int] = (0, "", 1)
    for separator in SEPARATORS:
        widths = Counter(len(_split(line, separator)) for line in lines if line.strip())
        width, count = max(((w, n) for w, n in widths.items() if w > 1), key=lambda pair: pair[1], default=(1, 0))
        if count > best[0]:
            best = count, separator, width
    if not best[1]:
        raise DataError(f"{name}: one column and no more; cells are parted by commas, semicolons, tabs or '|'")
    return best[1], best[2]


def _split(line: str, separator: str) -> list[str]:
    return next(csv.reader([line], delimiter=separator), [])


def _header(lines: Sequence[Sequence[str]], width: int, known: Set[str]) -> int:
    """Find the header's place, or the first row's of a file without one.

    What stands above it is no part of the table.
    """
    row = next((place for place, cells in enumerate(lines) if len(cells) > 1 and _is_numeric(cells)), len(lines))
    named = (place for place, cells in enumerate(lines[:row]) if len(cells) > 1 and known & {*_lower(cells)})
    alike = (place for place, cells in enumerate(lines[:row]) if len(cells) == width)
    return next(chain(named, alike, [row if row < len(lines) else 0]))


def _is_numeric(cells: Sequence[str]) -> bool:
    return bool(NUMERIC.fullmatch(cells[0].strip()))


def _lower(cells: Sequence[str]) -> list[str]:
    return [label.lower() for label in labels_of(cells)]
