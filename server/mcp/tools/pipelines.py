"""Making pipelines, fitting them, and finding out what they are worth."""

from typing import Annotated, Any, Literal

from anyio import to_thread
from pydantic import Field

from factory.core.errors import PipelineError, UnknownError
from factory.tasks.requests import require_one_way
from server.mcp.state import Call, ask, warm, workshop_of
from server.mcp.tools.arguments import Candidates, Changes, Grid, Known, Label, Score, Spec, Words
from server.mcp.work import work

BOTH = "parent (id or name) and changes such as {'meta.leaf': 200}"


async def define_pipeline(
    call: Call, spec: Spec | None = None, parent: Known | None = None, changes: Changes | None = None
) -> dict[str, Any]:
    """Check and keep a pipeline: a whole spec (object or YAML text), or a parent (id or name) and changes.

    Gives its id, which variants of one name are told apart by, the diff, look-backs, warnings. Runs nothing.
    """
    if spec is None:
        await to_thread.run_sync(_require_subject, call, "define_pipeline", None, parent, changes)
    defined = await ask(call, "define", spec=spec, parent=parent, changes=changes)
    await warm(call)
    return defined


async def train(
    call: Call, pipeline: Known | None = None, parent: Known | None = None, changes: Changes | None = None
) -> dict[str, Any]:
    """Fit on train only: the experts' out-of-fold scores, and the forest's on the held-out end of train.

    Costs no trial.
    """
    await to_thread.run_sync(_require_subject, call, "train", pipeline, parent, changes)
    return await work(call, "train", pipeline=await resolve_or_derive(call, pipeline, parent, changes))


async def backtest(
    call: Call,
    pipeline: Known | None = None,
    parent: Known | None = None,
    changes: Changes | None = None,
    why: Words | None = None,
) -> dict[str, Any]:
    """The trial: score a pipeline, or a parent with changes, on validation, training it if needed.

    Costs, win rate beside break-even, intervals, coin-flip and always-long twins. Each distinct pipeline counts once.
    """
    await to_thread.run_sync(_require_subject, call, "backtest", pipeline, parent, changes)
    settled = await resolve_or_derive(call, pipeline, parent, changes)
    scored = await to_thread.run_sync(_scored, call, settled, why)
    return scored or await work(call, "backtest", pipeline=settled, why=why)


async def tune(
    call: Call,
    pipeline: Known,
    grid: Grid | None = None,
    cells: Annotated[int, Field(ge=2, le=200)] | None = None,
    by: Score | None = None,
    judge: Literal["train", "validation"] | None = None,
) -> dict[str, Any]:
    """Search literals: a grid, default the pipeline's tune, at most `cells`.

    Ranked by nested cross-validation in train, the winner scored on validation; judge=validation makes each cell a trial.
    """
    settled = await resolve_or_derive(call, pipeline)
    return await work(call, "tune", pipeline=settled, grid=grid, cells=cells, by=by, judge=judge)


async def rank_features(
    call: Call,
    pipeline: Known | None = None,
    features: Annotated[Candidates, Field(max_length=60)] | None = None,
    family: str | None = None,
    label: Label | None = None,
    dataset: str | None = None,
    by: Score | None = None,
    groups: bool | None = None,
    raw: bool | None = None,
) -> dict[str, Any]:
    """Which inputs matter: out-of-sample permutation importance in a trial, against a noise column.

    groups: permute correlated ones together; raw: features through the experts. Without a pipeline: features (expressions,
    recipes' names) or a recipe family against a label on train, AUC with interval and decay with delay.
    """
    screen: dict[str, Any] = {"features": features, "family": family, "label": label, "dataset": dataset}
    chosen = {**screen, "by": by, "groups": groups, "raw": raw}
    require_one_way(pipeline, chosen)
    settled = pipeline and await to_thread.run_sync(lambda: workshop_of(call).require_trial(pipeline))
    return await work(call, "rank", pipeline=settled, **chosen)


async def resolve_or_derive(
    call: Call, pipeline: str | None, parent: str | None = None, changes: dict[str, Any] | None = None
) -> str:
    """Resolve names, and make the child of a parent with changes, before any worker is troubled; give the id."""
    return await to_thread.run_sync(lambda: workshop_of(call).resolve_or_derive(pipeline, parent, changes))


def _require_subject(call: Call, tool: str, pipeline: str | None, parent: str | None, changes: dict[str, Any] | None) -> None:
    """Refuse a call that is about no pipeline, in the words of its tool.

    Raises
    ------
    PipelineError
        What is missing; of a parent that is unknown, that first.
    """
    whole = "spec" if tool == "define_pipeline" else "pipeline (id or name)"
    if not pipeline and not parent:
        missing = "parent: missing beside changes" if changes else f"{tool}: no pipeline came"
        raise PipelineError(f"{missing}; give {whole}, or {BOTH}")
    if parent and not pipeline and not changes:
        _require_known(call, parent)
        alone = "" if tool == "define_pipeline" else f", or pipeline='{parent}' to {tool} it as it is"
        raise PipelineError(f"changes: missing; give what is otherwise than in {parent}, such as {{'meta.leaf': 200}}{alone}")


def _require_known(call: Call, reference: str) -> None:
    try:
        workshop_of(call).resolve(reference)
    except UnknownError:
        raise
    except PipelineError:  # a name of several may be a parent's
        return


def _scored(call: Call, pipeline: str, why: str | None) -> dict[str, Any] | None:
    workshop = workshop_of(call)
    return workshop.find_trial(workshop.resolve(pipeline), why or "")
