"""Which inputs carry information: those of a trial, or expressions alone."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy import float64, int8, int64
from numpy.typing import NDArray

from factory.core import canonical
from factory.core.answers import Answer, table
from factory.core.errors import FlowError
from factory.core.progress import Progress, subrange
from factory.core.times import to_duration, to_ms
from factory.evidence.correlation_groups import group_correlated
from factory.evidence.importance import Importance, permutation_importance, permute
from factory.expressions.columns import Columns
from factory.expressions.expression import Expression
from factory.learning.chances import direction_chance
from factory.learning.decision_table import DecisionTable, read_decisions
from factory.learning.labels import label as label_rows
from factory.learning.model import Model, fit_model, meta_columns
from factory.learning.nested_forest import NestedMeta
from factory.learning.sampling import list_beginnings
from factory.market.dataset import open_partition
from factory.market.series import Series
from factory.pipeline import Pipeline
from factory.pipeline.parts.experts import Network
from factory.pipeline.screening import Screen, plan_screen
from factory.report.learned import NOISE
from factory.statistics.blocks import block_length
from factory.statistics.roc_auc import auc, block_interval
from factory.storage.cache import Cache
from factory.tasks.context import TaskContext
from factory.tracking.tracker import Tracker

DELAYS = (1, 5)
"""Bars by which a screened expression is lagged, to see how fast its information fades."""
SHOWN = 15
NAMED = 4
"""Inputs named of those that are not shown."""
BIN_ROWS = 200

By = Literal["log_loss", "auc"]


def rank_inputs(context: TaskContext, by: By = "log_loss", repeats: int = 5, groups: bool = False, raw: bool = False) -> Answer:
    """Estimate the permutation importance of a trial's inputs on validation, beside a column of noise.

    The experts are the trial's; the meta forest is fitted once more with a
    random column among its inputs. An input that does no better than this
    column carries nothing. Of three classes the direction of what moved is
    ranked by. Each input is an exploration of validation, counted the first
    time that it is ranked in this way.

    Parameters
    ----------
    by : {'log_loss', 'auc'}
        What orders the list.
    repeats : int
        Shuffles of each input.
    groups : bool
        Shuffle correlated inputs together: alone, each hides behind the others.
    raw : bool
        Shuffle the features and send them through the experts.

    Raises
    ------
    PipelineError
        If the pipeline is not a trial yet: this looks at validation.
    FlowError
        If no decision there has a label, or raw features are asked of a network.
    """
    context.tracker.require_trial(context.pipeline.id)
    networks = [name for name, part in context.pipeline.experts.items() if isinstance(part, Network)]
    if raw and networks:
        raise FlowError(f"raw: what {networks[0]} sees of its book is no feature that can be shuffled; rank without raw")
    past, columns = context.columns("train"), context.columns("validation")
    noisy = _with_noise(context.pipeline)
    history = _add_noise(context.pipeline, past)
    rows = _add_noise(context.pipeline, columns, history)
    rows = rows.take(rows.labels.y >= 0)
    if not len(rows.time):
        raise FlowError("label: no decision in validation has one, so nothing can be ranked by it; use a shorter horizon")
    model = fit_model(
        noisy, history, past.partition.fingerprint, context.cache, holdout=False, progress=subrange(context.progress, 0.0, 0.6)
    )
    series = columns.partition.series[context.pipeline.label.of]
    block = block_length(series.period, to_ms(context.pipeline.label.horizon), 0)
    importance = _importance(noisy, model, rows, block, repeats, groups, raw, subrange(context.progress, 0.6, 1.0))
    how = f"ranking of {'raw features' if raw else 'inputs'}{' in groups' if groups else ''}"
    context.tracker.count_validation_exploration(context.pipeline, how, sum(name != NOISE for name in importance.log_loss))
    answer: Answer = {
        "pipeline": context.pipeline.id,
        "of": "raw features through the experts" if raw else "meta forest inputs",
        **_listed(importance, by),
        "reads": "rise of log-loss (95 % interval) and fall of AUC when shuffled on validation; "
        f"only what clears '{NOISE}' with its whole interval is shown to carry something",
        "ledger": context.tracker.ledger_summary(context.pipeline.data),
    }
    if not raw and not groups:
        context.tracker.store_run(context.pipeline, "rank", answer)
    return answer


def _with_noise(pipeline: Pipeline) -> Pipeline:
    see = (*pipeline.meta.see, NOISE)
    return pipeline.model_copy(update={"meta": pipeline.meta.model_copy(update={"see": see, "calibrate": "none"})})


def _add_noise(pipeline: Pipeline, columns: Columns, history: DecisionTable | None = None) -> DecisionTable:
    rows = read_decisions(pipeline, columns, history=history)
    rng = np.random.default_rng(canonical.seed_for(columns.partition.fingerprint, NOISE))
    return replace(rows, features={**rows.features, NOISE: rng.normal(size=len(rows.time))})


def _importance(
    pipeline: Pipeline, model: Model, rows: DecisionTable, block: int, repeats: int, groups: bool, raw: bool, progress: Progress
) -> Importance:
    names = _looked_at(pipeline, rows) if raw else meta_columns(pipeline)
    X = rows.matrix(names) if raw else model.inputs(pipeline, rows)
    together = group_correlated(X, names) if groups else _positions(names)
    y, times = rows.labels.y, rows.time
    if not raw:
        meta = model.meta.direction if isinstance(model.meta, NestedMeta) else model.meta
        return permutation_importance(meta, X, y, times, block, together, repeats=repeats, progress=progress)

    def predict(changed: NDArray[float64]) -> NDArray[float64]:
        features = {name: changed[:, i] for i, name in enumerate(names)}
        return direction_chance(model.predict(pipeline, DecisionTable(times[: len(changed)], features, rows.labels, 0)))

    return permute(predict, X, y, times, block, together, repeats=repeats, progress=progress)


def _positions(names: Sequence[str]) -> dict[str, list[int]]:
    """Find where the columns of each input stand."""
    positions: dict[str, list[int]] = {}
    for i, name in enumerate(names):
        positions.setdefault(name.partition(".")[0], []).append(i)
    return positions


def _looked_at(pipeline: Pipeline, rows: DecisionTable) -> list[str]:
    """List the features that an expert or the meta forest sees, in their order, noise last."""
    learned_from = pipeline.learned_from
    return [name for name in rows.features if name in learned_from]


def _listed(importance: Importance, by: By) -> Answer:
    losses, areas = importance.log_loss, importance.auc
    order = sorted(losses, key=lambda name: -(losses if by == "log_loss" else areas)[name].mean)
    shown = _with_ruler(order[:SHOWN], order)
    rows = [[name, losses[name].mean, losses[name].low, losses[name].high, areas[name].mean] for name in shown]
    return {**table(("input", "log_loss", "low", "high", "auc"), rows), "left_out": _name_left_out(shown, order)}


def _name_left_out(shown: list[str], order: list[str]) -> str | None:
    """Name the first few of what was ranked below what is shown, and count the rest."""
    rest = [name for name in order if name not in shown]
    more = f" and {len(rest) - NAMED} more" if len(rest) > NAMED else ""
    return f"{len(rest)} ranked below these: {'; '.join(rest[:NAMED])}{more}" if rest else None


def _record_screen(tracker: Tracker, plan: Screen, fingerprint: str) -> None:
    """Record every expression as an exploration, once against the same label on the same rows."""
    label = plan.label.model_dump(mode="json")
    for text in plan.expressions:
        body = {"agent": tracker.agent, "what": "screen", "features": [text], "dataset": plan.data, "count": 1}
        subject = canonical.digest(["screen", text, label, fingerprint])
        tracker.ledger.append_once("exploration", {**body, "subject": subject})


def _with_ruler(shown: list[str], order: list[str]) -> list[str]:
    ruler = [name for name in order if NOISE in name.split("+") and name not in shown]
    return [*shown, *ruler]


def rank_expressions(
    tracker: Tracker,
    progress: Progress,
    features: Sequence[str] | None = None,
    family: str | None = None,
    label: Mapping[str, Any] | None = None,
    dataset: str | None = None,
) -> Answer:
    """Screen expressions, or a recipe family, against a label on train.

    Each is judged alone: AUC with a block interval, and the AUC when it is
    lagged by one and by five bars. Every expression is an exploration, counted
    the first time that it meets this label; among many, the best looks better
    than it is.

    Parameters
    ----------
    features, family, label, dataset
        As for :func:`factory.pipeline.screening.plan_screen`.
    """
    plan = plan_screen(tracker.catalog, tracker.dataset(dataset), features, family, label)
    data, part, expressions = plan.data, plan.label, plan.expressions
    partition = open_partition(tracker.workspace, data, "train")
    bars = partition.series[part.of]
    times = list_beginnings(bars, to_ms(part.horizon), partition.start, partition.end)
    labels = label_rows(part, bars, times, None, partition.end)
    keep = labels.y >= 0
    columns = Columns(partition, Cache(tracker.workspace.cache))
    bar = bars.period
    block = block_length(bar, to_ms(part.horizon), 0)
    rows: list[list[Any]] = []
    for i, (name, expression) in enumerate(expressions.items()):
        progress(i / len(expressions), f"screening {name}")
        rows.append([name, *_screened(columns, expression, times[keep], labels.y[keep], block, bars)])
    noise = np.random.default_rng(canonical.seed_for(partition.fingerprint, NOISE)).normal(size=int(keep.sum()))
    rows.append([NOISE, *_figures(labels.y[keep], noise, times[keep], block), None, None])
    _record_screen(tracker, plan, partition.fingerprint)
    rows.sort(key=lambda row: -abs((row[1] or 0.5) - 0.5))
    order = [row[0] for row in rows]
    shown = _with_ruler(order[: SHOWN + 1], order)
    columns_of = ("feature", "auc", "low", "high", *(f"lag_{to_duration(delay * bar)}" for delay in DELAYS))
    return {
        "label": f"{part.use} of {part.of}, {part.horizon}, on train, {int(keep.sum())} decisions",
        **table(columns_of, [row for row in rows if row[0] in shown]),
        "left_out": _name_left_out(shown, order),
        "ranked_without": list(plan.left_out) or None,
        "ledger": tracker.ledger_summary(data),
    }


def _screened(
    columns: Columns, expression: Expression, times: NDArray[int64], y: NDArray[int8], block: int, bars: Series
) -> list[float | None]:
    now = _figures(y, columns.at(expression, times), times, block)
    return [*now, *(_figures(y, columns.at(expression, _before(bars, times, delay)), times, block)[0] for delay in DELAYS)]


def _before(bars: Series, times: NDArray[int64], count: int) -> NDArray[int64]:
    """Find the moments so many bars before others; over a night where one lies between."""
    if bars.sessions is None:
        return times - count * bars.period
    return np.asarray(bars.time[np.maximum(np.searchsorted(bars.time, times) - count, 0)])


def _figures(y: NDArray[int8], values: NDArray[float64], times: NDArray[int64], block: int) -> list[float | None]:
    """Compute the AUC and its interval over the rows where the values are there."""
    there = np.isfinite(values)
    area = auc(y[there], values[there]) if there.sum() > BIN_ROWS else None
    if area is None:
        return [None, None, None]
    interval = block_interval(y[there], area, times[there], block)
    return [area.value, *(interval or (None, None))]
