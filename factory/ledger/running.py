"""Figures of each dataset that grow with the ledger, kept up in the transaction that appends a row.

Every answer needs them, and none reads the rows again for them. They follow
from the rows alone, and verification makes them anew.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, fields, replace
from math import fsum, sqrt
from struct import pack, unpack
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, insert, select

from factory.core.answers import pluralize
from factory.core.canonical import digest
from factory.core.errors import LedgerError
from factory.ledger.board_row import make_board_row
from factory.ledger.rows import index_of
from factory.storage.schema import BOARD, DAILY_SUMS, FOLLOWING, LEDGER, TOTALS

KINDS = ("trial", "exploration")
"""Kinds of rows that are counted."""

_TOTALS = select(TOTALS).where(TOTALS.c.dataset == bindparam("dataset"), TOTALS.c.seq <= bindparam("until"))
_LAST = _TOTALS.order_by(TOTALS.c.seq.desc()).limit(1)
_SUM_KEY = and_(DAILY_SUMS.c.dataset == bindparam("of"), DAILY_SUMS.c.length == bindparam("days"))


@dataclass(frozen=True, slots=True)
class Counts:
    """What the ledger counts of one dataset.

    Parameters
    ----------
    trials : int
        Distinct pipelines scored on validation.
    explorations : int
        Scores that are no trial: made without validation, or of what a trial did there.
    of_validation : int
        Those of the explorations that looked at validation: breakdowns of a trial and rankings of its inputs.
    """

    trials: int
    explorations: int
    of_validation: int = 0

    def __str__(self) -> str:
        looked = f" ({self.of_validation} of validation)" if self.of_validation else ""
        return f"{pluralize(self.explorations, 'exploration')}{looked}"


@dataclass(frozen=True, slots=True)
class Totals:
    """What a dataset's rows up to one of them amount to.

    Parameters
    ----------
    trials, explorations, of_validation : int
        As in :class:`Counts`.
    sharpes : int
        Trials with a Sharpe ratio.
    sharpe_mean, sharpe_squares : float
        Of those: the mean, and the sum of squared deviations from it. Source: Welford 1962, *Note on a method for
        calculating corrected sums of squares and products*.
    """

    trials: int = 0
    explorations: int = 0
    of_validation: int = 0
    sharpes: int = 0
    sharpe_mean: float = 0.0
    sharpe_squares: float = 0.0

    @property
    def counts(self) -> Counts:
        """What is counted of trials and explorations."""
        return Counts(self.trials, self.explorations, self.of_validation)

    @property
    def sharpe_deviation(self) -> float | None:
        """Deviation of the trials' Sharpe ratios, ddof 1; None for fewer than two."""
        return sqrt(self.sharpe_squares / (self.sharpes - 1)) if self.sharpes > 1 else None

    def add(self, kind: str, payload: Mapping[str, Any]) -> "Totals":
        """Return the totals with one more row."""
        if kind == "exploration":
            count = int(index_of(kind, payload)["count"])
            looked = count if payload.get("part") == "validation" else 0
            return replace(self, explorations=self.explorations + count, of_validation=self.of_validation + looked)
        more = replace(self, trials=self.trials + 1)
        sharpe = payload.get("metrics", {}).get("sharpe")
        return more if sharpe is None else more._of_sharpe(float(sharpe))

    def _of_sharpe(self, sharpe: float) -> "Totals":
        number, away = self.sharpes + 1, sharpe - self.sharpe_mean
        mean = self.sharpe_mean + away / number
        squares = self.sharpe_squares + away * (sharpe - mean)
        return replace(self, sharpes=number, sharpe_mean=mean, sharpe_squares=squares)


@dataclass(frozen=True, slots=True)
class DailySum:
    """The daily net P&L of all trials of one length, standardised and summed: what their mean correlation needs.

    Parameters
    ----------
    first : int
        Row of the first of them.
    trials, varying : int
        How many there are, and those that vary: only they are summed.
    total : tuple of float
        One a day.
    """

    first: int
    trials: int
    varying: int
    total: tuple[float, ...]

    def add(self, daily: Sequence[float]) -> "DailySum":
        """Return the sum with one more trial."""
        mean = fsum(daily) / len(daily) if daily else 0.0
        away = [net - mean for net in daily]
        deviation = sqrt(fsum(one * one for one in away) / len(daily)) if daily else 0.0
        if deviation == 0.0 or min(daily) == max(daily):
            return replace(self, trials=self.trials + 1)
        total = tuple(before + one / deviation for before, one in zip(self.total, away, strict=True))
        return DailySum(self.first, self.trials + 1, self.varying + 1, total)

    def independent(self) -> float:
        """Estimate how many independent trials these amount to, by the mean correlation of those that vary.

        Those that never vary count as one each; trials that move against each other are no more than they are.
        """
        if self.varying < 2:
            return float(self.trials)
        from factory.statistics.deflation import correlation_of_sum, independent_of

        several = independent_of(correlation_of_sum(self.total, self.varying), self.varying)
        return self.trials - self.varying + min(max(several, 1.0), float(self.varying))


def keep_up(connection: Connection, seq: int, kind: str, payload: Mapping[str, Any]) -> None:
    """Update the figures of a dataset by a row that was just appended."""
    dataset = payload.get("dataset")
    if kind not in KINDS or dataset is None:
        return
    totals = find_totals(connection, dataset, seq - 1).add(kind, payload)
    values = {**asdict(totals), "hash": _hash_totals(seq, dataset, totals)}
    connection.execute(insert(TOTALS).values(seq=seq, dataset=dataset, **values))
    if kind != "trial":
        return
    if "metrics" in payload:
        connection.execute(insert(BOARD).values(**make_board_row(connection, seq, payload)))
    daily = payload.get("daily", ())
    _write_sum(connection, dataset, _sum_of(connection, dataset, len(daily), seq).add(daily))


def find_totals(connection: Connection, dataset: str, until: int) -> Totals:
    """Read the totals of a dataset at a row.

    Raises
    ------
    LedgerError
        If they are not what was written.
    """
    row = connection.execute(_LAST, {"dataset": dataset, "until": until}).first()
    if row is None:
        return Totals()
    totals = _read_totals(row)
    if totals is None:
        raise _damaged(dataset)
    return totals


def count_independent(connection: Connection, dataset: str) -> float:
    """Estimate how many independent trials were made on a dataset.

    Those of another length than most cannot be set beside the others and count as one each.

    Raises
    ------
    LedgerError
        If the sums of their days are not what was written.
    """
    query = select(DAILY_SUMS).where(DAILY_SUMS.c.dataset == dataset)
    rows = connection.execute(query.order_by(DAILY_SUMS.c.trials.desc(), DAILY_SUMS.c.first)).all()
    if not rows:
        return 0.0
    most, *others = [_require_sum(row) for row in rows]
    return sum(one.trials for one in others) + most.independent()


def lacks_totals(connection: Connection) -> bool:
    """Check whether there are rows that count, and no figures at all: a version without them wrote the rows."""
    if connection.execute(select(TOTALS.c.seq).limit(1)).first() is not None:
        return False
    return next(_counted_rows(connection), None) is not None


def rebuild(connection: Connection) -> None:
    """Recompute the figures of all datasets from the rows."""
    for table in FOLLOWING:
        connection.execute(delete(table))
    for seq, kind, payload in _counted_rows(connection):
        keep_up(connection, seq, kind, payload)


def find_edited(connection: Connection) -> list[str]:
    """Compare the figures that were kept up with the rows, and list the datasets where they differ."""
    pairs = zip(_figures_of_rows(connection), _kept_figures(connection), strict=True)
    return sorted({key[0] for due, kept in pairs for key in due.keys() | kept.keys() if due.get(key) != kept.get(key)})


Figures = dict[tuple[str, int], Any]
"""By dataset and row, or dataset and length."""
DAMAGED = "damaged"
"""In place of figures that are not what was written."""


def _figures_of_rows(connection: Connection) -> tuple[Figures, Figures, Figures]:
    """Compute totals, board and daily sums from the rows of the ledger."""
    totals, board, sums = Figures(), Figures(), Figures()
    newest: dict[str, Totals] = {}
    for seq, kind, payload in _counted_rows(connection):
        dataset, daily = str(payload["dataset"]), payload.get("daily", ())
        newest[dataset] = totals[dataset, seq] = newest.get(dataset, Totals()).add(kind, payload)
        if kind == "trial":
            key = dataset, len(daily)
            sums[key] = sums.get(key, _no_sum(seq, len(daily))).add(daily)
            if "metrics" in payload:
                board[dataset, seq] = make_board_row(connection, seq, payload)
    return totals, board, sums


def _kept_figures(connection: Connection) -> tuple[Figures, Figures, Figures]:
    return (
        {(row.dataset, row.seq): _read_totals(row) or DAMAGED for row in connection.execute(select(TOTALS))},
        {(row.dataset, row.seq): row._asdict() for row in connection.execute(select(BOARD))},
        {(row.dataset, row.length): _read_sum(row) or DAMAGED for row in connection.execute(select(DAILY_SUMS))},
    )


def _counted_rows(connection: Connection) -> Iterator[tuple[int, str, dict[str, Any]]]:
    query = select(LEDGER.c.seq, LEDGER.c.kind, LEDGER.c.payload)
    query = query.where(LEDGER.c.kind.in_(KINDS), LEDGER.c.dataset.is_not(None)).order_by(LEDGER.c.seq)
    for row in connection.execute(query):
        yield row.seq, row.kind, json.loads(row.payload)


def _no_sum(seq: int, length: int) -> DailySum:
    return DailySum(seq, 0, 0, (0.0,) * length)


def _sum_of(connection: Connection, dataset: str, length: int, seq: int) -> DailySum:
    row = connection.execute(select(DAILY_SUMS).where(_SUM_KEY), {"of": dataset, "days": length}).first()
    return _no_sum(seq, length) if row is None else _require_sum(row)


def _require_sum(row: Any) -> DailySum:
    daily_sum = _read_sum(row)
    if daily_sum is None:
        raise _damaged(row.dataset)
    return daily_sum


def _read_sum(row: Any) -> DailySum | None:
    """Read a sum; None where it is not what was written."""
    counted = row.first, row.trials, row.varying
    if row.hash != digest([row.dataset, row.length, *counted, row.total.hex()]):
        return None
    return DailySum(*counted, unpack(f"<{row.length}d", row.total))


def _write_sum(connection: Connection, dataset: str, daily_sum: DailySum) -> None:
    length = len(daily_sum.total)
    total = pack(f"<{length}d", *daily_sum.total)
    counted = {"first": daily_sum.first, "trials": daily_sum.trials, "varying": daily_sum.varying}
    connection.execute(delete(DAILY_SUMS).where(_SUM_KEY), {"of": dataset, "days": length})
    hashed = digest([dataset, length, *counted.values(), total.hex()])
    connection.execute(insert(DAILY_SUMS).values(dataset=dataset, length=length, total=total, hash=hashed, **counted))


def _read_totals(row: Any) -> Totals | None:
    """Read totals; None where they are not what was written."""
    totals = Totals(*(getattr(row, field.name) for field in fields(Totals)))
    return totals if row.hash == _hash_totals(row.seq, row.dataset, totals) else None


def _hash_totals(seq: int, dataset: str, totals: Totals) -> str:
    return digest([seq, dataset, *astuple(totals)])


def _damaged(dataset: str) -> LedgerError:
    return LedgerError(
        f"counts of {dataset}: damaged or edited; run `rfcat ledger verify`, which makes them anew from rows that prove whole"
    )
