"""Long work: started as a job, followed for a while, handed out as a job id after that."""

import time
from functools import partial
from typing import Any

from anyio import to_thread

from factory.storage.cache import Cache
from factory.tasks.requests import check_request
from factory.views.jobs import describe_job, find_result
from server.mcp.answers import PICTURE
from server.mcp.state import Call, State, agent_of, state_of, workshop_of

PATIENCE = 20.0
"""Seconds within which a call answers: hosts give up at 60."""
SHOWN = 25.0
"""Seconds for which a call that asks for nothing but a job waits."""
FILE = "file"
"""Key of a file's key, in what a worker answers that wrote one."""
STEP = 0.5
"""Seconds between two looks at a job's progress."""


async def work(call: Call, kind: str, *, patience: float = PATIENCE, **args: Any) -> dict[str, Any]:
    """Run one kind of heavy work in a worker process.

    Parameters
    ----------
    call : Call
        The tool call that asked for it; it hears the progress.
    kind : str
        What :func:`factory.tasks.perform` is to do.
    patience : float
        Seconds to wait for it.
    **args : Any
        The call's arguments; those that are None are left out.

    Returns
    -------
    dict
        The result, or ``{"job": ..., "state": ...}`` when it takes longer.

    Raises
    ------
    FactoryError
        If it can be refused before it waits for a worker.
    JobError
        If it failed, was interrupted or was cancelled.
    """
    given = {name: value for name, value in args.items() if value is not None}
    agent = agent_of(call)
    await to_thread.run_sync(lambda: check_request(workshop_of(call), kind, given))
    jobs = await to_thread.run_sync(lambda: state_of(call).jobs)
    job = await to_thread.run_sync(partial(jobs.start, kind, {**given, "agent": agent}, owner=agent))
    return await follow(call, job, patience)


async def follow(call: Call, job_id: str, patience: float = PATIENCE) -> dict[str, Any]:
    """Wait some seconds for a job, passing its progress on; a call that is cancelled leaves the job running."""
    jobs = await to_thread.run_sync(lambda: state_of(call).jobs)
    end = time.monotonic() + patience
    told = -1.0
    while True:
        job = await to_thread.run_sync(jobs.wait, job_id, STEP, abandon_on_cancel=True)
        result = find_result(job, agent_of(call))
        if result is not None:
            return await to_thread.run_sync(_read_picture, state_of(call), result)
        if time.monotonic() >= end:
            stands = await to_thread.run_sync(describe_job, jobs, job)
            return {**stands, "next": f"show(what='{job_id}') waits for it"}
        if job["progress"] > told:
            told = job["progress"]
            await call.report_progress(told, 1.0, job["message"])


def _read_picture(state: State, result: dict[str, Any]) -> dict[str, Any]:
    """Put the PNG in the place of its key, where a worker drew one; what it shows is told without it too."""
    if PICTURE not in result:
        return result
    drawn = Cache(state.workspace.cache).get_bytes(result[PICTURE])
    told = {key: value for key, value in result.items() if key != PICTURE}
    return told if drawn is None else {**told, PICTURE: drawn}
