"""Two lanes: questions, which somebody waits for, and searches, which may take minutes."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from factory.jobs.table import SEARCHING, Job

Waiting = tuple[str, str, Mapping[str, Any]]
"""Id, kind and arguments of a job."""


class Lanes:
    """What waits for a worker, each lane first come, first served. Callers hold a lock.

    Parameters
    ----------
    workers : int
        Jobs at a time. A search never takes the last of several: that one is for questions. The only one takes a search
        when no question waits.
    """

    def __init__(self, workers: int) -> None:
        self._most = workers - 1
        self._questions: deque[Waiting] = deque()
        self._searches: deque[Waiting] = deque()
        self._running = 0

    def add(self, job: Waiting) -> None:
        """Put a job at the end of its lane."""
        (self._searches if job[1] in SEARCHING else self._questions).append(job)

    @property
    def ready(self) -> bool:
        """Whether there is a job that may run now."""
        return bool(self._questions) or self._search_may_run

    def take(self) -> Waiting:
        """Take the next job: a search as soon as one may run, so that questions cannot keep it out; else a question."""
        if self._search_may_run:
            self._running += 1
            return self._searches.popleft()
        return self._questions.popleft()

    def end(self, kind: str) -> None:
        """Note that a job of a kind that was taken has ended."""
        self._running -= kind in SEARCHING

    def clear(self) -> None:
        """Drop all waiting jobs."""
        self._questions.clear()
        self._searches.clear()

    @property
    def _search_may_run(self) -> bool:
        free = self._running < self._most or (not self._most and not self._questions)
        return bool(self._searches) and free


class Outlook(NamedTuple):
    """What to expect of an unfinished job.

    Parameters
    ----------
    ahead : int
        Jobs of its lane on the same server that end before it begins; 0 once it runs.
    seconds : float or None
        Until it ends, about; None where nothing like it has ended yet.
    """

    ahead: int
    seconds: float | None


def foresee(job: Job, unfinished: Sequence[Job], seconds_of: Callable[[str], float | None], now: int) -> Outlook:
    """Judge an unfinished job by its progress, or by how long others of its kind took.

    Parameters
    ----------
    unfinished : sequence of Job
        All that are queued or running, in any order.
    seconds_of : callable
        Usual run time of a kind, None where it is not known.
    now : int
        ms UTC.
    """
    own = _left(job, seconds_of, now)
    if job["state"] == "running":
        return Outlook(0, own)
    lane, since = job["kind"] in SEARCHING, (job["created"], job["id"])
    before = [
        one for one in unfinished
        if one["server"] == job["server"] and (one["kind"] in SEARCHING) == lane and (one["created"], one["id"]) < since
    ]  # fmt: skip
    lefts = [_left(one, seconds_of, now) for one in before]
    known = [left for left in (own, *lefts) if left is not None]
    return Outlook(len(before), sum(known) if len(known) > len(lefts) else None)


def _left(job: Job, seconds_of: Callable[[str], float | None], now: int) -> float | None:
    """Estimate the seconds until a job ends, once it runs."""
    ran = 0.0 if job["started"] is None else (now - job["started"]) / 1000
    if job["progress"] >= 0.05 and ran:
        return ran * (1 - job["progress"]) / job["progress"]
    usual = seconds_of(job["kind"])
    return None if usual is None else max(usual - ran, 0.0)
