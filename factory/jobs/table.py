"""The jobs of a workspace, as all its servers and workers see them."""

import json
import secrets
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any, Literal, TypedDict

from sqlalchemy import Row, func, insert, select, update

from factory.core.canonical import in_order
from factory.core.errors import JobError
from factory.core.times import now_ms
from factory.storage.database import Database
from factory.storage.schema import JOBS
from factory.storage.workspace import Workspace

State = Literal["queued", "running", "done", "failed", "cancelled", "interrupted"]
UNFINISHED = ("queued", "running")
SEARCHING = ("tune",)
"""Kinds of jobs that try many pipelines; all others answer a question."""
PAGE = 50
SAME = 1_000
"""Milliseconds within which jobs are told apart by their order."""
RECENT = 20
"""Jobs of a kind by which the next is judged."""


class Job(TypedDict):
    """What is known of a job.

    ``args`` is what was asked, ``progress`` the share done in [0, 1], ``message`` what it does now;
    ``result`` is there when ``done``, ``error`` when failed, cancelled or
    interrupted. Times are ms UTC. ``owner`` asked for it, ``server`` runs it.
    """

    id: str
    kind: str
    args: Any
    owner: str
    server: str
    state: State
    progress: float
    message: str
    result: Any
    error: str | None
    created: int
    started: int | None
    finished: int | None
    cancel_asked: int | None


class JobTable:
    """Reads and changes of the jobs table; each is one transaction.

    Parameters
    ----------
    workspace : Workspace
        Whose jobs.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._database = Database(workspace)

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def add(self, kind: str, args: Mapping[str, Any], owner: str, server: str) -> str:
        """Queue a job and give its id."""
        id = f"job-{secrets.token_hex(4)}"
        row = {"id": id, "kind": kind, "args": in_order(args), "owner": owner, "server": server, "state": "queued"}
        with self._database.writing() as connection:
            newest, created = connection.execute(select(func.max(JOBS.c.created))).scalar() or 0, now_ms()
            # Jobs of one millisecond keep their order; a clock that was set back is believed.
            created = newest + 1 if created <= newest < created + SAME else created
            connection.execute(insert(JOBS).values(**row, progress=0.0, message="queued", created=created))
        return id

    def get(self, id: str) -> Job:
        """Look a job up.

        Raises
        ------
        JobError
            If there is none with this id.
        """
        with self._database.reading() as connection:
            row = connection.execute(select(JOBS).where(JOBS.c.id == id)).first()
        if row is None:
            raise JobError(f"job: '{id[:64]}' unknown; give an id as it was answered, such as job-1a2b3c4d")
        return _job(row)

    def list(self, page: int = 1, size: int = PAGE) -> Sequence[Job]:
        """List one page of jobs, newest first."""
        query = select(JOBS).order_by(JOBS.c.created.desc(), JOBS.c.id).limit(size).offset((page - 1) * size)
        with self._database.reading() as connection:
            return [_job(row) for row in connection.execute(query)]

    def count(self) -> int:
        """Count all jobs."""
        with self._database.reading() as connection:
            return connection.execute(select(func.count()).select_from(JOBS)).scalar_one()

    def unfinished(self) -> Sequence[Job]:
        """List all jobs that are queued or running somewhere."""
        with self._database.reading() as connection:
            return [_job(row) for row in connection.execute(select(JOBS).where(JOBS.c.state.in_(UNFINISHED)))]

    def seconds_of(self, kind: str) -> float | None:
        """Compute the median seconds that the newest jobs of a kind ran; None where none has ended well."""
        query = select(JOBS.c.started, JOBS.c.finished).where(JOBS.c.kind == kind, JOBS.c.state == "done")
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(JOBS.c.created.desc()).limit(RECENT)).all()
        return median((row.finished - row.started) / 1000 for row in rows) if rows else None

    def others_wait(self, id: str) -> bool:
        """Check whether a job of the same server that looks, and is no search, is queued or running beside a job."""
        beside = JOBS.alias()
        server = select(beside.c.server).where(beside.c.id == id).scalar_subquery()
        wanted = JOBS.c.state.in_(UNFINISHED), JOBS.c.kind.not_in(SEARCHING), JOBS.c.id != id, JOBS.c.server == server
        with self._database.reading() as connection:
            return connection.execute(select(JOBS.c.id).where(*wanted).limit(1)).first() is not None

    def begin(self, id: str) -> bool:
        """Turn a queued job into a running one; False if it was ended meanwhile."""
        changes = {"state": "running", "message": "starting", "started": now_ms()}
        statement = update(JOBS).where(JOBS.c.id == id, JOBS.c.state == "queued").values(**changes)
        with self._database.writing() as connection:
            return connection.execute(statement).rowcount == 1

    def report(self, id: str, share: float, message: str) -> bool:
        """Note how far a job is; True if it has been asked to stop, or was ended already."""
        changes = {"progress": min(max(share, 0.0), 1.0), "message": message}
        statement = update(JOBS).where(JOBS.c.id == id, JOBS.c.state == "running").values(**changes)
        with self._database.writing() as connection:
            running = connection.execute(statement.returning(JOBS.c.cancel_asked)).first()
        return running is None or running.cancel_asked is not None

    def ask_to_cancel(self, id: str) -> None:
        """End a queued job; ask a running one to stop."""
        now = now_ms()
        ended = {"state": "cancelled", "error": "cancelled before it began", "finished": now, "cancel_asked": now}
        with self._database.writing() as connection:
            connection.execute(update(JOBS).where(JOBS.c.id == id, JOBS.c.state == "queued").values(**ended))
            running = JOBS.c.id == id, JOBS.c.state == "running", JOBS.c.cancel_asked.is_(None)
            connection.execute(update(JOBS).where(*running).values(cancel_asked=now))

    def finish(self, id: str, state: State, result: str | None = None, error: str | None = None) -> None:
        """End a job once; later ends change nothing.

        Parameters
        ----------
        id : str
            The job.
        state : str
            How it ended.
        result : str or None
            Canonical JSON.
        error : str or None
            One line a mistake.
        """
        changes: dict[str, Any] = {"state": state, "result": result, "error": error, "finished": now_ms()}
        if state == "done":
            changes |= {"progress": 1.0, "message": "done"}
        statement = update(JOBS).where(JOBS.c.id == id, JOBS.c.state.in_(UNFINISHED)).values(**changes)
        with self._database.writing() as connection:
            connection.execute(statement)


def _job(row: Row[Any]) -> Job:
    return Job(
        id=row.id,
        kind=row.kind,
        args=json.loads(row.args),
        owner=row.owner,
        server=row.server,
        state=row.state,
        progress=row.progress,
        message=row.message,
        result=None if row.result is None else json.loads(row.result),
        error=row.error,
        created=row.created,
        started=row.started,
        finished=row.finished,
        cancel_asked=row.cancel_asked,
    )
