"""The random forest over experts and features, its calibration, and the one flat predictor."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy import float32, float64, int8, int64
from numpy.typing import NDArray
from sklearn.isotonic import IsotonicRegression
from sklearn.tree import DecisionTreeClassifier

from factory.core.errors import UnlearnableError
from factory.core.progress import Progress, no_progress, subrange
from factory.core.threads import one_thread, parallel_map
from factory.learning.experts.logit import fit_line
from factory.learning.experts.logit_kernels import logistic_chances
from factory.learning.forest_kernels import FlatForest
from factory.pipeline.parts.meta import Forest
from factory.statistics.calibration import log_loss
from factory.statistics.roc_auc import auc

MOST_ROWS = 20_000
"""Rows drawn for a tree, at most, unless the part says otherwise."""
HELD_OUT = 0.2
JUDGED_TREES = 100
"""Trees, at most, of the forest that the last fifth is predicted with: more barely move a mean of this many."""
BUNCH = 100
"""Rows that share one step of an isotonic calibration, so that a lucky few at an end do not become a certainty."""
FLOOR = 1e-6


@dataclass(frozen=True)
class Meta:
    """A fitted forest with its calibration; predicts from plain arrays alone.

    Parameters
    ----------
    forest : FlatForest
        Leaves hold the share of ups.
    method : str
        ``isotonic``, ``sigmoid`` or ``none``.
    knots : ndarray of float64, shape (2, k)
        Isotonic: raw and calibrated chance, increasing; sigmoid: ``[[bias], [slope]]`` in log odds; none: zeros.
    holdout : mapping of str to float
        Raw scores on the last fifth of train by a forest fitted on the purged rest: rows,
        auc, log_loss, and base_log_loss of the rest's share of ups. Empty if not asked for.
    has_converged : bool
        Whether the solver of the calibration reached its solution; true of methods that have none.
    """

    forest: FlatForest
    method: str
    knots: NDArray[float64]
    holdout: Mapping[str, float]
    has_converged: bool = True

    def predict(self, X: NDArray[float64]) -> NDArray[float64]:
        """Predict the calibrated chance of up, shape (n,), for X of shape (n, d) without missing values."""
        return self.calibrated(self.forest.mean(X))

    def calibrated(self, raw: NDArray[float64]) -> NDArray[float64]:
        """Calibrate raw chances, shape as given."""
        p = raw
        if self.method == "isotonic":
            p = np.interp(raw, self.knots[0], self.knots[1])
        elif self.method == "sigmoid":
            p = logistic_chances(self.knots[0, 0] + self.knots[1, 0] * _log_odds(raw))
        return p

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return all that the model knows, as plain arrays."""
        scores = {f"holdout_{name}": np.array([value]) for name, value in self.holdout.items()}
        plain = {"method": np.array([self.method]), "knots": self.knots, "converged": np.array([self.has_converged])}
        return {**self.forest.arrays(), **plain, **scores}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "Meta":
        """Restore a model from :meth:`arrays`."""
        prefix = "holdout_"
        holdout = {
            name.removeprefix(prefix): array[0].item() for name, array in sorted(arrays.items()) if name.startswith(prefix)
        }
        forest, converged = FlatForest.from_arrays(arrays), bool(arrays["converged"][0])
        return cls(forest, str(arrays["method"][0]), np.array(arrays["knots"]), holdout, converged)


def fit_forest(
    part: Forest,
    X: NDArray[float64],
    y: NDArray[int8],
    weight: NDArray[float64],
    start: NDArray[int64],
    end: NDArray[int64],
    *,
    uniqueness_share: float,
    seed: int,
    threads: int = 1,
    holdout: bool = True,
    progress: Progress = no_progress,
) -> Meta:
    """Fit the forest on all rows, and calibrate it on the last fifth as predicted from the rest by at most 100 trees.

    Parameters
    ----------
    part : Forest
        What is fitted.
    X : ndarray of float64, shape (n, d)
        Experts' out-of-fold chances and features; no missing values.
    y : ndarray of int8, shape (n,)
        1 up, 0 down.
    weight : ndarray of float64, shape (n,)
        Positive; each tree draws its rows in proportion to it.
    start, end : ndarray of int64, shape (n,)
        Label intervals, ms UTC, `start` never decreasing.
    uniqueness_share : float
        Mean average uniqueness of the labels, in (0, 1]: the share of rows that a tree draws by default.
    seed : int
        The same for the same numbers, on any number of threads.
    threads : int
        Trees that grow at once.
    holdout : bool
        Whether to score the last fifth; a calibration needs it.

    Raises
    ------
    UnlearnableError
        If a stretch that must be learned from or scored is of one class.
    """
    needed = holdout or part.calibrate != "none"
    if not needed:
        return Meta(_grow(part, X, y, weight, uniqueness_share, seed, threads, progress), "none", np.zeros((2, 1)), {})
    held = np.arange(int((1 - HELD_OUT) * len(y)), len(y))
    rest = np.flatnonzero(end < start[held[0]])
    smaller = part.model_copy(update={"trees": min(part.trees, JUDGED_TREES)})
    first = _grow(smaller, X[rest], y[rest], weight[rest], uniqueness_share, seed, threads, subrange(progress, 0.0, 0.3))
    raw = first.mean(X[held])
    ranked = auc(y[held], raw)
    if ranked is None:
        side = "up" if y[held[0]] else "down"
        raise UnlearnableError(
            f"label: all {len(held)} labels of train's last fifth are {side}; use a label that is less one-sided"
        )
    base = np.average(y[rest], weights=weight[rest])
    scores = {
        "rows": len(held),
        "auc": ranked.value,
        "log_loss": log_loss(y[held], raw),
        "base_log_loss": log_loss(y[held], np.full(len(held), base)),
    }
    knots, converged = _knots(part.calibrate, raw, y[held], weight[held])
    forest = _grow(part, X, y, weight, uniqueness_share, seed, threads, subrange(progress, 0.3, 1.0))
    return Meta(forest, part.calibrate, knots, scores, converged)


def _grow(
    part: Forest,
    X: NDArray[float64],
    y: NDArray[int8],
    weight: NDArray[float64],
    uniqueness_share: float,
    seed: int,
    threads: int,
    progress: Progress,
) -> FlatForest:
    """Grow the trees of scikit-learn's random forest, bit for bit, each on a copy of the rows that it drew.

    The forest itself hands each tree all rows with a count, which takes a fifth
    longer when a tree draws a fifth of them, and cannot be stopped.
    """
    if not 0 < y.sum() < len(y):
        raise UnlearnableError(
            f"label: the {len(y)} rows that the forest is fitted on are of one class; use a label that is less one-sided"
        )
    rows = min(part.rows or min(max(1, round(uniqueness_share * len(y))), MOST_ROWS), len(y))
    X32, chance = np.ascontiguousarray(X, np.float32), weight / weight.mean()
    reached = np.cumsum(chance / chance.sum())
    reached /= reached[-1]
    seeds = np.random.RandomState(seed).randint(np.iinfo(np.int32).max, size=part.trees)
    trees: list[DecisionTreeClassifier] = []

    def work(tree_seed: int) -> DecisionTreeClassifier:
        return _tree(part, X32, y, reached, rows, int(tree_seed))

    with one_thread(), closing(parallel_map(work, seeds, threads)) as grown:
        for tree in grown:
            trees.append(tree)
            progress(len(trees) / part.trees, "growing the forest")
    return FlatForest.of_classifiers(trees)


def _tree(
    part: Forest, X: NDArray[float32], y: NDArray[int8], reached: NDArray[float64], rows: int, seed: int
) -> DecisionTreeClassifier:
    """Grow one tree on rows drawn by the running sum of their chances.

    As ``RandomState.choice`` draws, but sorted: that is found faster.
    """
    drawn_at = np.random.RandomState(seed).random_sample(rows)
    drawn_at.sort()
    counts = np.bincount(reached.searchsorted(drawn_at, side="right"), minlength=len(y))
    drawn = counts > 0
    drawn[[y.argmin(), y.argmax()]] = True  # at weight 0 if not drawn: a tree must know both classes
    tree = DecisionTreeClassifier(max_features="sqrt", min_samples_leaf=part.leaf, random_state=seed)
    return tree.fit(X[drawn], y[drawn], counts[drawn], check_input=False)


def _knots(method: str, raw: NDArray[float64], y: NDArray[int8], weight: NDArray[float64]) -> tuple[NDArray[float64], bool]:
    """Fit the points of a calibration, and tell whether its solver reached its solution."""
    if method == "isotonic":
        return _isotonic(raw, y, weight), True
    if method == "sigmoid":
        line = fit_line(_log_odds(raw)[:, None], y, weight)
        base = float(np.average(y, weights=weight))
        knots = [line.bias, line.slope] if line.slope[0] > 0 else [[np.log(base / (1 - base))], [0.0]]
        return np.array(knots), bool(line.converged[0])
    return np.zeros((2, 1)), True


def _isotonic(raw: NDArray[float64], y: NDArray[int8], weight: NDArray[float64]) -> NDArray[float64]:
    """Fit an increasing map through the means of bunches of rows of about equal raw chance."""
    order = np.argsort(raw, kind="stable")
    bunches = np.array_split(order, max(1, len(order) // BUNCH))
    mass = np.array([weight[rows].sum() for rows in bunches])
    at = np.array([np.average(raw[rows], weights=weight[rows]) for rows in bunches])
    share = np.array([np.average(y[rows], weights=weight[rows]) for rows in bunches])
    return np.stack([at, IsotonicRegression().fit(at, share, mass).predict(at)])


def _log_odds(p: NDArray[float64]) -> NDArray[float64]:
    inside = np.clip(p, FLOOR, 1 - FLOOR)
    return np.log(inside / (1 - inside))
