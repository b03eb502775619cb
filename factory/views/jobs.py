"""Jobs, as agents and people read them."""

from typing import TYPE_CHECKING, Any

from factory.core.answers import table
from factory.core.errors import JobError

if TYPE_CHECKING:
    from factory.jobs import Job, Jobs

PAGE = 10
WATCHED = 50
"""Jobs on a page for people, and those whose changes are told while they happen."""


def find_result(job: "Job", reader: str | None = None) -> dict[str, Any] | None:
    """Return what a job answered; None while it has not ended.

    Parameters
    ----------
    job : Job
        How it stands.
    reader : str or None
        The agent who asks; None for a person.

    Raises
    ------
    JobError
        If it failed, was interrupted or was cancelled; why is for its owner and people, since errors quote.
    """
    if job["state"] == "done":
        return dict(job["result"])
    if job["state"] in ("queued", "running"):
        return None
    if reader not in (None, job["owner"]):
        raise JobError(f"{job['id']}: {job['state']}; why is told to '{job['owner']}', who started it, and to people")
    raise JobError(*(job["error"] or f"{job['id']}: {job['state']}").splitlines())


def describe_job(jobs: "Jobs", job: "Job") -> dict[str, Any]:
    """Say in a few words how a job stands, and while it has not ended what is ahead of it and about how long it will take."""
    stands = {"job": job["id"], "state": _name_state(job), "progress": round(job["progress"], 2), "doing": job["message"]}
    if job["state"] not in ("queued", "running"):
        return stands
    ahead, seconds = jobs.outlook(job)
    expected = {} if seconds is None else {"about": f"{max(seconds, 1):.0f}s left"}
    return {**stands, **({"ahead": ahead} if ahead else {}), **expected}


def watch_jobs(jobs: "Jobs") -> list[dict[str, Any]]:
    """Say of each of the newest jobs how it stands."""
    return [describe_job(jobs, job) for job in jobs.list(1, WATCHED)]


def _name_state(job: "Job") -> str:
    """Name the state of a job; ``cancelling`` from when it was asked to stop until it has ended."""
    return "cancelling" if job["state"] == "running" and job["cancel_asked"] is not None else job["state"]


def list_jobs(jobs: "Jobs", number: int = 1) -> dict[str, Any]:
    """List one page of the jobs of all servers of the workspace, newest first."""
    rows = [[job["id"], job["kind"], _name_state(job), job["owner"]] for job in jobs.list(number, PAGE)]
    more = {"next_page": number + 1} if jobs.list(number + 1, PAGE) else {}
    return {**table(("job", "kind", "state", "owner"), rows), **more}
