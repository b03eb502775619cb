"""Making pipelines, fitting them, and finding out what they are worth."""

from typing import Annotated, Any, Literal

from pydantic import Field

from server.mcp.state import Call, ask
from server.mcp.tools.arguments import OPEN, Changes, Known, Spec, Words
from server.mcp.work import work

Code = Annotated[str, Field(max_length=20_000)]


async def define_pipeline(
    call: Call, spec: Spec | None = None, parent: Known | None = None, changes: Changes | None = None
) -> dict[str, Any]:
    """Check and keep a pipeline: a whole spec (object or YAML text), or a parent (id or name) and changes.
    Gives its id, the diff, look-backs, warnings, what is cached. Runs nothing.
    """
    return await ask(call, "define", spec=spec, parent=parent, changes=changes)


async def train(
    call: Call, pipeline: Known | None = None, parent: Known | None = None, changes: Changes | None = None
) -> dict[str, Any]:
    """Fit on train only: the experts' out-of-fold scores and the forest's score on the held-out end of train.
    Costs no trial.
    """
    return await work(call, "train", pipeline=pipeline, parent=parent, changes=changes)


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
    return await work(call, "backtest", pipeline=pipeline, parent=parent, changes=changes, why=why)


async def tune(
    call: Call,
    pipeline: Known,
    grid: Annotated[dict[str, Any], OPEN] | None = None,
    cells: Annotated[int, Field(ge=2, le=200)] | None = None,
    judge: Literal["train", "validation"] = "train",
) -> dict[str, Any]:
    """Search literals: grid {path: [values]} or {path: {from, to, log}} (default: the pipeline's tune), at most
    `cells` drawn. Ranked by nested cross-validation in train, the winner scored on validation; judge=validation makes
    each cell a trial.
    """
    return await work(call, "tune", pipeline=pipeline, grid=grid, cells=cells, judge=judge)


async def rank_features(
    call: Call,
    pipeline: Known | None = None,
    features: Annotated[list[str], Field(max_length=60)] | None = None,
    family: str | None = None,
    label: Annotated[dict[str, Any], OPEN] | None = None,
    dataset: str | None = None,
    groups: bool | None = None,
    raw: bool | None = None,
) -> dict[str, Any]:
    """Which inputs matter. With a pipeline: out-of-sample permutation importance against a noise column (groups:
    permute correlated ones together; raw: features through the experts). Without: expressions or a recipe family
    against a label on train, AUC with interval and decay with delay.
    """
    return await work(
        call,
        "rank",
        pipeline=pipeline,
        features=features,
        family=family,
        label=label,
        dataset=dataset,
        groups=groups,
        raw=raw,
    )


async def execute_python(
    call: Call,
    code: Code,
    dataset: str | None = None,
    pipeline: Known | None = None,
    validation: bool | None = None,
) -> dict[str, Any]:
    """A few lines of pandas/numpy in a sandbox, over the frame `train` (columns as series_column, plus the features
    of a pipeline). Print or end with an expression. validation=true adds that frame and is written down as a trial first.
    """
    return await work(call, "execute", code=code, dataset=dataset, pipeline=pipeline, validation=validation)
