"""Lists of trials, best first, newest first and by idea, without reading the rows that are not shown."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Select, func, select

from factory.ledger.rows import Entry, read
from factory.storage.schema import BOARD, LEDGER

_BEST_FIRST = (BOARD.c.unjudged, BOARD.c.sharpe.desc().nulls_last(), BOARD.c.seq.desc())


@dataclass(frozen=True, slots=True)
class Idea:
    """The trials of one idea on one dataset.

    Parameters
    ----------
    name : str
        What it predicts, on what clock.
    trials, judged : int
        How many there are, and those with an interval of the mean net.
    highest : float or None
        Greatest upper end of those intervals; None where there is none.
    """

    name: str
    trials: int
    judged: int
    highest: float | None


def list_trials(
    connection: Connection, datasets: Sequence[str], page: int, size: int, *, best: bool
) -> tuple[list[Entry], int]:
    """List one page of the trials with figures on some datasets, best or newest first, and count them all."""
    within = BOARD.c.dataset.in_(datasets)
    order = _BEST_FIRST if best else (BOARD.c.seq.desc(),)
    chosen = select(BOARD.c.seq).where(within).order_by(*order).limit(size).offset((page - 1) * size)
    total = connection.execute(select(func.count()).select_from(BOARD).where(within)).scalar_one()
    return _entries(connection, chosen), total


def find_best(connection: Connection, dataset: str, idea: str | None = None) -> Entry | None:
    """Find the best trial of a dataset, or of one idea there; None where there is none."""
    within: list[ColumnElement[bool]] = [BOARD.c.dataset == dataset]
    if idea is not None:
        within.append(BOARD.c.idea == idea)
    entries = _entries(connection, select(BOARD.c.seq).where(*within).order_by(*_BEST_FIRST).limit(1))
    return entries[0] if entries else None


def list_ideas(connection: Connection, dataset: str, page: int, size: int) -> tuple[list[Idea], int]:
    """List one page of the ideas tried on a dataset, those with most trials first, and count them all."""
    trials = func.count().label("trials")
    grouped = select(BOARD.c.idea, trials, func.count(BOARD.c.mean_high), func.max(BOARD.c.mean_high))
    grouped = grouped.where(BOARD.c.dataset == dataset).group_by(BOARD.c.idea)
    rows = connection.execute(grouped.order_by(trials.desc(), func.min(BOARD.c.seq)))
    ideas = [Idea(*row) for row in rows]
    return ideas[(page - 1) * size : page * size], len(ideas)


def _entries(connection: Connection, chosen: Select[tuple[int]]) -> list[Entry]:
    """Read the rows of the ledger that some rows of the board stand for, in their order."""
    wanted = list(connection.execute(chosen).scalars())
    rows = {row.seq: row for row in connection.execute(select(LEDGER).where(LEDGER.c.seq.in_(wanted)))}
    return [read(rows[seq]) for seq in wanted if seq in rows]
