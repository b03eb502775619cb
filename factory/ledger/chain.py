"""The append-only ledger of law 4: rows in a hash chain, its head anchored outside."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, insert, select

from factory.canonical import digest, dumps
from factory.errors import LedgerError
from factory.ledger.anchors import GENESIS, Anchors, Position
from factory.ledger.database import Database, lock_of
from factory.ledger.locks import exclusive
from factory.ledger.rows import PAYLOAD_VERSION, Entry, index_of, read, row_hash
from factory.ledger.schema import LEDGER
from factory.ledger.verification import Verification, verify
from factory.times import now_ms
from factory.workspace import Workspace

PAGE = 50

_HEAD = select(LEDGER.c.seq, LEDGER.c.hash).order_by(LEDGER.c.seq.desc()).limit(1)
_BY_SUBJECT = select(LEDGER).where(LEDGER.c.kind == bindparam("kind"), LEDGER.c.subject == bindparam("subject"))
_COUNTS = (
    select(LEDGER.c.kind, func.sum(LEDGER.c.count))
    .where(LEDGER.c.dataset == bindparam("dataset"), LEDGER.c.seq <= bindparam("until"))
    .group_by(LEDGER.c.kind)
)
_LAST = 2**62
"""A row that no ledger reaches."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What the ledger counts of one dataset.

    Parameters
    ----------
    trials : int
        Distinct pipelines scored on validation.
    explorations : int
        Scores made without validation.
    """

    trials: int
    explorations: int


class Ledger:
    """Everything that anyone tried in a workspace.

    Several processes may append at once. A row is in the ledger when its
    method returns, and stays there: the database refuses changes, and
    :meth:`verify` finds those made behind its back.

    Parameters
    ----------
    workspace : Workspace
        Where the ledger lives.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._database = Database(workspace)
        self._anchors = Anchors(workspace.vault / "anchors.jsonl")
        self._lock = lock_of(workspace)

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def trial(self, pipeline: str, dataset: str, fingerprint: str, payload: Mapping[str, Any]) -> tuple[Position, bool]:
        """Write a trial down: a pipeline scored on validation.

        Parameters
        ----------
        pipeline : str
            Its id.
        dataset, fingerprint : str
            The dataset, and the hash of all that the score depends on beside the pipeline.
        payload : mapping
            JSON-able: who, why, scores, daily net P&L.

        Returns
        -------
        Position
            Of the trial's row.
        bool
            Whether it is new. The same pipeline on the same data is one trial;
            the first payload stays.
        """
        subject = _trial_subject(pipeline, fingerprint)
        body = {**payload, "pipeline": pipeline, "dataset": dataset, "fingerprint": fingerprint, "subject": subject}
        with self._appending() as connection:
            known = _by_subject(connection, "trial", subject)
            if known is not None:
                return Position(known.seq, known.hash), False
            return _append(connection, "trial", body), True

    def find_trial(self, pipeline: str, fingerprint: str) -> Entry | None:
        """The trial of a pipeline on data with a fingerprint, if it was made."""
        with self._database.reading() as connection:
            row = _by_subject(connection, "trial", _trial_subject(pipeline, fingerprint))
        return None if row is None else read(row)

    def exploration(self, dataset: str, payload: Mapping[str, Any], count: int = 1) -> Position:
        """Write down `count` (at least 1) scores that were made without validation."""
        if count < 1:
            raise ValueError(f"count: {count} explorations; at least 1")
        return self.append("exploration", {**payload, "dataset": dataset, "count": count})

    def append(self, kind: str, payload: Mapping[str, Any]) -> Position:
        """Append a row of any kind.

        Parameters
        ----------
        kind : str
            ``look``, ``review``, ``proposal``, ...; a look counts as spent.
        payload : mapping
            JSON-able. ``dataset`` files the row under a dataset; ``subject``
            forbids a second row of this kind with the same one.

        Raises
        ------
        LedgerError
            If the row cannot be written, or the ledger was cut or rebuilt.
        """
        with self._appending() as connection:
            return _append(connection, kind, payload)

    def append_after(
        self, kind: str, reads: Sequence[str], decide: Callable[[Sequence[Entry]], Mapping[str, Any]]
    ) -> tuple[Position, Mapping[str, Any]]:
        """Append a row that depends on rows before it; nobody else appends between the reading and the writing.

        Parameters
        ----------
        kind : str
            Of the new row.
        reads : sequence of str
            Kinds of rows that it depends on.
        decide : callable
            Given those rows, oldest first, makes the payload; what it raises leaves the ledger as it was.

        Returns
        -------
        Position
            Of the new row.
        mapping
            Its payload.
        """
        with self._appending() as connection:
            payload = decide(_of_kinds(connection, reads))
            return _append(connection, kind, payload), payload

    def of_kinds(self, kinds: Sequence[str]) -> list[Entry]:
        """All rows of some kinds, oldest first: for kinds of which there are few."""
        with self._database.reading() as connection:
            return _of_kinds(connection, kinds)

    def position(self) -> Position:
        """The newest row."""
        with self._database.reading() as connection:
            return _head(connection)

    def counts(self, dataset: str, until: int | None = None) -> Counts:
        """How much was tried on a dataset, by now or by row `until`."""
        asked = {"dataset": dataset, "until": _LAST if until is None else until}
        with self._database.reading() as connection:
            sums = {kind: int(count) for kind, count in connection.execute(_COUNTS, asked)}
        return Counts(sums.get("trial", 0), sums.get("exploration", 0))

    def trials(self, dataset: str, page: int = 1) -> list[Entry]:
        """One page of 50 trials of a dataset, newest first."""
        return self.entries("trial", dataset, page)

    def all_trials(self, dataset: str, after: int = 0) -> list[Entry]:
        """All trials of a dataset past a row, oldest first."""
        query = select(LEDGER).where(LEDGER.c.dataset == dataset, LEDGER.c.kind == "trial", LEDGER.c.seq > after)
        query = query.order_by(LEDGER.c.seq)
        with self._database.reading() as connection:
            return [read(row) for row in connection.execute(query)]

    def entries(self, kind: str, dataset: str, page: int = 1) -> list[Entry]:
        """One page of 50 rows of a kind, newest first."""
        query = select(LEDGER).where(LEDGER.c.dataset == dataset, LEDGER.c.kind == kind)
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(LEDGER.c.seq.desc()).limit(PAGE).offset((page - 1) * PAGE))
            return [read(row) for row in rows]

    def verify(self, anchors: Sequence[Position] = ()) -> Verification:
        """Prove that no row was edited, dropped, reordered, truncated or rebuilt.

        Parameters
        ----------
        anchors : sequence of Position
            Heads kept elsewhere, such as in strategy files, beside the
            workspace's own.
        """
        with exclusive(self._lock), self._database.reading() as connection:
            rows = connection.execute(select(LEDGER).order_by(LEDGER.c.seq))
            return verify(rows, self._anchors.all(), anchors)

    @contextmanager
    def _appending(self) -> Iterator[Connection]:
        """Hold the lock, check the head against its anchor, and anchor the new head.

        One row a transaction, so that a crash leaves at most one without anchor.
        """
        with exclusive(self._lock):
            with self._database.writing() as connection:
                self._check_head(connection)
                yield connection
                head = _head(connection)
            if head.seq > self._anchors.last().seq:
                self._anchors.add(head)

    def _check_head(self, connection: Connection) -> None:
        anchor, head = self._anchors.last(), _head(connection)
        if head == anchor:
            return
        anchored = connection.execute(select(LEDGER.c.hash).where(LEDGER.c.seq == anchor.seq)).scalar() or GENESIS
        if head.seq != anchor.seq + 1 or anchored != anchor.hash:
            raise LedgerError(
                f"ledger: its head is {head.short} and its anchor {anchor.short}: rows were cut, added or rebuilt; "
                "run `rfcat ledger verify`, then restore ledger.sqlite from a backup"
            )
        self._anchors.add(head)


def _append(connection: Connection, kind: str, payload: Mapping[str, Any]) -> Position:
    head = _head(connection)
    body = {**payload, "v": PAYLOAD_VERSION}
    text, at = dumps(body), now_ms()
    new = Position(head.seq + 1, row_hash(head.hash, head.seq + 1, kind, at, text))
    row = {"seq": new.seq, "kind": kind, "at": at, "payload": text, "prev": head.hash, "hash": new.hash}
    connection.execute(insert(LEDGER).values(**row, **index_of(kind, body)))
    return new


def _head(connection: Connection) -> Position:
    row = connection.execute(_HEAD).first()
    return Position(0, GENESIS) if row is None else Position(row.seq, row.hash)


def _of_kinds(connection: Connection, kinds: Sequence[str]) -> list[Entry]:
    return [read(row) for row in connection.execute(select(LEDGER).where(LEDGER.c.kind.in_(kinds)).order_by(LEDGER.c.seq))]


def _by_subject(connection: Connection, kind: str, subject: str) -> Row[Any] | None:
    return connection.execute(_BY_SUBJECT, {"kind": kind, "subject": subject}).first()


def _trial_subject(pipeline: str, fingerprint: str) -> str:
    return digest([pipeline, fingerprint])
