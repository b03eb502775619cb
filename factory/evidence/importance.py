"""Permutation importance: how much worse a model predicts rows that it was not fitted on, with inputs shuffled.

Breiman, Random Forests (2001), section 10. A random column that the model
was fitted with is the ruler: what scores no better than it carries nothing.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy import float64, int64
from numpy.typing import NDArray

from factory.core.errors import FlowError
from factory.core.progress import Progress, no_progress
from factory.evidence.importance_kernels import permuted_sums
from factory.learning.meta_forest import Meta
from factory.statistics.blocks import block_mean
from factory.statistics.calibration import CLIP
from factory.statistics.roc_auc import Auc, auc

MOST_ROWS = 20_000
"""Rows that are scored, at most, evenly spaced in time."""

Predict = Callable[[NDArray[float64]], NDArray[float64]]
Groups = Mapping[str, Sequence[int]]


class Loss(NamedTuple):
    """What shuffling costs: the mean over repeats, and its interval over blocks of time (None with too few)."""

    mean: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Importance:
    """Importance of each group of inputs.

    Parameters
    ----------
    log_loss : mapping of str to Loss
        Rise of the log-loss in nats, by group.
    auc : mapping of str to Loss
        Fall of the AUC, by group.
    rows : int
        Rows scored.
    """

    log_loss: Mapping[str, Loss]
    auc: Mapping[str, Loss]
    rows: int


def permutation_importance(
    meta: Meta,
    X: NDArray[float64],
    y: NDArray[np.integer],
    times: NDArray[int64],
    block: int,
    groups: Groups,
    *,
    repeats: int = 5,
    seed: int = 0,
    progress: Progress = no_progress,
) -> Importance:
    """Measure the importance of the meta forest's own inputs; only the paths that change are walked.

    Parameters
    ----------
    meta : Meta
        Fitted on other rows.
    X : ndarray of float64, shape (n, d)
        Its inputs, no missing values.
    y : ndarray of int, shape (n,)
        1 up, 0 down.
    times : ndarray of int64, shape (n,)
        Decisions, ms UTC, increasing.
    block : int
        Milliseconds of a block, see :func:`factory.statistics.blocks.block_length`.
    groups : mapping of str to sequence of int
        Columns that are shuffled together, by a name; each column in one group at most.
    repeats : int
        Shuffles of each group.
    seed : int
        The same shuffles as :func:`permute` with the same groups.

    Raises
    ------
    FlowError
        If `y` is of one class.
    """
    X, y, times = _thinned(X, y, times)
    rows = np.ascontiguousarray(X, meta.forest.threshold.dtype)
    group = np.full(X.shape[1], -1, np.int64)
    replaced = np.repeat(rows[:, :, None], repeats, axis=2)
    for g, (columns, shuffles) in enumerate(zip(groups.values(), _shuffles(len(X), len(groups), repeats, seed), strict=True)):
        group[list(columns)] = g
        for column in columns:
            replaced[:, column, :] = rows[shuffles.T, column]
    progress(0.1, "walking changed paths")
    f = meta.forest
    total, sums = permuted_sums(rows, replaced, group, len(groups), f.roots, f.feature, f.threshold, f.left, f.right, f.value)
    progress(0.8, "scoring")
    shuffled = ([meta.calibrated(p / f.trees) for p in group_sums] for group_sums in sums)
    return _scored(groups, y, times, block, meta.calibrated(total / f.trees), shuffled)


def permute(
    predict: Predict,
    X: NDArray[float64],
    y: NDArray[np.integer],
    times: NDArray[int64],
    block: int,
    groups: Groups,
    *,
    repeats: int = 5,
    seed: int = 0,
    progress: Progress = no_progress,
) -> Importance:
    """Measure the importance of the columns of any predictor, such as raw features through the experts.

    Parameters
    ----------
    predict : callable
        Chance of up, shape (n,), for X of shape (n, d).
    X, y, times, block, groups, repeats, seed
        As in :func:`permutation_importance`.

    Raises
    ------
    FlowError
        If `y` is of one class.
    """
    X, y, times = _thinned(X, y, times)

    def predictions() -> Iterable[list[NDArray[float64]]]:
        changed = X.copy()
        for g, (columns, shuffles) in enumerate(
            zip(groups.values(), _shuffles(len(X), len(groups), repeats, seed), strict=True)
        ):
            progress(g / len(groups), "shuffling inputs")
            chosen = list(columns)
            group = []
            for shuffle in shuffles:
                changed[:, chosen] = X[np.ix_(shuffle, chosen)]
                group.append(predict(changed))
            changed[:, chosen] = X[:, chosen]
            yield group

    return _scored(groups, y, times, block, predict(X), predictions())


def _thinned(
    X: NDArray[float64], y: NDArray[np.integer], times: NDArray[int64]
) -> tuple[NDArray[float64], NDArray[np.integer], NDArray[int64]]:
    step = -(-len(X) // MOST_ROWS)
    return X[::step], y[::step], times[::step]


def _shuffles(n: int, groups: int, repeats: int, seed: int) -> Iterable[NDArray[int64]]:
    """Draw, for each group of columns, one permutation for each repeat, shape (repeats, n)."""
    rng = np.random.default_rng(seed)
    for _ in range(groups):
        yield np.stack([rng.permutation(n) for _ in range(repeats)])


def _scored(
    groups: Groups,
    y: NDArray[np.integer],
    times: NDArray[int64],
    block: int,
    p: NDArray[float64],
    shuffled: Iterable[list[NDArray[float64]]],
) -> Importance:
    share = np.where(y > 0, np.mean(y > 0), np.mean(y <= 0))
    loss, ranks = _losses(y, p), _influence(auc(y, p), share)
    risen: dict[str, Loss] = {}
    fallen: dict[str, Loss] = {}
    for name, repeats in zip(groups, shuffled, strict=True):
        rises = np.mean([_losses(y, q) - loss for q in repeats], axis=0)
        falls = np.mean([ranks - _influence(auc(y, q), share) for q in repeats], axis=0)
        risen[name] = _mean(rises, times, block)
        fallen[name] = _mean(falls, times, block)
    return Importance(risen, fallen, len(y))


def _losses(y: NDArray[np.integer], p: NDArray[float64]) -> NDArray[float64]:
    """Compute each row's negative log-likelihood, shape (n,)."""
    losses: NDArray[float64] = -np.log(np.clip(np.where(y > 0, p, 1 - p), CLIP, 1 - CLIP))
    return losses


def _influence(area: Auc | None, share: NDArray[float64]) -> NDArray[float64]:
    """Compute influence values, whose mean is the AUC and whose spread over blocks is its error, shape (n,)."""
    if area is None:
        raise FlowError("label: all rows that importance is measured on are of one class; use a label that is less one-sided")
    return area.value + (area.placement - area.value) / share


def _mean(values: NDArray[float64], times: NDArray[int64], block: int) -> Loss:
    if not values.any():
        return Loss(0.0, 0.0, 0.0)
    estimate = block_mean(values, times, block)
    return Loss(float(values.mean()), estimate.low, estimate.high) if estimate else Loss(float(values.mean()), None, None)
