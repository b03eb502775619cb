"""Bars on disk, a CSV file a month, and which stretches of time were fetched: so that a fetch goes on where one stopped."""

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path

from factory.core.times import iso
from factory.market.bar_columns import BARS
from factory.storage.workspace import write_text

FETCHED = "fetched.json"
HEADER = ",".join(("timestamp", *BARS))

Bar = Sequence[float | None]
"""Open, high, low, close and volume; None where the source tells none."""
Stretch = tuple[int, int]
"""First moment, and the moment after the last, ms UTC."""


class MonthlyFiles:
    """The files of one symbol at one period.

    Parameters
    ----------
    folder : Path
        Theirs alone; exists.
    stem : str
        What their names begin with.
    """

    def __init__(self, folder: Path, stem: str) -> None:
        self._folder = folder
        self._stem = stem
        self._stretches = self._read_stretches()

    @property
    def is_empty(self) -> bool:
        """Whether no bar was ever written."""
        return not self._stretches

    def list_missing(self, first: int, before: int) -> list[Stretch]:
        """List the stretches inside [first, before) that were not fetched yet, in order."""
        missing = []
        for start, end in self._stretches:
            if first < min(start, before):
                missing.append((first, min(start, before)))
            first = max(first, end)
        return [*missing, (first, before)] if first < before else missing

    def add(self, bars: Mapping[int, Bar], first: int, before: int) -> None:
        """Write bars by their opens, then that [first, before) was fetched; a bar that is there already is replaced."""
        for month, times in groupby(sorted(bars), key=lambda at: iso(at)[: len("2024-01")]):
            path = self._folder / f"{self._stem}-{month}.csv"
            lines = _read_lines(path) | {at: _write_line(at, bars[at]) for at in times}
            write_text(path, "\n".join([HEADER, *(lines[at] for at in sorted(lines)), ""]), 0o600)
        self._stretches = _merge([*self._stretches, (first, before)])
        told = {"stretches": self._stretches, "files": sorted(path.name for path in self._folder.glob("*.csv"))}
        write_text(self._folder / FETCHED, json.dumps(told), 0o600)

    def _read_stretches(self) -> list[Stretch]:
        """Read what was fetched; nothing where a file of it is gone or what was written down is damaged."""
        try:
            told = json.loads((self._folder / FETCHED).read_text(encoding="utf-8"))
            whole = all((self._folder / name).is_file() for name in told["files"])
            return _merge((int(first), int(before)) for first, before in told["stretches"]) if whole else []
        except (OSError, ValueError, TypeError, KeyError):
            return []


def _merge(stretches: Iterable[Stretch]) -> list[Stretch]:
    """Join the stretches that meet."""
    merged: list[Stretch] = []
    for first, before in sorted(stretches):
        if merged and first <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(before, merged[-1][1]))
        else:
            merged.append((first, before))
    return merged


def _read_lines(path: Path) -> dict[int, str]:
    """Read the rows of a file by their stamps; none where there is no file yet."""
    if not path.exists():
        return {}
    return {int(line.partition(",")[0]): line for line in path.read_text(encoding="utf-8").splitlines()[1:]}


def _write_line(at: int, bar: Bar) -> str:
    return ",".join([str(at), *("" if cell is None else repr(float(cell)) for cell in bar)])
