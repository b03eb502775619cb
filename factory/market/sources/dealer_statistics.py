"""What the publishers of primary dealer statistics have in common: weekly values as of a Wednesday, in US dollars."""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from factory.core.errors import DataError
from factory.core.progress import Progress
from factory.core.times import iso
from factory.market.publication import Publication
from factory.storage.workspace import write_text

RELEASE = Publication(weekday="thursday", time="16:15", zone="America/New_York", after="7d")
"""Of the values as of a Wednesday."""

Values = Mapping[str, Decimal | None]
"""By their dates; None where one is suppressed."""


@dataclass(frozen=True)
class DealerStatistics(ABC):
    """One publisher of primary dealer statistics.

    Its files hold dollars, whatever it counts in, and each value as it was when it was first fetched: neither publisher
    keeps what a value was before it was revised.

    Parameters
    ----------
    name, command, title, about, page, symbols, example : str
        See :class:`~factory.market.sources.base.Provider`.
    """

    name: str
    command: str
    title: str
    about: str
    page: str
    symbols: str
    example: str
    kinds: tuple[str, ...] = ("values",)
    periods: tuple[str, ...] = ("1w",)
    layout: tuple[str, ...] = ("date", "value")
    unit: str = "US dollars"
    calendar: Publication = RELEASE
    least_delay: str = "10d"

    @abstractmethod
    def url(self, symbol: str) -> str:
        """Return the address of a series."""

    @abstractmethod
    def read(self, symbol: str, answer: Any) -> Values:
        """Read the values of a series, in dollars, from what was answered.

        Raises
        ------
        KeyError, TypeError, ValueError, ArithmeticError
            If it is not what the publisher documents.
        """

    def fetch(self, symbol: str, period: str, start_ms: int, folder: Path, progress: Progress) -> None:
        """Download the series whole; of values that are there already, those that were fetched first are kept."""
        from factory.market.sources.caller import Caller

        caller = Caller(f"{self.command} {symbol}")
        progress(0.0, symbol)
        with caller.client:
            text = caller.get(self.url(symbol)).text
        try:
            values = self.read(symbol, json.loads(text, parse_float=Decimal, parse_int=Decimal))
        except (KeyError, TypeError, ValueError, InvalidOperation) as error:
            raise DataError(f"{caller.who}: the answer is not what {self.page} says; try again later") from error
        target = folder / f"{symbol}.csv"
        held = _read_held(target)
        wanted = {day: value for day, value in values.items() if day >= iso(start_ms)[: len("2024-01-01")]}
        if not wanted and not held:
            raise DataError(f"{caller.who}: nothing was published since {iso(start_ms)}; check the symbol and --from")
        rows = {day: "" if value is None else f"{value:f}" for day, value in wanted.items()} | held
        lines = [",".join(self.layout), *(f"{day},{rows[day]}" for day in sorted(rows))]
        write_text(target, "\n".join(lines) + "\n", 0o600)
        progress(1.0, symbol)

    def find_files(self, folder: Path) -> list[Path]:
        """Find the one file of a series."""
        return sorted(folder.glob("*.csv"))


def read_day(text: Any) -> str:
    """Read the date of a value."""
    return date.fromisoformat(text).isoformat()


def read_number(cell: Any) -> Decimal:
    """Read a number that is finite."""
    number = Decimal(cell)
    if not number.is_finite():
        raise ValueError(f"'{cell}' is no number")
    return number


def _read_held(target: Path) -> dict[str, str]:
    """Read the cells of a file that was written before, by their dates."""
    if not target.exists():
        return {}
    _, *lines = target.read_text(encoding="utf-8").splitlines()
    return dict(line.split(",") for line in lines)
