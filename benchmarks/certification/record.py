"""What came of each search: a line of text, kept so that no search is run twice and any table can be printed again."""

import csv
import io
import os
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

RULES = {
    "psr": "best on validation, PSR 0.95 or more",
    "naive": "best on test of all trials, p < 0.05",
    "climb": "hill-climb on test, p < 0.05",
    "climb/N": "hill-climb on test, p < 0.05 / N",
    "peek": "a look at test at each improvement, p < 0.05",
    "ladder": "Ladder feedback, p < 0.05",
    "thresholdout": "Thresholdout feedback, p < 0.05",
    "protocol": "this protocol, five looks",
}
"""Titles of the rules, in the order of their marks in a line."""


@dataclass(frozen=True)
class Judged:
    """The first `n` trials of a search of one market.

    Parameters
    ----------
    edge, index : float, int
        The market.
    trials, n : int
        Of the whole search, and those that count here.
    seconds : float
        That the trials of the whole search took.
    marks : str
        One a rule of :data:`RULES`: 1 certified, 0 not, - not asked.
    looks : str
        P pass, F fail, r refused, in order.
    idea : str
        The best by validation, as the agent spells it.
    validation, sealed : float
        t of its mean net payoff a decision, there.
    true : float
        Its true win rate on sealed rows; NaN without a trade.
    """

    edge: float
    index: int
    trials: int
    n: int
    seconds: float
    marks: str
    looks: str
    idea: str
    validation: float
    sealed: float
    true: float

    def certified(self, rule: str) -> bool | None:
        """What a rule said; None where it was not asked."""
        mark = self.marks[list(RULES).index(rule)]
        return None if mark == "-" else mark == "1"


def read(path: Path) -> list[Judged]:
    """What is kept: whole lines, of those about one search the last."""
    if not path.exists():
        return []
    names = [one.name for one in fields(Judged)]
    lines = csv.reader(path.read_text(encoding="utf-8")[: _whole(path)].splitlines())
    found = [
        Judged(*(_typed(one.type, cell) for one, cell in zip(fields(Judged), cells, strict=True)))
        for cells in lines if cells != names
    ]  # fmt: skip
    return list({(one.edge, one.index, one.trials, one.n): one for one in found}.values())


def append(path: Path, found: list[Judged]) -> None:
    """Keep the lines of one market, that of its whole search last; half a line that a killed run left goes."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if not path.exists():
        writer.writerow([one.name for one in fields(Judged)])
    writer.writerows(astuple(one) for one in found)
    with path.open("a", encoding="utf-8", newline="") as file:
        file.truncate(_whole(path))
        file.write(text.getvalue())
        file.flush()
        os.fsync(file.fileno())


def _whole(path: Path) -> int:
    """Bytes up to the end of the last whole line; the text is ASCII."""
    return path.read_bytes().rfind(b"\n") + 1


def _typed(kind: object, cell: str) -> Any:
    return {"float": float, "int": int}.get(getattr(kind, "__name__", str(kind)), str)(cell)
