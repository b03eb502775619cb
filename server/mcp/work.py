"""Long work: started as a job, followed for a while, handed out as a job id after that."""

import time
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from anyio import to_thread

from factory.answers import table
from factory.errors import JobError
from server.mcp.state import Call, agent_of, state_of

if TYPE_CHECKING:
    from factory.jobs import Job

PATIENCE = 20.0
"""Seconds within which a call answers: hosts give up at 60."""
STEP = 0.5
"""Seconds between two looks at a job's progress."""


async def work(call: Call, kind: str, **args: Any) -> dict[str, Any]:
    """Run one kind of heavy work in a worker process.

    Parameters
    ----------
    call : Call
        The tool call that asked for it; it hears the progress.
    kind : str
        What :func:`factory.workshop.perform` is to do.
    **args : Any
        The call's arguments; those that are None are left out.

    Returns
    -------
    dict
        The result, or ``{"job": ..., "state": ...}`` when it takes longer than 20 s.

    Raises
    ------
    JobError
        If it failed, was interrupted or was cancelled.
    """
    given = {name: value for name, value in args.items() if value is not None}
    agent = agent_of(call)
    jobs = await to_thread.run_sync(lambda: state_of(call).jobs)
    job = await to_thread.run_sync(partial(jobs.start, kind, {**given, "agent": agent}, owner=agent))
    return await follow(call, job)


async def follow(call: Call, job_id: str) -> dict[str, Any]:
    """Wait up to 20 s for a job, passing its progress on; a call that is cancelled leaves the job running."""
    jobs = await to_thread.run_sync(lambda: state_of(call).jobs)
    end = time.monotonic() + PATIENCE
    told = -1.0
    while True:
        job = await to_thread.run_sync(jobs.wait, job_id, STEP, abandon_on_cancel=True)
        if job["state"] == "done":
            return dict(job["result"])
        if job["state"] not in ("queued", "running"):
            raise JobError(*(job["error"] or f"{job_id}: {job['state']}").splitlines())
        if time.monotonic() >= end:
            return {**status(job), "next": f"show(what='{job_id}') waits for it"}
        if job["progress"] > told:
            told = job["progress"]
            await call.report_progress(told, 1.0, job["message"])


def status(job: "Job") -> dict[str, Any]:
    """How a job stands, in a few words."""
    return {"job": job["id"], "state": job["state"], "progress": round(job["progress"], 2), "doing": job["message"]}


def recent(jobs: "Sequence[Job]") -> dict[str, Any]:
    """Jobs of all servers of the workspace, newest first."""
    rows = [[job["id"], job["kind"], job["state"], round(job["progress"], 2), job["owner"]] for job in jobs]
    return table(("job", "kind", "state", "progress", "owner"), rows)
