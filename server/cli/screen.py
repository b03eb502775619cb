"""What people see: tables, and bars for long work."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from factory.progress import Progress as Report

BLOCKS = "▁▂▃▄▅▆▇█"
WIDE = 200
"""Columns of output that goes to a file or a pipe, where nothing needs to fold."""

SCREEN = Console(soft_wrap=True, width=None if sys.stdout.isatty() else WIDE)
ERRORS = Console(stderr=True)


def say(text: str) -> None:
    """Print a line as it is."""
    SCREEN.print(escape(text), highlight=False)


def show(answer: Mapping[str, Any]) -> None:
    """Print an answer of the workshop: its plain values as a list, its tables as tables."""
    if _is_table(answer):
        _print(_grid(answer))
    plain = Table.grid(padding=(0, 2))
    for name, value in _plain(answer):
        plain.add_row(f"[bold]{escape(name)}[/bold]", escape(_text(value)))
    if plain.row_count:
        _print(plain)
    for name, table in _tables(answer):
        SCREEN.print(f"\n[bold]{escape(name)}[/bold]")
        _print(_grid(table))


def curve(values: Sequence[float], width: int = 60) -> str:
    """A line of blocks that rises and falls with some values."""
    last, low, high = len(values) - 1, min(values, default=0.0), max(values, default=0.0)
    places = range(width) if len(values) > width else range(len(values))
    chosen = [values[round(place * last / max(len(places) - 1, 1))] for place in places]
    return "".join(BLOCKS[int((value - low) / ((high - low) or 1.0) * (len(BLOCKS) - 1))] for value in chosen)


def _print(table: Table) -> None:
    """Print a table without the blanks that fill its last column."""
    with SCREEN.capture() as captured:
        SCREEN.print(table)
    SCREEN.out("\n".join(line.rstrip() for line in captured.get().splitlines()), highlight=False)


@contextmanager
def bar(title: str) -> Iterator[Report]:
    """Show a progress bar on stderr while the block runs; gives what work reports to."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=ERRORS, transient=True) as shown:
        task = shown.add_task(escape(title), total=1.0)

        def report(share: float, what: str) -> None:
            shown.update(task, completed=share, description=escape(f"{title}: {what}"))

        yield report


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping) and "columns" in value and "rows" in value


def _plain(answer: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in answer.items():
        if _is_table(answer) and name in ("columns", "rows"):
            continue
        if not isinstance(value, Mapping):
            yield f"{prefix}{name}", value
        elif not _is_table(value):
            yield from _plain(value, f"{prefix}{name}.")


def _tables(answer: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, value in answer.items():
        if _is_table(value):
            yield f"{prefix}{name}", value
        elif isinstance(value, Mapping):
            yield from _tables(value, f"{prefix}{name}.")


def _grid(table: Mapping[str, Any]) -> Table:
    grid = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for column in table["columns"]:
        grid.add_column(escape(str(column)))
    for row in table["rows"]:
        grid.add_row(*(escape(_text(cell)) for cell in row))
    return grid


def _text(value: Any) -> str:
    return ", ".join(_text(item) for item in value) if isinstance(value, list) else str(value)
