"""What changes about jobs, as server-sent events: one thread reads the table for all who watch, and rests while nobody does."""

import asyncio
import json
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import anyio
from fastapi import HTTPException
from sse_starlette import EventSourceResponse, ServerSentEvent

from factory.core.errors import FactoryError

if TYPE_CHECKING:
    from factory.jobs import Jobs

EVERY = 1.0
"""Seconds between two readings of the table."""
STREAMS = 4
"""Of one person at a time: a browser opens six connections to a server, and pages need some."""
LIFE = 300.0
"""Seconds after which a stream ends; a browser opens the next one by itself, if it is still signed in."""
RETRY_MS = 1_000

Told = dict[str, Any]


class Watcher:
    """One stream, and what it has still to tell.

    Parameters
    ----------
    person : str
        Whose it is.
    """

    def __init__(self, person: str) -> None:
        self.person = person
        self._loop = asyncio.get_running_loop()
        self._ready = asyncio.Event()
        self._lock = threading.Lock()
        self._known: dict[str, Told] = {}
        self._untold: dict[str, Told] = {}

    def tell(self, jobs: list[Told]) -> None:
        """Keep what is new of the jobs; called by the reading thread."""
        with self._lock:
            changed = {job["job"]: job for job in jobs if self._known.get(job["job"]) != job}
            self._known = {job["job"]: job for job in jobs}
            # Of a job that changed twice before the client read, the newer state counts.
            self._untold |= changed
        if changed:
            with suppress(RuntimeError):  # The loop is closed: nobody listens.
                self._loop.call_soon_threadsafe(self._ready.set)

    async def take(self, seconds: float) -> list[Told]:
        """Take what is new, waiting for it some seconds at most; empty where nothing was."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._ready.wait(), seconds)
        self._ready.clear()
        with self._lock:
            untold, self._untold = [*self._untold.values()], {}
        return untold


class JobEvents:
    """The streams of one server.

    Parameters
    ----------
    open_jobs : callable
        Gives the jobs of the workspace.
    """

    def __init__(self, open_jobs: Callable[[], "Jobs"]) -> None:
        self._open_jobs = open_jobs
        self._lock = threading.Lock()
        self._watchers: set[Watcher] = set()
        self._reading = False

    def watch(self, person: str) -> EventSourceResponse:
        """Open a stream: all jobs of the first page at once, then those that changed. It ends with the server.

        Raises
        ------
        HTTPException
            429 if the person has as many open as one may.
        """
        watcher = Watcher(person)
        with self._lock:
            if self._is_full(person):
                raise HTTPException(429, f"{STREAMS} pages of yours watch the jobs already; close one, or reload")
        stopping = anyio.Event()
        return EventSourceResponse(self._stream(watcher, stopping), shutdown_event=stopping, shutdown_grace_period=2 * EVERY)

    def _add(self, watcher: Watcher) -> bool:
        """Add a stream, unless others of its person that were opened at the same time came first."""
        with self._lock:
            if self._is_full(watcher.person):
                return False
            self._watchers.add(watcher)
            if not self._reading:
                self._reading = True
                threading.Thread(target=self._read, name="job events", daemon=True).start()
            return True

    def _is_full(self, person: str) -> bool:
        return Counter(one.person for one in self._watchers)[person] >= STREAMS

    async def _stream(self, watcher: Watcher, stopping: anyio.Event) -> AsyncIterator[ServerSentEvent]:
        end = time.monotonic() + LIFE
        # Not before: of a client that left at once, nothing here would ever run to take it out again.
        if not self._add(watcher):
            return
        try:
            while time.monotonic() < end and not stopping.is_set():
                if changed := await watcher.take(EVERY):
                    yield ServerSentEvent(json.dumps(changed), event="jobs", retry=RETRY_MS)
        finally:
            with self._lock:
                self._watchers.discard(watcher)

    def _read(self) -> None:
        from factory.views.jobs import watch_jobs

        while True:
            with self._lock:
                watchers = tuple(self._watchers)
                if not watchers:
                    self._reading = False
                    return
            with suppress(FactoryError):  # A table that is locked now is read the next time.
                jobs = watch_jobs(self._open_jobs())
                for watcher in watchers:
                    watcher.tell(jobs)
            time.sleep(EVERY)
