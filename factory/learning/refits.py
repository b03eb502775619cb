"""A recipe refitted as time passes, in a trial and in the exam alike."""

from collections import Counter

import numpy as np
from numpy import float64
from numpy.typing import NDArray

from factory.core.errors import FlowError, UnlearnableError
from factory.core.progress import Progress, no_progress, subrange
from factory.core.times import iso, to_ms
from factory.expressions.columns import Columns
from factory.learning.decision_table import DecisionTable, concatenate
from factory.learning.model import FEWEST_ROWS, Fits, Model, fit_model
from factory.market.grid import find_missing
from factory.market.series import Partition, Series
from factory.pipeline import Pipeline
from factory.pipeline.parts.labels import count_classes, list_label_series
from factory.storage.cache import Cache

FEW, HOLE, ONE_CLASS = "too few labels", "missing rows", "one class"
"""Why a refit's window cannot be learned from."""
MOST_ABSENT = 0.2
"""Share of a series' rows whose absence explains why a window has too few labels."""


def predict_with_refits(
    pipeline: Pipeline, history: DecisionTable, rows: DecisionTable, columns: Columns, progress: Progress = no_progress
) -> tuple[NDArray[float64], Fits]:
    """Predict the chance of up on a partition from a recipe refitted as time passes.

    At each step the recipe is fitted anew on the decisions of the last
    `window` whose labels were resolved by then, and predicts until the next.
    Where that window cannot be learned from, the model before it goes on.

    Parameters
    ----------
    history : DecisionTable
        Decisions of the partition before.
    rows : DecisionTable
        Decisions to predict.
    columns : Columns
        Of the partition that they lie in.

    Returns
    -------
    chances : ndarray of float64, shape (n,) or (n, 3)
        As of :meth:`~factory.learning.model.Model.predict`.
    fits : Fits
        What was fitted and what was kept.

    Raises
    ------
    FlowError
        If the first window cannot be learned from.
    """
    assert pipeline.refit is not None
    every = to_ms(pipeline.refit.every)
    known, partition = concatenate(history, rows), columns.partition
    chances = np.empty(len(rows.time) if count_classes(pipeline.label) == 2 else (len(rows.time), 3))
    steps = range(partition.start, partition.end, every)
    model, fitted = None, 0
    kept: Counter[str] = Counter()
    unconverged: Counter[str] = Counter()
    for k, now in enumerate(steps):
        chosen = (rows.time >= now) & (rows.time < now + every)
        if not chosen.any():
            continue
        past = select_past(pipeline, known, now)
        step = subrange(progress, k / len(steps), (k + 1) / len(steps))
        try:
            model = fit_step(pipeline, k, past, partition.fingerprint, columns.cache, step)
        except UnlearnableError as error:
            if model is None:
                raise _unstartable(pipeline, partition, len(past.time), now, error) from error
            kept[_why_unlearnable(pipeline, partition, len(past.time), now)] += 1
        else:
            fitted += 1
            unconverged.update(model.unconverged)
        chances[chosen] = model.predict(pipeline, rows.take(chosen))
    return chances, Fits(unconverged, fitted, kept)


def select_past(pipeline: Pipeline, known: DecisionTable, now: int) -> DecisionTable:
    """Select the decisions of the last `window` whose labels were resolved by a moment: what a refit then learns from."""
    assert pipeline.refit is not None
    _, resolved = known.reach
    recent = (known.time >= now - to_ms(pipeline.refit.window)) & (known.time < now)
    return known.take(recent & (resolved <= now) & known.labels.known)


def fit_step(
    pipeline: Pipeline, step: int, past: DecisionTable, fingerprint: str, cache: Cache | None, progress: Progress = no_progress
) -> Model:
    """Fit a recipe anew at one of its steps, counted from the partition's start.

    Raises
    ------
    UnlearnableError
        If the past cannot be learned from; the model before then goes on.
    """
    return fit_model(pipeline, past, fingerprint, cache, path=f"refit.{step}.", progress=progress)


def _why_unlearnable(pipeline: Pipeline, partition: Partition, labelled: int, now: int) -> str:
    if labelled >= FEWEST_ROWS:
        return ONE_CLASS
    return HOLE if _worst_hole(pipeline, partition, now)[0] > MOST_ABSENT else FEW


def _worst_hole(pipeline: Pipeline, partition: Partition, now: int) -> tuple[float, str]:
    """Find the pipeline's series that misses the greatest share of its rows in the window before a moment."""
    assert pipeline.refit is not None
    used = list_label_series(pipeline.label).union(*(expression.series for expression in pipeline.expressions().values()))
    return max((_absent(partition.series[name], now - to_ms(pipeline.refit.window), now), name) for name in used)


def _absent(series: Series, first: int, before: int) -> float:
    rows = slice(*np.searchsorted(series.time, [first, before]))
    if series.sessions is not None:
        return float(np.mean(find_missing(series)[rows])) if rows.stop > rows.start else 1.0
    return 1 - np.count_nonzero(~find_missing(series)[rows]) * series.period / (before - first)


def _unstartable(pipeline: Pipeline, partition: Partition, labelled: int, now: int, error: UnlearnableError) -> FlowError:
    """Explain why a first window cannot be learned from: no model stands before it."""
    assert pipeline.refit is not None
    window, (share, name) = pipeline.refit.window, _worst_hole(pipeline, partition, now)
    few = f"holds {labelled} labelled decisions, at least {FEWEST_ROWS} are needed"
    said = {
        FEW: f"{few}; use a longer window or sample more often",
        HOLE: f"{few}, and {share:.0%} of its {name} rows are missing; use a window that reaches past them",
        ONE_CLASS: f"cannot be learned from: {error.lines[0]}",
    }[_why_unlearnable(pipeline, partition, labelled, now)]
    first = iso(now - to_ms(window))
    return FlowError(f"refit.window: {window} before {iso(now)}, from {first}, {said}")
