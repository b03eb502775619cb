"""What people see: lines, tables and bars. All that is printed goes through here, so that no text moves the terminal."""

import codecs
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import StringIO, TextIOWrapper
from typing import Any, Literal

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Column
from rich.text import Text

from factory.core.progress import Progress as Report
from factory.core.quoting import terminal_line, terminal_text
from factory.core.settings import TerminalSettings
from server.cli.layout import comma_separated, grid, lines, plain, tables
from server.mcp.tool_commands import name_commands, name_commands_throughout

BLOCKS = "▁▂▃▄▅▆▇█"
SIMPLER = {
    **dict(zip(f"{BLOCKS}–—‘’“”·×µ", "_.-:=+*#--''\"\"-xu", strict=True)),
    **{"…": "...", "→": "->", "≤": "<=", "≥": ">=", "±": "+-"},
}
"""What stands for a character on a terminal that cannot show it; others are spelled out."""
PLAINLY = "plainly"
WIDE = 100_000
"""Columns where nothing needs to fold: in a file or a pipe."""
EVERY = 10.0
"""Seconds between two lines of progress that go to a file or a pipe."""

COLORS: Literal["auto"] | None = None if TerminalSettings.read().no_color else "auto"
"""For every console: without colours nothing is bold or dim either."""

SCREEN = Console(color_system=COLORS, soft_wrap=True, markup=False, emoji=False, highlight=False)
ERRORS = Console(color_system=COLORS, stderr=True, markup=False, emoji=False, highlight=False)
Form = Literal["text", "json", "csv"]
_form: Form = "text"


def print_as(form: Form) -> None:
    """Choose how answers are printed by this process."""
    global _form
    _form = form


def prints_text() -> bool:
    """Check whether answers are printed for people."""
    return _form == "text"


def conclude(words: str, answer: Mapping[str, Any]) -> None:
    """Print what was done in words for people, and as an answer where a program reads."""
    if prints_text():
        say(words)
    else:
        show(answer)


def degrade_plainly() -> None:
    """Let no character end a command, on whatever terminal it is printed."""
    codecs.register_error(PLAINLY, _simpler)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors=PLAINLY)


def say(text: str) -> None:
    """Print a line for people: beside an answer that a program reads, not among it."""
    console = SCREEN if _form == "text" else ERRORS
    console.print(Text(terminal_text(name_commands(text))), soft_wrap=True)


def quote(text: str) -> None:
    """Print what somebody wrote, as it is."""
    (SCREEN if _form == "text" else ERRORS).print(Text(terminal_text(text)), soft_wrap=True)


def fail(text: str) -> None:
    """Print what went wrong."""
    ERRORS.print(Text(terminal_text(name_commands(text)), style="red"), soft_wrap=True)


def show(answer: Mapping[str, Any], told_first: Mapping[str, str] | None = None) -> None:
    """Print an answer of the workshop: its plain values as a list, its tables as tables; or as JSON or CSV.

    Parameters
    ----------
    answer : mapping
        What is printed.
    told_first : mapping or None
        Paragraphs by title, printed before it; among it where a program reads.
    """
    if _form == "text":
        for title, words in (told_first or {}).items():
            say(f"{title}: {words}\n")
        return _show_text(name_commands_throughout(answer))
    told = name_commands_throughout({**(told_first or {}), **answer})
    if _form == "json":
        return SCREEN.out(json.dumps(told, indent=2))
    return SCREEN.out(comma_separated(told))


def curve(values: Sequence[float], width: int = 60) -> str:
    """Draw a line of blocks that rises and falls with some values."""
    last, low, high = len(values) - 1, min(values, default=0.0), max(values, default=0.0)
    places = range(width) if len(values) > width else range(len(values))
    chosen = [values[round(place * last / max(len(places) - 1, 1))] for place in places]
    return "".join(BLOCKS[int((value - low) / ((high - low) or 1.0) * (len(BLOCKS) - 1))] for value in chosen)


def draw_course(values: Sequence[float]) -> str:
    """Draw the course of a figure with its first, least, greatest and last value."""
    return f"{curve(values)}  {values[0]:.4g} to {values[-1]:.4g}, between {min(values):.4g} and {max(values):.4g}"


@contextmanager
def bar(title: str) -> Iterator[Report]:
    """Show progress on stderr while the block runs: a bar on a terminal, else a line now and then.

    Yields
    ------
    Progress
        What work reports to.
    """
    if not ERRORS.is_terminal:
        yield tell_now_and_then(title, time.monotonic)
        return
    columns = (
        TextColumn("{task.description}", markup=False, table_column=Column(overflow="ellipsis", no_wrap=True)),
        *(BarColumn(), TaskProgressColumn(), TimeElapsedColumn()),
    )
    with Progress(*columns, console=ERRORS, transient=True) as shown:
        task = shown.add_task(terminal_line(title), total=1.0)

        def report(share: float, what: str) -> None:
            shown.update(task, completed=share, description=terminal_line(f"{title}: {what}"))

        yield report


def tell_now_and_then(title: str, clock: Callable[[], float]) -> Report:
    """Make a report of work that prints a line each ten seconds of a clock, and none of what is done before."""
    due = clock() + EVERY

    def report(share: float, what: str) -> None:
        nonlocal due
        if clock() >= due:
            due = clock() + EVERY
            ERRORS.print(Text(terminal_line(f"{title}: {share:.0%}, {what}")), soft_wrap=True)

    return report


def width() -> int | None:
    """Return the number of columns to keep within; None where nobody asked for any."""
    return SCREEN.width if SCREEN.is_terminal or (TerminalSettings.read().columns or "").isdigit() else None


def _show_text(answer: Mapping[str, Any]) -> None:
    wide, values = width(), list(plain(answer))
    own = [table for path, table in tables(answer) if not path]
    for table in own:
        _print_table(table, wide)
    for line in lines(values, wide):
        SCREEN.print(line, soft_wrap=True)
    for path, table in tables(answer):
        if path:
            SCREEN.print(Text(f"\n{terminal_line(path)}", style="bold"))
            _print_table(table, wide)


def _print_table(table: Mapping[str, Any], wide: int | None) -> None:
    """Print a table without the blanks that fill its last column."""
    laid, hidden, least = grid(table, wide)
    paper = StringIO()  # A console keeps within its own width, also where a name needs more.
    room = WIDE if wide is None else max(wide, least)
    Console(file=paper, color_system=COLORS, width=room, force_terminal=SCREEN.is_terminal).print(laid)
    SCREEN.out("\n".join(line.rstrip() for line in paper.getvalue().splitlines()), highlight=False)
    if not table["rows"]:
        SCREEN.out("none", highlight=False)
    if hidden:
        say(f"too narrow for: {', '.join(hidden)}; a wider terminal, --csv or --json shows all")


def _simpler(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    signs = error.object[error.start : error.end]
    return "".join(SIMPLER.get(sign) or sign.encode("unicode_escape").decode("ascii") for sign in signs), error.end
