"""Search over a pipeline's literals, judged inside train or, counted, on validation."""

from collections.abc import Mapping
from typing import Any, Literal

from factory.core.answers import Answer, table
from factory.core.progress import subrange
from factory.learning.decision_table import read_decisions
from factory.ledger.ranks import rank
from factory.pipeline import Pipeline
from factory.tasks.backtest import backtest
from factory.tasks.context import TaskContext
from factory.tuning import Cell, combinations, count_changes, cross_validate, idle_literals, searched

Judge = Literal["train", "validation"]


def tune(
    context: TaskContext, grid: Mapping[str, Any] | None = None, cells: int = 20, by: str = "log_loss", judge: Judge = "train"
) -> Answer:
    """Try cells of a grid or of ranges, and score the winner on validation.

    Parameters
    ----------
    grid : mapping or None
        As the pipeline's ``tune`` stage, which it replaces.
    cells : int
        Most cells to try; a larger grid, and every range, is drawn from. Of cells that tie, the one that changes least wins.
    by : {'log_loss', 'auc'}
        What ranks cells inside train.
    judge : {'train', 'validation'}
        ``train``: nested cross-validation, each cell an exploration, the
        winner one trial. ``validation``: each cell is a trial.

    Raises
    ------
    PipelineError
        If the dataset refuses a cell; then none is tried.
    """
    chosen = searched(context.pipeline, grid, cells)
    for cell in chosen:
        context.tracker.check(cell.pipeline)
    ranks, shown = _by_validation(context, chosen) if judge == "validation" else _by_train(context, chosen, by)
    axes = grid or context.pipeline.tune or {}
    changes = count_changes(context.pipeline, [*axes], chosen)
    order = sorted(range(len(chosen)), key=lambda i: (ranks[i], changes[i]))
    winner = _adopt(context, chosen[order[0]].pipeline)
    trial = backtest(
        TaskContext(context.tracker, winner, subrange(context.progress, 0.8, 1.0)),
        why=f"winner of tuning {context.pipeline.id}",
    )
    columns = ("win_rate", "sharpe", "pipeline") if judge == "validation" else ("log_loss", "auc", "auc_error")
    return {
        "cells": _count(len(chosen), combinations(axes)),
        "judged": _judged(judge, by),
        "no_difference": _idle(idle_literals([*axes], chosen, ranks), judge, by),
        "best": table([*axes, *columns], [[*chosen[i].values, *shown[i]] for i in order[:10]]),
        "winner": trial,
    }


def _count(tried: int, total: int | None) -> int | str:
    if tried == total:
        return tried
    return f"{tried}, drawn from ranges" if total is None else f"{tried} of {total}, drawn"


def _judged(judge: Judge, by: str) -> str:
    if judge == "validation":
        return "validation: each cell is a trial"
    return f"nested cross-validation in train, by {by}; the winner alone on validation: one trial"


def _idle(names: list[str], judge: Judge, by: str) -> str | None:
    """Name the literals that the judge cannot tell apart, and which of their values stands then."""
    if not names:
        return None
    blind = f"{', '.join(names)}: not to {'sharpe' if judge == 'validation' else by}"
    told = f"{blind}; of equal cells the one that changes least is taken"
    return told if judge == "validation" else f"{told}. judge=validation may tell them apart"


def _by_train(context: TaskContext, chosen: list[Cell], by: str) -> tuple[list[Any], list[list[Any]]]:
    """Score each cell on train: what it ranks by, the least first, and its figures."""
    columns = context.columns("train")
    scores = []
    for i, cell in enumerate(chosen):
        step = subrange(context.progress, 0.8 * i / len(chosen), 0.8 * (i + 1) / len(chosen))
        step(0.0, f"cell {i + 1} of {len(chosen)}")
        rows = read_decisions(cell.pipeline, columns)
        scores.append(cross_validate(cell.pipeline, rows, columns.partition.fingerprint, context.cache, step))
        context.tracker.count_exploration(cell.pipeline, f"cell of tuning {context.pipeline.id}")
    return [score.rank(by) for score in scores], [[score.log_loss, score.auc, score.auc_error] for score in scores]


def _by_validation(context: TaskContext, chosen: list[Cell]) -> tuple[list[Any], list[list[Any]]]:
    """Score each cell on validation: what it ranks by, the least first, and its figures."""
    trials = []
    for i, cell in enumerate(chosen):
        step = subrange(context.progress, 0.8 * i / len(chosen), 0.8 * (i + 1) / len(chosen))
        trials.append(
            backtest(
                TaskContext(context.tracker, _adopt(context, cell.pipeline), step), why=f"cell of tuning {context.pipeline.id}"
            )
        )
    return [rank(trial) for trial in trials], [
        [trial.get("win_rate"), trial.get("sharpe"), trial["pipeline"]] for trial in trials
    ]


def _adopt(context: TaskContext, child: Pipeline) -> Pipeline:
    context.tracker.adopt(child, parent=context.pipeline.id)
    return child
