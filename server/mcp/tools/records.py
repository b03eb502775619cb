"""What was done, and what comes of it."""

from typing import Annotated, Any

from pydantic import Field

from server.mcp.state import Call, ask
from server.mcp.tools.arguments import Known, Page, Words


async def submit(
    call: Call, pipeline: Known, claimed_edge: Annotated[float, Field(gt=0, lt=1)], reason: Words, model: str, cutoff: str
) -> dict[str, Any]:
    """Spend one of the few sealed looks on a frozen pipeline: PASS or FAIL. claimed_edge: mean net payoff a decision;
    model, cutoff: your name and knowledge cutoff.
    """
    return await ask(call, "submit", pipeline=pipeline, claimed_edge=claimed_edge, reason=reason, model=model, cutoff=cutoff)


async def propose(call: Call, pipeline: Known, why: Words) -> dict[str, Any]:
    """Write the strategy file, with provenance and your reasons, for a person to review."""
    return await ask(call, "propose", pipeline=pipeline, why=why)


async def show(call: Call, what: Known = "leaderboard", by: str | None = None, page: Page = 1) -> dict[str, Any]:
    """A pipeline, run or job (waits for it), or: leaderboard, trials, ledger, datasets. by: hour, month, side,
    confidence, volatility breaks a trial down.
    """
    return await ask(call, "show", what=what, by=by, page=page)


async def cancel(call: Call, job: Known) -> dict[str, Any]:
    """Stop a job."""
    return await ask(call, "cancel", job=job)
