"""Long work: started, watched, cancelled, and never lost."""

import logging
import secrets
import threading
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from factory.core.errors import FactoryError, JobError
from factory.core.progress import Progress, no_progress
from factory.core.times import now_ms
from factory.jobs.executor import Slot
from factory.jobs.lanes import Lanes, Outlook, foresee
from factory.jobs.table import PAGE, UNFINISHED, Job, JobTable
from factory.jobs.worker import JobOutcome
from factory.storage.claims import ProcessClaim, is_claimed, remove_dead_claims
from factory.storage.workspace import Workspace

GRACE_MS = 3_000
"""How long a job that was asked to stop may go on before its worker is killed."""

QUIET = 0.5
"""Seconds between two looks at a job of this server for one who only waits for its end, and is told of that at once."""
STOPPED = "the server stopped; start it again"

_log = logging.getLogger(__name__)


class Jobs:
    """The jobs that one server runs, and a view of those of all servers.

    Each server holds a lock file while it lives; an unfinished job whose
    server has gone is ``interrupted``, whoever looks. Close it (or use it as
    a context) when the server ends: that ends its workers.

    Parameters
    ----------
    workspace : Workspace
        Shared with other servers.
    target : str
        ``"package.module:function"``, called in the worker as
        ``function(workspace_root, kind, args, progress) -> result``. Its module
        may name the modules to import ahead in a tuple ``PRELOAD``.
    workers : int
        Jobs at a time, searches at most all but one of them: a question never waits behind a search.
    """

    def __init__(self, workspace: Workspace, target: str = "factory.tasks:perform", workers: int = 2) -> None:
        self._table = JobTable(workspace)
        self._folder = workspace.root / "servers"
        self._server = secrets.token_hex(8)
        self._claim = self._claim_server()
        self._slots = tuple(Slot(str(workspace.root), target) for _ in range(workers))
        self._idle = list(self._slots)
        self._waiting = Lanes(workers)
        self._mine: dict[str, threading.Event] = {}
        self._threads: set[threading.Thread] = set()
        self._lock = threading.Lock()
        self._closed = False
        for job in self._table.unfinished():
            self._end_abandoned(job)
        if self._claim is not None:
            remove_dead_claims(self._folder)

    def _claim_server(self) -> ProcessClaim | None:
        """Claim a file as the sign that this server lives.

        None where it cannot be written: then jobs are read, and none is started.
        """
        try:
            return ProcessClaim(self._folder / self._server)
        except OSError as error:
            _log.warning("jobs are only read here: %s", error.strerror)
            return None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def warm(self) -> None:
        """Start one worker ahead of its first job."""
        with self._lock:
            if self._idle and not self._closed and self._claim is not None:
                self._idle[-1].warm()

    def start(self, kind: str, args: Mapping[str, Any], owner: str) -> str:
        """Queue a job.

        Parameters
        ----------
        kind : str
            What to do.
        args : mapping
            JSON-able.
        owner : str
            Who asks.

        Returns
        -------
        str
            Its id.
        """
        with self._lock:
            if self._closed:
                raise JobError(f"{kind}: the server is stopping; start it again when it is back")
            if self._claim is None:
                raise JobError(
                    f"{kind}: nothing can be written in this workspace, only read; free some space, or choose another"
                )
            id = self._table.add(kind, args, owner, self._server)
            self._mine[id] = threading.Event()
            self._waiting.add((id, kind, args))
            if self._idle and self._waiting.ready:
                self._serve_from(self._idle.pop())
        return id

    def get(self, id: str) -> Job:
        """Return how a job stands, of whichever server."""
        return self._end_abandoned(self._table.get(id))

    def list(self, page: int = 1, size: int = PAGE) -> Sequence[Job]:
        """List one page of the jobs of all servers, newest first."""
        return [self._end_abandoned(job) for job in self._table.list(page, size)]

    def count(self) -> int:
        """Count the jobs of all servers."""
        return self._table.count()

    def unfinished(self) -> Sequence[Job]:
        """List the jobs of all servers that are queued or running."""
        jobs = [self._end_abandoned(job) for job in self._table.unfinished()]
        return [job for job in jobs if job["state"] in UNFINISHED]

    def wait(self, id: str, seconds: float, on_progress: Progress = no_progress) -> Job:
        """Wait for a job to end.

        Parameters
        ----------
        id : str
            The job, of whichever server.
        seconds : float
            How long at most.
        on_progress : callable
            Called when its progress or message has changed.

        Returns
        -------
        Job
            As it stands then, ended or not.
        """
        deadline, pause = time.monotonic() + seconds, 0.01
        seen = None
        while True:
            job = self.get(id)
            if (job["progress"], job["message"]) != seen:
                seen = job["progress"], job["message"]
                on_progress(*seen)
            left = deadline - time.monotonic()
            if job["state"] not in UNFINISHED or left <= 0:
                return job
            ends = self._mine.get(id)
            if ends is not None and on_progress is no_progress:
                ends.wait(min(QUIET, left))
                continue
            time.sleep(min(pause, left))
            pause = min(2 * pause, 0.1)

    def outlook(self, job: Job) -> Outlook:
        """Estimate how long it takes until an unfinished job ends, and what stands before it."""
        return foresee(job, self._table.unfinished(), self._table.seconds_of, now_ms())

    def cancel(self, id: str, by: str | None = None) -> Job:
        """Ask a job to stop; it is killed if it does not within seconds.

        Parameters
        ----------
        id : str
            The job, of whichever server.
        by : str or None
            Who asks, by the name that jobs are started under; None for a person, who may stop any.

        Raises
        ------
        JobError
            If there is none with this id, or it is another's.
        """
        owner = self._table.get(id)["owner"]
        if by not in (None, owner):
            raise JobError(f"cancel: {id} was started by '{owner}'; it or a person may stop it: rfcat cancel {id}")
        self._table.ask_to_cancel(id)
        return self.get(id)

    def close(self) -> None:
        """End all workers; unfinished jobs of this server become ``interrupted``."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._waiting.clear()
            mine, threads = tuple(self._mine), tuple(self._threads)
        try:
            for id in mine:
                self._table.finish(id, "interrupted", error=STOPPED)
        finally:
            for slot in self._slots:
                slot.kill()
            for thread in threads:
                thread.join()
            for slot in self._slots:
                slot.close()
            self._table.close()
            if self._claim is not None:
                self._claim.close()

    def _serve_from(self, slot: Slot) -> None:
        thread = threading.Thread(target=self._serve, args=(slot,), name="jobs", daemon=True)
        self._threads.add(thread)
        thread.start()

    def _serve(self, slot: Slot) -> None:
        """Run what waits and may run, then leave the slot to the next caller of `start`."""
        while True:
            with self._lock:
                if not self._waiting.ready:
                    # The last used is the next used: it is warm.
                    self._idle.append(slot)
                    self._threads.discard(threading.current_thread())
                    return
                id, kind, args = self._waiting.take()
            try:
                self._run(slot, id, kind, args)
            except FactoryError:
                # `_end_abandoned` will say "interrupted", for the job is no longer among `_mine`.
                _log.exception("the end of job %s (%s) could not be written", id, kind)
                slot.close()
            finally:
                with self._lock:
                    self._mine.pop(id).set()
                    self._waiting.end(kind)

    def _run(self, slot: Slot, id: str, kind: str, args: Mapping[str, Any]) -> None:
        if not self._table.begin(id):
            return
        outcome = slot.run(id, kind, args, lambda: self._closed or self._overdue(id))
        if outcome.state == "interrupted" and self._table.get(id)["cancel_asked"] is not None:
            outcome = JobOutcome("cancelled", error=f"{kind}: cancelled on request")
        elif outcome.state == "interrupted" and self._closed:  # killed on the way out, before `close` could say so
            outcome = JobOutcome("interrupted", error=STOPPED)
        self._table.finish(id, *outcome)

    def _overdue(self, id: str) -> bool:
        asked = self._table.get(id)["cancel_asked"]
        return asked is not None and now_ms() - asked > GRACE_MS

    def _end_abandoned(self, job: Job) -> Job:
        """Return the job, ended here if nobody is left to end it."""
        if job["state"] not in UNFINISHED or self._claim is None or self._has_server(job):
            return job
        self._table.finish(job["id"], "interrupted", error=f"{job['kind']}: the server that ran it has gone; start it again")
        return self._table.get(job["id"])

    def _has_server(self, job: Job) -> bool:
        if job["server"] == self._server:
            with self._lock:
                return job["id"] in self._mine
        return is_claimed(self._folder / job["server"])
