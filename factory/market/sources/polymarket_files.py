"""Files of Polymarket's windows: one a day, a line a window, a cell empty where nothing is known."""

import csv
import math
from collections.abc import Mapping
from pathlib import Path

from factory.market.sources.polymarket_answers import Market
from factory.storage.workspace import write_text

START = ("timestamp", "up", "quote_age", "fee", "minimum_size", "twap")
"""Columns that are known as a window starts."""
END = ("strike", "close", "outcome", "tick_at_close")
"""Columns that its end tells; so does the step of prices, which becomes finer once a price comes near 0 or 1."""
LAYOUT = (*START, *END, "up_token")
"""Columns of a line."""
WHOLE, OPEN = ".csv", "-open.csv"
"""How the name of a file ends: of a day whose windows all have an outcome, and of one that has some without."""

Row = dict[str, str]


def find_day_files(folder: Path) -> list[Path]:
    """Find the file of each day, sorted: the open one only where there is no whole one."""
    files = sorted(folder.glob("*.csv"))
    whole = {path.name for path in files if not path.name.endswith(OPEN)}
    return [path for path in files if path.name in whole or path.name.replace(OPEN, WHOLE) not in whole]


def make_row(start: int, market: Market, price: float, age: float) -> Row:
    """Write a window as the cells of its line, empty where nothing is known."""
    quoted = {"timestamp": str(start), "up": _write_number(price), "quote_age": _write_number(age)}
    told = {name: _write_number(getattr(market, name)) for name in (*START, *END) if name not in quoted}
    return {**quoted, **told, "up_token": market.up_token}


def _write_number(number: float) -> str:
    return "" if math.isnan(number) else repr(number)


def read_rows(path: Path) -> dict[int, Row]:
    """Read the lines of a day's file by their windows' starts; none where there is no such file."""
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        return {int(row["timestamp"]): row for row in csv.DictReader(file)}


def write_rows(path: Path, rows: Mapping[int, Row]) -> None:
    """Write a day's file whole or not at all; none where it would have no line."""
    if rows:
        lines = [",".join(LAYOUT), *(",".join(rows[start][name] for name in LAYOUT) for start in sorted(rows))]
        write_text(path, "".join(f"{line}\n" for line in lines), 0o600)
