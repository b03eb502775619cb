"""Tables and lists laid out for a width: a name or an id is never cut, columns give way instead."""

import csv
import io
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from factory.core.quoting import terminal_line, terminal_text
from server.mcp.tool_commands import QUOTED

SPARE = (
    *("parent", "auc", "sharpe_error", "sides", "tokens", "limit"),
    *("changed", "win_rate", "break_even", "trades", "deflated", "return"),  # a win rate never without its break-even
)
"""Columns that give way first, in this order; then the last ones do."""
KEPT = ("pipeline", "name", "dataset", "sharpe", "log_loss", "trials", "says", "stale")
"""Columns beside the first that never give way: what commands are given, what tables are sorted by, what they conclude."""
PROSE = 14
"""Characters within which a cell of several words may be folded."""
BLANKS = 2
"""Between two columns."""
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""First characters by which a spreadsheet takes text for a formula."""

Rows = Mapping[str, Any]
"""``columns``, and ``rows`` as lists of cells."""


def is_table(value: Any) -> bool:
    """Check whether a part of an answer is a table."""
    return isinstance(value, Mapping) and "columns" in value and "rows" in value


def plain(answer: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the values of an answer that stand in no table, by the path of their names."""
    for name, value in answer.items():
        if is_table(answer) and name in ("columns", "rows"):
            continue
        if not isinstance(value, Mapping):
            yield f"{prefix}{name}", value
        elif not is_table(value):
            yield from plain(value, f"{prefix}{name}.")


def tables(answer: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Rows]]:
    """Yield the tables within an answer, by the path of their names; the answer itself has none."""
    if is_table(answer) and not prefix:
        yield "", answer
    for name, value in answer.items():
        if is_table(value):
            yield f"{prefix}{name}", value
        elif isinstance(value, Mapping):
            yield from tables(value, f"{prefix}{name}.")


def spell(value: Any) -> str:
    """Write a value as it is read: lists with commas."""
    return ", ".join(spell(item) for item in value) if isinstance(value, list) else str(value)


def grid(table: Rows, width: int | None) -> tuple[Table, list[str], int]:
    """Lay a table out.

    Parameters
    ----------
    table : mapping
        Columns and rows.
    width : int or None
        Columns of the terminal; None: as many as are needed.

    Returns
    -------
    Table
        What fits.
    list of str
        Columns that do not.
    int
        The least width at which no word of it is cut.
    """
    columns = [terminal_line(str(column)) for column in table["columns"]]
    rows = [[terminal_line(spell(cell)) for cell in row] for row in table["rows"]]
    cells = [[column, *(row[place] for row in rows)] for place, column in enumerate(columns)]
    widths = [_least(one) for one in cells]
    shown = _fitting(columns, widths, width)
    laid = Table(box=None, header_style="bold", padding=(0, BLANKS, 0, 0))
    for place in shown:
        laid.add_column(Text(columns[place]), no_wrap=not _is_prose(cells[place]), min_width=widths[place])
    for row in rows:
        laid.add_row(*(Text(row[place]) for place in shown))
    hidden = [column for place, column in enumerate(columns) if place not in shown]
    return laid, hidden, _side_by_side(widths, shown)


def lines(values: Sequence[tuple[str, Any]], width: int | None) -> Iterator[Text]:
    """Lay names out beside their values; long values are folded between words, and what is quoted stands as it is."""
    indent = max((cell_len(name) for name, _ in values if not _is_quoted(name)), default=0) + BLANKS
    for name, value in values:
        if _is_quoted(name):
            yield Text.assemble((name, "bold"), "\n", terminal_text(spell(value)).rstrip("\n"))
            continue
        text = terminal_line(spell(value))
        room = max(width - indent, PROSE) if width else len(text) + 1
        folded = textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False)
        yield Text.assemble((name, "bold"), " " * (indent - cell_len(name)), f"\n{' ' * indent}".join(folded))


def comma_separated(answer: Mapping[str, Any]) -> str:
    """Write the table of an answer as CSV, the only one or its own; without one, its names and values."""
    pairs = list(tables(answer))
    if pairs and (len(pairs) == 1 or not pairs[0][0]):
        columns, rows = pairs[0][1]["columns"], pairs[0][1]["rows"]
    else:
        columns, rows = ["name", "value"], [[name, value] for name, value in plain(answer)]
        rows += [[f"{path}.{row[0]}.{column}", cell] for path, one in pairs for row in one["rows"]
                 for column, cell in zip(one["columns"][1:], row[1:], strict=True)]  # fmt: skip
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerows([columns, *([_cell(cell) for cell in row] for row in rows)])
    return written.getvalue().rstrip("\n")


def _cell(value: Any) -> Any:
    """Write a cell of CSV: empty where it is missing, and text that a spreadsheet would compute marked as text."""
    if value is None or value == "-":
        return ""
    if isinstance(value, list):
        return spell(value)
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def _is_quoted(name: str) -> bool:
    return name.rpartition(".")[2] in QUOTED


def _is_prose(cells: Sequence[str]) -> bool:
    return any(" " in cell for cell in cells)


def _least(cells: Sequence[str]) -> int:
    """Compute the least width of a column: a word is never cut."""
    whole, word = (max(map(cell_len, parts), default=0) for parts in (cells, [one for cell in cells for one in cell.split()]))
    return max(word, min(whole, PROSE)) if _is_prose(cells) else whole


def _side_by_side(widths: Sequence[int], shown: Sequence[int]) -> int:
    return sum(widths[place] + BLANKS for place in shown)


def _fitting(columns: Sequence[str], widths: Sequence[int], width: int | None) -> list[int]:
    """Choose the places of the columns that fit side by side, in order."""
    shown = list(range(len(columns)))
    kept = KEPT if "sharpe" in columns else (*KEPT, "auc")  # by which they are sorted where there is no Sharpe ratio
    yielding = [columns.index(name) for name in SPARE if name in columns]
    yielding += [place for place in reversed(shown) if place not in yielding]
    for place in yielding:
        if width is None or _side_by_side(widths, shown) <= width:
            break
        if place and columns[place] not in kept:
            shown.remove(place)
    return shown
