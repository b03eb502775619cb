"""Fit a learner, and predict each training row by one that never saw its time."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy import float64, int8, int64
from numpy.typing import NDArray

from factory.core.errors import UnlearnableError
from factory.core.progress import Progress, no_progress
from factory.core.threads import one_thread, parallel_map
from factory.learning.experts import extra_trees, gradient_boosting, linear, logistic, rule
from factory.learning.experts.base import Arrays, BoostedModel, Fitted, LogitModel, RuleModel, TrainingSet, VotingModel
from factory.learning.splits import purged_kfold
from factory.pipeline.parts.base import Part
from factory.pipeline.parts.experts import Expert, ExtraTrees, GradientBoosting, Linear, Logistic, Rule

FOLDS = 5
EMBARGO = 0.01
"""Share of a fold's time that is left out after it."""


@dataclass(frozen=True, slots=True)
class Learner:
    """How a part is fitted, and what it becomes."""

    fit: Callable[[Any, TrainingSet, int], Fitted]
    model: type[Fitted]


LEARNERS: dict[type[Part], Learner] = {
    Logistic: Learner(logistic.fit, LogitModel),
    Linear: Learner(linear.fit, LogitModel),
    GradientBoosting: Learner(gradient_boosting.fit, BoostedModel),
    ExtraTrees: Learner(extra_trees.fit, VotingModel),
    Rule: Learner(rule.fit, RuleModel),
}


def fit_expert(
    part: Expert, X: NDArray[float64], y: NDArray[int8], ret: NDArray[float64], weight: NDArray[float64], seed: int
) -> Fitted:
    """Fit one learner on rows, with one thread and weights scaled to mean 1.

    Parameters
    ----------
    X : ndarray of float64, shape (n, d)
        No missing values; columns as ``part.see`` (or ``part.of``) names them.
    y : ndarray of int8, shape (n,)
        1 up, 0 down.
    ret, weight : ndarray of float64, shape (n,)
        Returns and positive weights.

    Raises
    ------
    UnlearnableError
        If the rows are of one class.
    """
    ups = int(y.sum())
    if ups in (0, len(y)):
        raise UnlearnableError(
            f"label: all {len(y)} rows that '{part.use}' is fitted on are {'up' if ups else 'down'}; "
            "sample more often, or use a label that is less one-sided"
        )
    with one_thread():
        return LEARNERS[type(part)].fit(part, TrainingSet(np.ascontiguousarray(X), y, ret, weight / weight.mean()), seed)


def load_fitted(part: Expert, arrays: Arrays) -> Fitted:
    """Undo ``Fitted.arrays()`` for the part that was fitted."""
    return LEARNERS[type(part)].model.from_arrays(arrays)


def cross_fit(
    part: Expert,
    X: NDArray[float64],
    y: NDArray[int8],
    ret: NDArray[float64],
    weight: NDArray[float64],
    start: NDArray[int64],
    end: NDArray[int64],
    *,
    seed: int,
    folds: int = FOLDS,
    threads: int = 1,
    progress: Progress = no_progress,
) -> tuple[NDArray[float64], Fitted, int]:
    """Predict each row by a learner fitted on the other blocks of time, and fit one on all.

    Parameters
    ----------
    part : Expert
        What is fitted.
    X, y, ret, weight
        As in :func:`fit_expert`.
    start, end : ndarray of int64, shape (n,)
        Label intervals, ms UTC, `start` never decreasing. Rows whose labels meet a block, or
        that begin within 1 % of a block's time after it, train nothing that predicts it.
    seed : int
        The same for the same numbers, on any number of threads.
    folds : int
        Blocks.
    threads : int
        Fits that run at once.

    Returns
    -------
    oof : ndarray of float64, shape (n,)
        Out-of-fold chance of up.
    fitted : Fitted
        Fitted on all rows.
    unconverged : int
        Of these fits, those whose solver did not reach its solution.

    Raises
    ------
    UnlearnableError
        If there are fewer than two rows a block, or a block's training rows are of one class.
    """
    if len(y) < 2 * folds:
        raise UnlearnableError(
            f"sample: {len(y)} labelled decisions are too few for {folds} blocks of cross-fitting; sample more often"
        )
    embargo = int(EMBARGO * (end[-1] - start[0]) / folds)
    everything = np.arange(len(y))
    blocks = [*purged_kfold(start, end, folds, embargo), (everything, everything[:0])]
    oof = np.empty(len(y))

    def work(block: int) -> Fitted:
        train, test = blocks[block]
        fitted = fit_expert(part, X[train], y[train], ret[train], weight[train], seed + block)
        oof[test] = fitted.predict(X[test])
        return fitted

    with one_thread(), closing(parallel_map(work, range(len(blocks)), threads)) as fits:
        found: list[Fitted] = []
        for fitted in fits:
            found.append(fitted)
            progress(len(found) / len(blocks), f"cross-fitting {part.use}")
    return oof, found[-1], sum(not fitted.has_converged for fitted in found)
