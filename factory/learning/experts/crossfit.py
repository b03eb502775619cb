"""Fit a learner, and predict each training row by one that never saw its time."""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy import float64, int8, int64
from numpy.typing import NDArray

from factory.core.errors import FlowError, UnlearnableError
from factory.core.progress import Progress, no_progress
from factory.core.threads import one_thread, parallel_map
from factory.learning.experts import extra_trees, gradient_boosting, linear, logistic, nested, rule
from factory.learning.experts.base import (
    Arrays,
    BoostedModel,
    Fitted,
    Loadable,
    LogitModel,
    RuleModel,
    TrainingSet,
    VotingModel,
)
from factory.learning.experts.bin_ctabl import BinCtablModel
from factory.learning.experts.deeplob import DeepLobModel
from factory.learning.experts.nested import FLAT, NestedModel, split_sample
from factory.learning.splits import purged_kfold
from factory.learning.windows import Windows, WindowSet
from factory.pipeline.parts.base import Part
from factory.pipeline.parts.experts import (
    BinCtabl,
    DeepLob,
    Expert,
    ExtraTrees,
    GradientBoosting,
    Linear,
    Logistic,
    Network,
    Rule,
)

FOLDS = 5
EMBARGO = 0.01
"""Share of a fold's time that is left out after it."""
HOLDOUT = 0.6
"""Share of the rows, the first, that a network is fitted on to predict the rest."""
CLASSES = {2: ("down", "up"), 3: ("down", "flat", "up")}
MOVE_CLASSES = ("flat", "moves")

Split = tuple[NDArray[int64], NDArray[int64]]


@dataclass(frozen=True, slots=True)
class Learner:
    """How a part is fitted on a :class:`TrainingSet`, or a network on a :class:`WindowSet`, and what it becomes."""

    fit: Callable[[Any, Any, int], Fitted]
    model: type[Loadable]


LEARNERS: dict[type[Part], Learner] = {
    Logistic: Learner(logistic.fit, LogitModel),
    Linear: Learner(linear.fit, LogitModel),
    GradientBoosting: Learner(gradient_boosting.fit, BoostedModel),
    ExtraTrees: Learner(extra_trees.fit, VotingModel),
    Rule: Learner(rule.fit, RuleModel),
    DeepLob: Learner(DeepLobModel.train, DeepLobModel),
    BinCtabl: Learner(BinCtablModel.train, BinCtablModel),
}


def fit_expert(
    part: Expert,
    X: NDArray[float64],
    y: NDArray[int8],
    ret: NDArray[float64],
    weight: NDArray[float64],
    seed: int,
    classes: int = 2,
) -> Fitted:
    """Fit one learner on rows, with one thread and weights scaled to mean 1.

    Parameters
    ----------
    X : ndarray of float64, shape (n, d)
        No missing values; columns as ``part.see`` (or ``part.of``) names them.
    y : ndarray of int8, shape (n,)
        1 up, 0 down; of three classes 0 down, 1 flat, 2 up.
    ret, weight : ndarray of float64, shape (n,)
        Returns and positive weights.
    classes : int
        2, or 3, which are told apart by two fits.

    Raises
    ------
    UnlearnableError
        If the rows, or those of them that moved, are of one class.
    """
    sample = TrainingSet(np.ascontiguousarray(X), y, ret, weight / weight.mean())
    if classes == 2:
        return _fit_two(part, sample, seed, CLASSES[2])
    _refuse_one_class(part.use, (y != FLAT).astype(int8), MOVE_CLASSES)
    moves, direction = split_sample(sample)
    return NestedModel(_fit_two(part, moves, seed, MOVE_CLASSES), _fit_two(part, direction, seed, CLASSES[2]))


def _fit_two(part: Expert, sample: TrainingSet, seed: int, names: Sequence[str]) -> Fitted:
    _refuse_one_class(part.use, sample.y, names)
    with one_thread():
        return LEARNERS[type(part)].fit(part, sample, seed)


def fit_network(part: Network, sample: WindowSet, seed: int) -> Fitted:
    """Fit one network on windows, with one thread and weights scaled to mean 1.

    Raises
    ------
    UnlearnableError
        If the rows are of one class.
    FlowError
        If torch is not installed, or the training fails.
    """
    _refuse_one_class(part.use, sample.y, CLASSES[sample.classes])
    with one_thread():
        return LEARNERS[type(part)].fit(part, replace(sample, weight=sample.weight / sample.weight.mean()), seed)


def _refuse_one_class(use: str, y: NDArray[int8], names: Sequence[str]) -> None:
    classes = np.unique(y)
    if len(classes) < 2:
        raise UnlearnableError(
            f"label: all {len(y)} rows that '{use}' is fitted on are {names[classes.max(initial=0)]}; "
            "sample more often, or use a label that is less one-sided"
        )


def load_fitted(part: Expert | Network, arrays: Arrays) -> Fitted:
    """Restore the model of a fitted part from ``Fitted.arrays()``."""
    load = LEARNERS[type(part)].model.from_arrays
    is_nested = any(name.startswith(nested.MOVES) for name in arrays)
    return NestedModel.from_parts(arrays, load) if is_nested else load(arrays)


def cross_fit(
    part: Expert | Network,
    X: NDArray[float64] | Windows,
    y: NDArray[int8],
    ret: NDArray[float64],
    weight: NDArray[float64],
    start: NDArray[int64],
    end: NDArray[int64],
    *,
    seed: int,
    folds: int = FOLDS,
    threads: int = 1,
    classes: int = 2,
    checkpoints: Path | None = None,
    progress: Progress = no_progress,
) -> tuple[NDArray[float64], Fitted, int]:
    """Predict each row by a learner fitted on the other blocks of time, and fit one on all.

    Parameters
    ----------
    part : Expert or Network
        What is fitted.
    X, y, ret, weight
        As in :func:`fit_expert`; a network is given windows. Rows of which `y` is -1 are predicted and train nothing.
    start, end : ndarray of int64, shape (n,)
        Label intervals, ms UTC, `start` never decreasing. Rows whose labels meet a block, or
        that begin within 1 % of a block's time after it, train nothing that predicts it.
    seed : int
        The same for the same numbers, on any number of threads.
    folds : int
        Blocks.
    threads : int
        Fits that run at once.
    classes : int
        2 or 3.
    checkpoints : Path or None
        Folder that keeps networks between their epochs.

    Returns
    -------
    oof : ndarray of float64, shape (n,) or (n, 3)
        Out-of-fold chance of up, or chances of down, flat and up. NaN on the first rows of a network with
        ``cross_fit: holdout``, which it is fitted on.
    fitted : Fitted
        Fitted on all rows; with ``cross_fit: holdout`` on the first.
    unconverged : int
        Of these fits, those whose solver did not reach its solution.

    Raises
    ------
    UnlearnableError
        If there are fewer than two rows a block, or a block's training rows are of one class.
    FlowError
        If a network is given features, or another learner windows.
    """
    if len(y) < 2 * folds:
        raise UnlearnableError(
            f"sample: {len(y)} labelled decisions are too few for {folds} blocks of cross-fitting; sample more often"
        )
    held_out = isinstance(part, Network) and part.cross_fit == "holdout"
    blocks = _holdout(start, end) if held_out else _folds(start, end, folds)
    oof = np.full(len(y) if classes == 2 else (len(y), classes), np.nan)
    done = np.zeros(len(blocks))

    def report(block: int, share: float, what: str) -> None:
        done[block] = share
        progress(float(done.mean()), what)

    def fit(block: int, rows: NDArray[int64]) -> Fitted:
        if isinstance(part, Network) and isinstance(X, Windows):
            folder = checkpoints / f"block{block}" if checkpoints else None
            told = partial(report, block)
            sample = WindowSet(X.take(rows), y[rows], weight[rows], start[rows], end[rows], classes, told, folder)
            return fit_network(part, sample, seed + block)
        if isinstance(part, Network) or isinstance(X, Windows):
            raise FlowError(f"experts: '{part.use}' cannot learn from {'windows' if isinstance(X, Windows) else 'features'}")
        rows = rows[y[rows] >= 0]
        return fit_expert(part, X[rows], y[rows], ret[rows], weight[rows], seed + block, classes)

    def work(block: int) -> Fitted:
        train, test = blocks[block]
        fitted = fit(block, train)
        oof[test] = fitted.predict(X.take(test) if isinstance(X, Windows) else X[test])
        return fitted

    with one_thread(), closing(parallel_map(work, range(len(blocks)), threads)) as fits:
        models: list[Fitted] = []
        for fitted in fits:
            models.append(fitted)
            report(len(models) - 1, 1.0, f"cross-fitting {part.use}")
    return oof, models[-1], sum(not fitted.has_converged for fitted in models)


def _folds(start: NDArray[int64], end: NDArray[int64], folds: int) -> list[Split]:
    """Pair each block of time with the rows that train for it; at last all rows, which predict none."""
    embargo = int(EMBARGO * (end[-1] - start[0]) / folds)
    everything = np.arange(len(start))
    return [*purged_kfold(start, end, folds, embargo), (everything, everything[:0])]


def _holdout(start: NDArray[int64], end: NDArray[int64]) -> list[Split]:
    """Split off the last rows as a holdout, to train on the rows before whose labels end before it starts."""
    rest = np.arange(int(HOLDOUT * len(start)), len(start))
    return [(np.flatnonzero(end < start[rest[0]]), rest)]
