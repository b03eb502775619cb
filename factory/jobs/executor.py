"""One place for one job at a time: a warm worker process, rebuilt when it dies."""

import contextlib
import multiprocessing
import os
import signal
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from factory.jobs.worker import JobOutcome, prepare, warm, work

KILL = getattr(signal, "SIGKILL", signal.SIGTERM)
"""What ends a process at once; on Windows any signal does."""
POLL = 0.2
"""Seconds between two looks at whether a running job must be killed."""
SPAWN = 60.0
"""Seconds within which a new process must have told its id."""


class Slot:
    """An executor of a single worker, so that a killed one takes only its own job along.

    Parameters
    ----------
    root : str
        The workspace.
    target : str
        What its worker performs; see :func:`factory.jobs.worker.work`.
    """

    def __init__(self, root: str, target: str) -> None:
        self._root = root
        self._target = target
        self._executor: ProcessPoolExecutor | None = None
        self._pid: Future[int] | None = None

    def warm(self) -> None:
        """Start the worker and its imports, without waiting for them."""
        self._get_executor()

    def run(self, id: str, kind: str, args: Mapping[str, Any], must_die: Callable[[], bool]) -> JobOutcome:
        """Run one job to its end.

        Parameters
        ----------
        id, kind, args
            The job.
        must_die : callable
            Asked again and again; True kills the worker.
        """
        try:
            future = self._submit(id, kind, args)
            while not wait([future], POLL).done:
                if must_die():
                    self.kill()
            return future.result()
        except BrokenProcessPool:
            self._discard()
            reason = "its worker process was killed, perhaps for want of memory"
            return JobOutcome("interrupted", error=f"{kind}: {reason}; start it again")

    def kill(self) -> None:
        """End the worker at once, whatever it does."""
        pid = self._pid
        if pid is not None:
            with contextlib.suppress(ProcessLookupError, BrokenProcessPool):
                os.kill(pid.result(SPAWN), KILL)

    def close(self) -> None:
        """End the worker and wait until it is gone."""
        self.kill()
        self._discard()

    def _discard(self) -> None:
        executor, self._executor, self._pid = self._executor, None, None
        if executor is not None:
            executor.shutdown(cancel_futures=True)

    def _submit(self, id: str, kind: str, args: Mapping[str, Any]) -> Future[JobOutcome]:
        job = (self._root, self._target, id, kind, args)
        try:
            return self._get_executor().submit(work, *job)
        except BrokenProcessPool:  # it died while idle
            self._discard()
            return self._get_executor().submit(work, *job)

    def _get_executor(self) -> ProcessPoolExecutor:
        if self._executor is None:
            spawn = multiprocessing.get_context("spawn")
            self._executor = ProcessPoolExecutor(1, mp_context=spawn, initializer=prepare, initargs=(self._root,))
            self._pid = self._executor.submit(os.getpid)
            self._executor.submit(warm, self._target)
        return self._executor
