"""What came of each search or attack: a line of text, kept so that none is run twice and any table can be printed again."""

import csv
import io
import os
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

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

    @property
    def key(self) -> tuple[object, ...]:
        """What the line is about."""
        return self.edge, self.index, self.trials, self.n

    def certified(self, rule: str) -> bool | None:
        """Return what a rule said; None where it was not asked."""
        mark = self.marks[list(RULES).index(rule)]
        return None if mark == "-" else mark == "1"


@dataclass(frozen=True)
class Attacked:
    """One adversary on one market.

    Parameters
    ----------
    agent, kind, index : str, str, int
        Who, and where.
    seconds : float
        That it took, without drawing the market.
    tried, clean : int
        Pipelines that it scored on validation, and those that looked worth a look there.
    looks : str
        P pass, F fail, r refused, in order; refused by the plan alone, p where the exam would have passed it, f where not.
    net : float
        True mean net payoff a decision of what was examined last, NaN where it is not known.
    pipeline : str
        Name of what was examined last.
    why : str
        The last refusal, or what failed; empty after a pass.
    """

    agent: str
    kind: str
    index: int
    seconds: float
    tried: int
    clean: int
    looks: str
    net: float
    pipeline: str
    why: str

    @property
    def key(self) -> tuple[object, ...]:
        """What the line is about."""
        return self.agent, self.kind, self.index

    @property
    def certified(self) -> bool:
        """Whether it got a certificate."""
        return "P" in self.looks

    @property
    def spent(self) -> int:
        """Looks."""
        return sum(self.looks.count(mark) for mark in "PF")

    @property
    def passed(self) -> bool:
        """Whether the exam passed, or would have passed, anything, whatever was planned."""
        return "P" in self.looks.upper()


Line = TypeVar("Line", Judged, Attacked)


def read(path: Path, kind: type[Line]) -> list[Line]:
    """Read what is kept: whole lines, of those about one search or attack the last."""
    if not path.exists():
        return []
    names = [one.name for one in fields(kind)]
    lines = csv.reader(path.read_text(encoding="utf-8")[: _whole(path)].splitlines())
    rows = [
        kind(*(_typed(one.type, cell) for one, cell in zip(fields(kind), cells, strict=True)))
        for cells in lines if cells != names
    ]  # fmt: skip
    return list({one.key: one for one in rows}.values())


def append(path: Path, lines: Sequence[Line]) -> None:
    """Keep the lines of one market, that of its whole search last; half a line that a killed run left goes."""
    if not lines:
        return
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if not path.exists():
        writer.writerow([one.name for one in fields(lines[0])])
    writer.writerows(astuple(one) for one in lines)
    with path.open("a", encoding="utf-8", newline="") as file:
        file.truncate(_whole(path))
        file.write(text.getvalue())
        file.flush()
        os.fsync(file.fileno())


def _whole(path: Path) -> int:
    """Count the bytes up to the end of the last whole line; the text is ASCII."""
    return path.read_bytes().rfind(b"\n") + 1


def _typed(kind: object, cell: str) -> Any:
    return {"float": float, "int": int}.get(getattr(kind, "__name__", str(kind)), str)(cell)
