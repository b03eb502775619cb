"""The rows of the ledger as a person reads them: by page, of one kind or dataset, and counted."""

from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, func, select

from factory.ledger.rows import Entry, read
from factory.storage.schema import BOARD, LEDGER


class RowCount(NamedTuple):
    """How many rows there are of one kind.

    Parameters
    ----------
    kind : str
    dataset : str or None
        None for rows of no dataset.
    rows : int
    """

    kind: str
    dataset: str | None
    rows: int


class AgentCount(NamedTuple):
    """How many trials one agent made on one dataset.

    Parameters
    ----------
    agent, dataset : str
    trials : int
    newest : int
        Row of the newest.
    """

    agent: str
    dataset: str
    trials: int
    newest: int


def list_rows(connection: Connection, kind: str | None, dataset: str | None, page: int, size: int) -> list[Entry]:
    """List one page of rows, newest first, of one kind and dataset or of all."""
    wanted: list[ColumnElement[bool]] = []
    if kind is not None:
        wanted.append(LEDGER.c.kind == kind)
    if dataset is not None:
        wanted.append(LEDGER.c.dataset == dataset)
    # Numbers first: rows are long, and none is read that is not shown.
    shown = select(LEDGER.c.seq).where(*wanted).order_by(LEDGER.c.seq.desc()).limit(size).offset((page - 1) * size)
    query = select(LEDGER).where(LEDGER.c.seq.in_(shown)).order_by(LEDGER.c.seq.desc())
    return [read(row) for row in connection.execute(query)]


def count_rows(connection: Connection) -> list[RowCount]:
    """Count the rows by kind and dataset."""
    columns = LEDGER.c.kind, LEDGER.c.dataset
    query = select(*columns, func.count()).group_by(*columns).order_by(*columns)
    return [RowCount(*row) for row in connection.execute(query)]


def count_agents(connection: Connection, since: Mapping[tuple[str, str], AgentCount]) -> dict[tuple[str, str], AgentCount]:
    """Count the trials by agent and dataset, going on from earlier counts: rows never change, so none is read twice.

    Parameters
    ----------
    since : mapping of (agent, dataset) to AgentCount
        Of an earlier call; empty to count from the first row.
    """
    counts, last = dict(since), max((one.newest for one in since.values()), default=0)
    agent = func.json_extract(LEDGER.c.payload, "$.agent")
    query = select(LEDGER.c.dataset, agent, func.count(), func.max(LEDGER.c.seq))
    query = query.where(LEDGER.c.kind == "trial", LEDGER.c.seq > last, LEDGER.c.dataset.is_not(None))
    for dataset, name, trials, newest in connection.execute(query.group_by(LEDGER.c.dataset, agent)):
        key = str(name or "unknown"), str(dataset)
        before = counts[key].trials if key in counts else 0
        counts[key] = AgentCount(*key, before + trials, newest)
    return counts


def list_code_trials(connection: Connection) -> list[Entry]:
    """List the trials without figures, oldest first: an agent's own code that was given validation."""
    scored = select(BOARD.c.seq).where(BOARD.c.seq == LEDGER.c.seq).exists()
    query = select(LEDGER).where(LEDGER.c.kind == "trial", ~scored).order_by(LEDGER.c.seq)
    return [read(row) for row in connection.execute(query)]
