"""What was done, and what comes of it."""

from functools import partial
from typing import Annotated, Any

from anyio import to_thread
from pydantic import Field

from server.jobs import recent, status
from server.mcp.state import Call, ask, state_of
from server.mcp.tools.arguments import Breakdown, Known, Page, Words
from server.mcp.tools.python import output_of
from server.mcp.work import follow


async def submit(
    call: Call, pipeline: Known, claimed_edge: Annotated[float, Field(gt=0, lt=1)], reason: Words, model: str, cutoff: str
) -> dict[str, Any]:
    """Spend one of the few sealed looks on a frozen pipeline: PASS or FAIL.

    claimed_edge: mean net payoff a decision; model, cutoff: your name and knowledge cutoff.
    """
    return await ask(call, "submit", pipeline=pipeline, claimed_edge=claimed_edge, reason=reason, model=model, cutoff=cutoff)


async def propose(call: Call, pipeline: Known, why: Words) -> dict[str, Any]:
    """Write the strategy file, with provenance and your reasons, for a person to review."""
    return await ask(call, "propose", pipeline=pipeline, why=why)


async def show(
    call: Call, what: Annotated[str, Field(max_length=200)] = "leaderboard", by: Breakdown | None = None, page: Page = 1
) -> dict[str, Any]:
    """A pipeline, several ids to compare ("a b"), a job (waits for it), or: leaderboard, trials, ledger, calls, jobs.

    by breaks a trial down.
    """
    if what.startswith("job-"):
        return await follow(call, what)
    if what.startswith("call-"):
        return await output_of(call, what, page)
    if what == "jobs":
        return await to_thread.run_sync(lambda: recent(state_of(call).jobs, page))
    return await ask(call, "show", what=what, by=by, page=page)


async def cancel(call: Call, job: Known) -> dict[str, Any]:
    """Stop a job."""
    return status(await to_thread.run_sync(partial(state_of(call).jobs.cancel, job)))
