"""The append-only ledger of law 4: rows in a hash chain, its head anchored outside."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select

from factory.core.canonical import digest, dumps
from factory.core.errors import LedgerError
from factory.core.times import now_ms
from factory.ledger import board, history, trial_list
from factory.ledger.anchors import GENESIS, Anchors, Position
from factory.ledger.rows import PAYLOAD_VERSION, Entry, index_of, read, row_hash, trial_subject
from factory.ledger.running import Counts, count_independent, find_edited, find_totals, keep_up, lacks_totals, rebuild
from factory.ledger.trial_list import TrialFilter, TrialOrder
from factory.ledger.verification import Verification, verify
from factory.storage.database import Database, lock_ledger
from factory.storage.schema import LEDGER
from factory.storage.workspace import Workspace

PAGE = 50

_HEAD = select(LEDGER.c.seq, LEDGER.c.hash).order_by(LEDGER.c.seq.desc()).limit(1)
_BY_SUBJECT = select(LEDGER).where(LEDGER.c.kind == bindparam("kind"), LEDGER.c.subject == bindparam("subject"))
_LAST = 2**62
"""A row that no ledger reaches."""


class Ledger:
    """Everything that anyone tried in a workspace.

    Several processes may append at once. A row is in the ledger when its
    method returns, and stays there: the database refuses changes, and
    :meth:`verify` finds those made behind its back.

    Parameters
    ----------
    workspace : Workspace
        Where the ledger lives.
    guarded : bool
        As of :class:`factory.storage.database.Database`; False to prove rows, and to append none.
    """

    def __init__(self, workspace: Workspace, *, guarded: bool = True) -> None:
        self._database = Database(workspace, guarded=guarded)
        self._anchors = Anchors(workspace.vault / "anchors.jsonl")
        self._workspace = workspace
        self._agents: dict[tuple[str, str], history.AgentCount] = {}
        self._fill_missing_totals()

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
        subject = trial_subject(pipeline, fingerprint)
        body = {**payload, "pipeline": pipeline, "dataset": dataset, "fingerprint": fingerprint, "subject": subject}
        return self.append_once("trial", body)

    def find_trial(self, pipeline: str, fingerprint: str) -> Entry | None:
        """Find the trial of a pipeline on data with a fingerprint; None if it was not made."""
        with self._database.reading() as connection:
            row = _by_subject(connection, "trial", trial_subject(pipeline, fingerprint))
        return None if row is None else read(row)

    def exploration(self, dataset: str, payload: Mapping[str, Any], count: int = 1) -> Position:
        """Write down `count` (at least 1) scores that were made without validation."""
        return self.append("exploration", {**payload, "dataset": dataset, "count": _counted(count)})

    def validation_exploration(
        self, dataset: str, looked_at: str, fingerprint: str, payload: Mapping[str, Any], count: int = 1
    ) -> tuple[Position, bool]:
        """Write down `count` (at least 1) figures that were made of validation beside a trial's score.

        Parameters
        ----------
        dataset, fingerprint : str
            As of a trial.
        looked_at : str
            What was looked at, such as ``"breakdown by hour of 3f9a"``: the same on the same data counts once.
        payload : mapping
            JSON-able: who, which pipeline, what.

        Returns
        -------
        Position
            Of its row.
        bool
            Whether it is new.
        """
        subject = digest(["validation", looked_at, fingerprint])
        body = {**payload, "part": "validation", "dataset": dataset, "count": _counted(count), "subject": subject}
        return self.append_once("exploration", body)

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

    def append_once(self, kind: str, payload: Mapping[str, Any]) -> tuple[Position, bool]:
        """Append a row unless one of its kind has the same ``subject``; give the row's place, and whether it is new."""
        with self._appending() as connection:
            known = _by_subject(connection, kind, payload["subject"])
            if known is not None:
                return Position(known.seq, known.hash), False
            return _append(connection, kind, payload), True

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
        """Read all rows of some kinds, oldest first: for kinds of which there are few."""
        with self._database.reading() as connection:
            return _of_kinds(connection, kinds)

    def rows(self, kind: str | None = None, dataset: str | None = None, page: int = 1, size: int = PAGE) -> list[Entry]:
        """List one page of rows, newest first, of one kind and dataset or of all."""
        with self._database.reading() as connection:
            return history.list_rows(connection, kind, dataset, page, size)

    def row_counts(self) -> list[history.RowCount]:
        """Count the rows by kind and dataset."""
        with self._database.reading() as connection:
            return history.count_rows(connection)

    def agent_counts(self) -> list[history.AgentCount]:
        """Count the trials by agent and dataset, those with most trials first."""
        with self._database.reading() as connection:
            self._agents = history.count_agents(connection, self._agents)
        return sorted(self._agents.values(), key=lambda one: (-one.trials, one.agent, one.dataset))

    def code_trials(self) -> list[Entry]:
        """List the trials that are calls of agents' own code which was given validation, oldest first."""
        with self._database.reading() as connection:
            return history.list_code_trials(connection)

    def find_row(self, seq: int) -> Entry | None:
        """Find a row by its number; None where the ledger has none of it."""
        with self._database.reading() as connection:
            row = connection.execute(select(LEDGER).where(LEDGER.c.seq == seq)).first()
        return None if row is None else read(row)

    def position(self) -> Position:
        """Return the position of the newest row."""
        with self._database.reading() as connection:
            return _head(connection)

    def counts(self, dataset: str, until: int | None = None) -> Counts:
        """Count the trials and explorations of a dataset, by now or by row `until`."""
        with self._database.reading() as connection:
            totals = find_totals(connection, dataset, _LAST if until is None else until)
        return totals.counts

    def independent(self, dataset: str) -> float:
        """Estimate how many independent trials were made on a dataset, by the mean correlation of their daily net P&L.

        Shown beside the count, and judges nothing: a search that climbs a hill visits many neighbours.
        """
        with self._database.reading() as connection:
            return count_independent(connection, dataset)

    def sharpe_deviation(self, dataset: str) -> float | None:
        """Return the deviation of the yearly Sharpe ratios of a dataset's trials, ddof 1; None for fewer than two."""
        with self._database.reading() as connection:
            return find_totals(connection, dataset, _LAST).sharpe_deviation

    def leaderboard(self, datasets: Sequence[str], page: int, size: int) -> tuple[list[Entry], int]:
        """List one page of the trials with figures on some datasets, best first, and count them all."""
        with self._database.reading() as connection:
            return board.list_trials(connection, datasets, page, size, best=True)

    def newest(self, datasets: Sequence[str], page: int, size: int) -> tuple[list[Entry], int]:
        """List one page of the trials with figures on some datasets, newest first, and count them all."""
        with self._database.reading() as connection:
            return board.list_trials(connection, datasets, page, size, best=False)

    def best_trial(self, dataset: str, idea: str | None = None) -> Entry | None:
        """Find the best trial of a dataset, or of one idea there; None where there is none with figures."""
        with self._database.reading() as connection:
            return board.find_best(connection, dataset, idea)

    def ideas(self, dataset: str, page: int, size: int) -> tuple[list[board.Idea], int]:
        """List one page of the ideas tried on a dataset, those with most trials first, and count them all."""
        with self._database.reading() as connection:
            return board.list_ideas(connection, dataset, page, size)

    def count_listed(self, chosen: TrialFilter) -> int:
        """Count the trials with figures that a filter lets through."""
        with self._database.reading() as connection:
            return trial_list.count_trials(connection, chosen)

    def list_trials(self, chosen: TrialFilter, order: TrialOrder, size: int | None = None, skip: int = 0) -> list[int]:
        """List the rows of the trials with figures that a filter lets through, in some order: see :meth:`read_trials`."""
        with self._database.reading() as connection:
            return trial_list.list_rows(connection, chosen, order, size, skip)

    def read_trials(self, rows: Sequence[int]) -> list[trial_list.TrialRow]:
        """Read what lists show of some trials, in the order given."""
        with self._database.reading() as connection:
            return trial_list.read_rows(connection, rows)

    def count_by(self, column: str) -> dict[str, int]:
        """Count the trials with figures by a column that filters them, the commonest value first."""
        with self._database.reading() as connection:
            return trial_list.count_values(connection, column)

    def families(self, size: int, skip: int = 0) -> tuple[list[trial_list.Family], int]:
        """List one page of the families of trials, the largest first, and count them all."""
        with self._database.reading() as connection:
            return trial_list.list_families(connection, size, skip)

    def family(self, root: str) -> list[trial_list.TrialLink]:
        """List the trials of a family, oldest first."""
        with self._database.reading() as connection:
            return trial_list.list_links(connection, root)

    def all_trials(self, dataset: str) -> list[Entry]:
        """List all trials of a dataset, oldest first: for the vault, which tests them together."""
        query = select(LEDGER).where(LEDGER.c.dataset == dataset, LEDGER.c.kind == "trial").order_by(LEDGER.c.seq)
        with self._database.reading() as connection:
            return [read(row) for row in connection.execute(query)]

    def verify(self, anchors: Sequence[Position] = ()) -> Verification:
        """Prove that no row was edited, dropped, reordered, truncated or rebuilt.

        Parameters
        ----------
        anchors : sequence of Position
            Heads kept elsewhere, such as in strategy files, beside the
            workspace's own.
        """
        verification, edited = self._prove(anchors)
        problems = (f"counts of {name}: not what its rows amount to; they were edited" for name in edited)
        return replace(verification, problems=(*verification.problems, *problems))

    def restore_counts(self, anchors: Sequence[Position] = ()) -> list[str]:
        """Make the counts anew where they are not what the rows amount to, and name the datasets of those.

        Nothing is made of rows that do not prove whole.
        """
        _, edited = self._prove(anchors)
        if edited:
            with lock_ledger(self._workspace), self._database.writing() as connection:
                rebuild(connection)
        return edited

    def restore_triggers(self, anchors: Sequence[Position] = ()) -> list[str]:
        """Prove the rows as :meth:`verify` does where a trigger is missing or altered, put it back, and name those put back.

        Raises
        ------
        LedgerError
            What is wrong with the rows; then nothing is put back.
        """
        broken = self._database.find_broken_triggers()
        if broken:
            verification = self.verify(anchors)
            if not verification.ok:
                raise LedgerError(*verification.problems)
            self._database.restore_triggers(broken)
        return broken

    def _prove(self, anchors: Sequence[Position]) -> tuple[Verification, list[str]]:
        """Prove the rows, and where they are whole list the datasets whose counts are not what they amount to."""
        with lock_ledger(self._workspace, reads=True), self._database.reading() as connection:
            rows = connection.execute(select(LEDGER).order_by(LEDGER.c.seq))
            verification = verify(rows, self._anchors.all(), anchors)
            return verification, find_edited(connection) if verification.ok else []

    def _fill_missing_totals(self) -> None:
        """Compute the figures of a ledger that a version without them wrote."""
        with self._database.reading() as connection:
            if not lacks_totals(connection):
                return
        with lock_ledger(self._workspace), self._database.writing() as connection:
            if lacks_totals(connection):
                rebuild(connection)

    @contextmanager
    def _appending(self) -> Iterator[Connection]:
        """Hold the lock, check the head against its anchor, and anchor the new head.

        One row a transaction, so that a crash leaves at most one without anchor.
        """
        with lock_ledger(self._workspace):
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
    keep_up(connection, new.seq, kind, body)
    return new


def _head(connection: Connection) -> Position:
    row = connection.execute(_HEAD).first()
    return Position(0, GENESIS) if row is None else Position(row.seq, row.hash)


def _of_kinds(connection: Connection, kinds: Sequence[str]) -> list[Entry]:
    return [read(row) for row in connection.execute(select(LEDGER).where(LEDGER.c.kind.in_(kinds)).order_by(LEDGER.c.seq))]


def _by_subject(connection: Connection, kind: str, subject: str) -> Row[Any] | None:
    return connection.execute(_BY_SUBJECT, {"kind": kind, "subject": subject}).first()


def _counted(count: int) -> int:
    if count < 1:
        raise ValueError(f"count: {count} explorations; at least 1")
    return count
