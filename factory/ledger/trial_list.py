"""One list of all trials: filtered, searched and sorted by any column of the board, and the families that they make."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, case, func, or_, select

from factory.core.errors import LedgerError
from factory.ledger.board_row import select_figures
from factory.ledger.rows import read
from factory.storage.schema import BOARD, FIGURES, LEDGER, TOTALS

FILTERS = ("dataset", "agent", "idea", "family", "probes", "contract")
"""Columns by which a list is filtered."""
SEARCHED = (BOARD.c.name, BOARD.c.pipeline, BOARD.c.why)
DEFLATED = "deflated"
_JUDGED = frozenset({*FIGURES, "gain", DEFLATED})
"""What ranks trials: by it the ruined and those with too few trades stand last, both ways."""
SORTED = ("seq", "name", "pipeline", "agent", "dataset", "contract", "idea", "family", "changed", "why", "probes", *_JUDGED)
"""Columns by which a list is sorted."""
ERRORS = 1.96
"""Standard errors beyond which a difference is one."""

TrialRow = dict[str, Any]
"""A trial's row of the board, with its number on its dataset under ``number`` and when it was made under ``at``."""


@dataclass(frozen=True, slots=True)
class TrialFilter:
    """Which trials a list holds.

    Parameters
    ----------
    equal : mapping of str to str
        By columns of :data:`FILTERS`.
    text : str
        What name, id or reason must hold, in letters of any case.
    """

    equal: Mapping[str, str] = field(default_factory=dict)
    text: str = ""


@dataclass(frozen=True, slots=True)
class TrialOrder:
    """In what order trials stand.

    Parameters
    ----------
    column : str
        Of :data:`SORTED`.
    descending : bool
    luck : mapping of str to float
        By dataset, in deviations of luck, what the best of its trials would show without an edge.
    """

    column: str
    descending: bool
    luck: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Family:
    """The trials that were changed, one from another, from one pipeline.

    Parameters
    ----------
    root : str
        Id of that pipeline.
    name : str
        Of the first of its trials.
    trials, agents, better : int
        Trials, who made them, and those better than their parent by more than :data:`ERRORS` errors.
    first, last : int
        When the first and the last were made, ms UTC.
    best : dict or None
        Row of the best, of those that can be judged.
    """

    root: str
    name: str
    trials: int
    agents: int
    better: int
    first: int
    last: int
    best: TrialRow | None


class TrialLink(NamedTuple):
    """What of a trial its family's tree is made of: columns of the board."""

    seq: int
    pipeline: str
    parent: str | None
    parent_seq: int | None
    gain: float | None
    gain_error: float | None
    sharpe: float | None
    unjudged: bool


def list_links(connection: Connection, family: str) -> list[TrialLink]:
    """List the trials of a family in the order in which they were made."""
    query = select(*(BOARD.c[name] for name in TrialLink._fields)).where(BOARD.c.family == family)
    return [TrialLink(*row) for row in connection.execute(query.order_by(BOARD.c.seq))]


def count_trials(connection: Connection, chosen: TrialFilter) -> int:
    """Count the trials of a list."""
    return int(connection.execute(select(func.count()).select_from(BOARD).where(*_conditions(chosen))).scalar_one())


def list_rows(
    connection: Connection, chosen: TrialFilter, order: TrialOrder, size: int | None = None, skip: int = 0
) -> list[int]:
    """List the rows of the ledger that a list of trials holds, in its order."""
    query = select(BOARD.c.seq).where(*_conditions(chosen)).order_by(*_ordering(order))
    return list(connection.execute(query.limit(size).offset(skip)).scalars())


def read_rows(connection: Connection, wanted: Sequence[int]) -> list[TrialRow]:
    """Read some trials of the board, in the order wanted.

    Raises
    ------
    LedgerError
        If a row of the ledger was edited, or the board's figures are not its own.
    """
    board = select(BOARD, TOTALS.c.trials.label("number")).join(TOTALS, TOTALS.c.seq == BOARD.c.seq)
    rows = {row.seq: row._asdict() for row in connection.execute(board.where(BOARD.c.seq.in_(wanted)))}
    for row in connection.execute(select(LEDGER).where(LEDGER.c.seq.in_(wanted))):
        entry = read(row)
        kept = rows[entry.seq]
        if any(kept[name] != value for name, value in select_figures(entry.payload).items()):
            raise LedgerError(f"ledger: figures of row {entry.seq} are not what it holds; run `rfcat ledger verify`")
        kept["at"] = entry.at
    return [rows[seq] for seq in wanted]


def count_values(connection: Connection, column: str) -> dict[str, int]:
    """Count the trials by a column of :data:`FILTERS`, the commonest value first."""
    value, trials = BOARD.c[column], func.count()
    query = select(value, trials).group_by(value).order_by(trials.desc(), value)
    return {str(name): int(count) for name, count in connection.execute(query)}


def list_families(connection: Connection, size: int, skip: int = 0) -> tuple[list[Family], int]:
    """List one page of the families, the largest first, and count them all."""
    trials, last = func.count(), func.max(BOARD.c.seq)
    better = func.count(case((BOARD.c.gain > ERRORS * BOARD.c.gain_error, 1)))
    query = select(BOARD.c.family, trials, func.count(BOARD.c.agent.distinct()), better, func.min(BOARD.c.seq), last)
    rows = connection.execute(
        query.group_by(BOARD.c.family).order_by(trials.desc(), last.desc()).limit(size).offset(skip)
    ).all()
    bests = [_find_best(connection, row[0]) for row in rows]
    ends = {row["seq"]: row for row in read_rows(connection, [seq for row in rows for seq in (row[4], row[5])])}
    families = [
        Family(row[0], ends[row[4]]["name"], row[1], row[2], row[3], ends[row[4]]["at"], ends[row[5]]["at"], best)
        for row, best in zip(rows, bests, strict=True)
    ]
    return families, int(connection.execute(select(func.count(BOARD.c.family.distinct()))).scalar_one())


def _find_best(connection: Connection, family: str) -> TrialRow | None:
    chosen = BOARD.c.family == family, BOARD.c.unjudged.is_(False), BOARD.c.sharpe.is_not(None)
    query = select(BOARD.c.seq).where(*chosen).order_by(BOARD.c.sharpe.desc(), BOARD.c.seq).limit(1)
    seq = connection.execute(query).scalar()
    return None if seq is None else read_rows(connection, [seq])[0]


def _conditions(chosen: TrialFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [BOARD.c[name] == value for name, value in chosen.equal.items()]
    if chosen.text:
        conditions.append(or_(*(column.icontains(chosen.text, autoescape=True) for column in SEARCHED)))
    return conditions


def _ordering(order: TrialOrder) -> list[ColumnElement[Any]]:
    column = _deflated(order.luck) if order.column == DEFLATED else BOARD.c[order.column]
    directed = (column.desc() if order.descending else column.asc()).nulls_last()
    judged = [BOARD.c.unjudged] if order.column in _JUDGED else []
    newest = [] if order.column == "seq" else [BOARD.c.seq.desc()]
    return [*judged, directed, *newest]


def _deflated(luck: Mapping[str, float]) -> ColumnElement[Any]:
    """Build what the deflated Sharpe ratio grows with: how many errors the ratio is above the best of all by luck."""
    if not luck:
        return BOARD.c.sharpe / BOARD.c.sharpe_error
    best = case(*((BOARD.c.dataset == name, one) for name, one in luck.items()), else_=0.0)
    known = and_(BOARD.c.sharpe_error > 0, BOARD.c.sharpe_luck.is_not(None))
    return case((known, (BOARD.c.sharpe - BOARD.c.sharpe_luck * best) / BOARD.c.sharpe_error))
