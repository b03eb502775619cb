"""Jobs, as agents and people read them."""

from typing import TYPE_CHECKING, Any

from factory.core.answers import table
from factory.core.errors import JobError

if TYPE_CHECKING:
    from factory.jobs import Job, Jobs

PAGE = 10


def result(job: "Job", reader: str | None = None) -> dict[str, Any] | None:
    """What a job answered; None while it has not ended.

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


def status(jobs: "Jobs", job: "Job") -> dict[str, Any]:
    """How a job stands, in a few words, with what is ahead of it and about how long it will take while it has not ended."""
    stands = {"job": job["id"], "state": state(job), "progress": round(job["progress"], 2), "doing": job["message"]}
    if job["state"] not in ("queued", "running"):
        return stands
    ahead, seconds = jobs.outlook(job)
    expected = {} if seconds is None else {"about": f"{max(seconds, 1):.0f}s left"}
    return {**stands, **({"ahead": ahead} if ahead else {}), **expected}


def state(job: "Job") -> str:
    """The state of a job; ``cancelling`` from when it was asked to stop until it has ended."""
    return "cancelling" if job["state"] == "running" and job["cancel_asked"] is not None else job["state"]


def recent(jobs: "Jobs", number: int = 1) -> dict[str, Any]:
    """One page of the jobs of all servers of the workspace, newest first."""
    from factory.jobs.table import PAGE as KEPT

    kept, start = divmod((number - 1) * PAGE, KEPT)
    found = [*jobs.list(kept + 1), *jobs.list(kept + 2)][start:]
    rows = [[job["id"], job["kind"], state(job), job["owner"]] for job in found[:PAGE]]
    more = {"next_page": number + 1} if len(found) > PAGE else {}
    return {**table(("job", "kind", "state", "owner"), rows), **more}
