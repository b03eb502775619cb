"""An agent's own few lines, run in the sandbox."""

import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal

from anyio import to_thread
from pydantic import Field

from factory.core.answers import round_answer
from factory.core.errors import FlowError
from factory.core.foreign import clean_text
from sandbox import Level, Outcome, pick_frames, refuse, shorten
from server.mcp.state import Call, agent_of, ask, connection_of, state_of, workshop_of
from server.mcp.tools.arguments import Code, Expressions, Known
from server.mcp.work import work
from server.python_tool.cheaper_tools import FEATURES, find_cheaper_tool
from server.python_tool.hints import find_hint, first_bars

if TYPE_CHECKING:
    from factory.tasks.frame_plan import Frames
    from factory.workshop import Workshop
    from server.mcp.state import State

PRINTED = 300
UNSEEN = "it saw nothing of validation and is no trial"


async def execute_python(
    call: Call,
    code: Code,
    dataset: str | None = None,
    data: Literal["train", "validation"] = "train",
    features: Annotated[Expressions, Field(max_length=30)] | None = None,
    pipeline: Known | None = None,
) -> dict[str, Any]:
    """Run a few lines of pandas/numpy in a sandbox, over the frame `train`: one row a minute, other series as series_column.

    Print, or end with an expression; change a copy. features adds columns; pipeline its out-of-fold `predictions`.
    data=validation adds that frame, with pipeline also `trades`, of a fixed share of its days: a trial.
    """
    frames = await to_thread.run_sync(lambda: workshop_of(call).frames(dataset, data == "validation", features or (), pipeline))
    sandbox = await to_thread.run_sync(lambda: state_of(call).sandbox)
    connection = connection_of(call)
    refused = refuse(code, sandbox.limits)
    if refused:
        raise FlowError(f"execute_python: {refused.error}")
    if await to_thread.run_sync(frames.missing):
        made = await work(call, "frames", **frames.asked())
        if "job" in made:
            return made
    sandbox.budget.admit(connection)
    workshop = workshop_of(call)
    if features:
        state_of(call).record_use(connection, FEATURES)
    answer = partial(_answer, workshop, state_of(call), connection, frames, code)
    looks = bool(frames.of_validation & set(pick_frames(code, frames.paths)))
    if looks:
        checked = await _run_in_sandbox(partial(sandbox.broker.check, code))
        if checked.error:
            return await to_thread.run_sync(partial(answer, checked, looked=False))
        await to_thread.run_sync(workshop.record_validation_access, frames, code)
    outcome = await _run_in_sandbox(partial(sandbox.broker.run, code, frames.paths))
    return await to_thread.run_sync(partial(answer, outcome, looked=looks))


async def page_output(call: Call, id: str, page: int) -> dict[str, Any]:
    """Return a page of what a call printed; its tokens come out of the same budget."""
    budget, connection = (await to_thread.run_sync(lambda: state_of(call).sandbox)).budget, connection_of(call)
    budget.admit(connection, calls=0)
    shown = await ask(call, "show", what=id, page=page, reader=agent_of(call))
    budget.spend(connection, shown["output"])
    return shown


async def _run_in_sandbox(run: Callable[..., Outcome]) -> Outcome:
    """Let the broker work off the event loop; a call that is cancelled takes its worker along."""
    stop = threading.Event()
    try:
        return await to_thread.run_sync(lambda: run(stop=stop), abandon_on_cancel=True)
    finally:
        stop.set()


def _answer(
    workshop: "Workshop",
    state: "State",
    connection: str,
    frames: "Frames",
    code: str,
    outcome: Outcome,
    looked: bool,
) -> dict[str, Any]:
    """Log the call and say what came of it, and if it failed, whether it looked at validation.

    Raises
    ------
    FlowError
        If the code failed or met a limit.
    """
    sandbox = state.sandbox
    outcome = replace(outcome, output=clean_text(outcome.output), error=outcome.error and clean_text(outcome.error))
    shown = outcome.output[-PRINTED:] if outcome.error else shorten(outcome.output, sandbox.settings.shown)
    tokens = sandbox.budget.spend(connection, shown + (outcome.error or ""))
    whole = outcome.output if shown != outcome.output else None
    id = workshop.log_code_call(frames, code, seconds=outcome.seconds, tokens=tokens, limit=outcome.limit, output=whole)
    more = f"show(what='{id}') pages all {len(outcome.output):,} characters" if whole else None
    level = sandbox.broker.level
    if outcome.error:
        mend = _find_mend(workshop, frames, outcome.error)
        printed = (f"printed before: {shown}",) if shown else ()
        counted = (workshop.ledger_summary(frames.dataset) if looked else UNSEEN,) if frames.validation else ()
        raise FlowError(f"execute_python: {outcome.error}", *mend, *printed, *((more,) if more else ()), *counted)
    cheaper = find_cheaper_tool(code, state.used_by(connection), first_bars(workshop.catalog.meta(frames.dataset)["series"]))
    if cheaper:
        state.record_use(connection, cheaper)
    return round_answer(
        {
            "output": shown,
            "more": more,
            "seconds": outcome.seconds,
            "cheaper": cheaper,
            "isolation": level.value if level is Level.WEAK else None,
            "ledger": workshop.ledger_summary(frames.dataset),
        }
    )


def _find_mend(workshop: "Workshop", frames: "Frames", error: str) -> list[str]:
    """Suggest what to pass or write instead, if the error tells."""
    features = workshop.resolve(frames.pipeline).features if frames.pipeline else ()
    own = [name for name in features if name not in frames.features]
    hint = find_hint(error, frames.files, workshop.catalog.meta(frames.dataset)["series"], own)
    return [hint] if hint else []
