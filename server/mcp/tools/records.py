"""What was done, and what comes of it."""

from typing import Annotated, Any

from anyio import to_thread
from pydantic import Field

from factory.core.errors import PipelineError
from factory.views.jobs import describe_job, list_jobs
from server.mcp.hosts import card_place
from server.mcp.state import Call, agent_of, ask, state_of, workshop_of
from server.mcp.tools.arguments import Breakdown, Chart, Date, Known, Page, What, Words
from server.mcp.tools.python import page_output
from server.mcp.work import SHOWN, follow, work


async def submit(
    call: Call,
    pipeline: Known,
    claim: Annotated[float, Field(gt=0, lt=1)] | None = None,
    why: Words | None = None,
    model: Known | None = None,
    cutoff: Date | None = None,
) -> dict[str, Any]:
    """Spend one of the few sealed looks on a frozen pipeline: PASS or FAIL, told at a fixed time.

    Needs all of claim, a mean net payoff in the range of a trial's `ready` (maybe above what you measured); why; model and
    cutoff, your name and knowledge cutoff (2026-01). If anything is missing, all of it is named, nothing spent.
    """
    settled = await to_thread.run_sync(_resolve, call, pipeline, why or "", model or "", cutoff or "")
    return await work(call, "submit", pipeline=settled, claim=claim, why=why, model=model, cutoff=cutoff)


def _resolve(call: Call, pipeline: str, *words: str) -> str:
    """Return the id of a pipeline; where there is none, what is missing of the words beside it is named too."""
    from factory.vault.readiness import missing_of_arguments

    try:
        return workshop_of(call).resolve(pipeline).id
    except PipelineError as error:
        raise PipelineError(*error.lines, *missing_of_arguments(*words)) from None


async def propose(call: Call, pipeline: Known, why: Words) -> dict[str, Any]:
    """Write the strategy file, with provenance and your reasons, for a person to review."""
    return await ask(call, "propose", pipeline=pipeline, why=why)


async def show(
    call: Call, what: What = "leaderboard", by: Breakdown | None = None, chart: Chart | None = None, page: Page = 1
) -> dict[str, Any]:
    """A pipeline, several ids to compare ("a b"), a job (waits for it), or: summary, leaderboard, trials, ledger, looks, calls.

    summary: of a search, what pays and what is ruled out; also jobs, pipelines. by breaks a trial down, chart draws it; these
    and summary count as explorations.
    """
    if by is not None and chart is not None:
        raise PipelineError("chart: came with by; give one of them")
    if chart is not None:
        return name_card(call, await work(call, "chart", pipeline=what, chart=chart))
    if by is not None:
        return await ask(call, "show", what=what, by=by)
    if what.startswith("job-"):
        return name_card(call, await follow(call, what, SHOWN))
    if what.startswith("call-"):
        return await page_output(call, what, page)
    if what == "jobs":
        return await to_thread.run_sync(lambda: list_jobs(state_of(call).jobs, page))
    return name_card(call, await ask(call, "show", what=what, by=by, page=page, reader=agent_of(call)))


def name_card(call: Call, answer: dict[str, Any]) -> dict[str, Any]:
    """Say where a person finds the card, in an answer about one trial: not every host shows a view, or a picture."""
    if not answer.keys() & {"score", "chart"}:
        return answer
    return {**answer, "card": card_place(state_of(call).address, answer["pipeline"])}


async def cancel(call: Call, job: Known) -> dict[str, Any]:
    """Stop a job of yours."""
    jobs = await to_thread.run_sync(lambda: state_of(call).jobs)
    return await to_thread.run_sync(lambda: describe_job(jobs, jobs.cancel(job, agent_of(call))))
