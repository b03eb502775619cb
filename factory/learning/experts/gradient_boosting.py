"""Histogram gradient boosting of small trees."""

from dataclasses import replace

import numpy as np
from numpy import float64
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from factory.learning.experts.base import BoostedModel, TrainingSet
from factory.learning.forest_kernels import FlatForest
from factory.pipeline.parts.experts import GradientBoosting

BINS = 255


def fit(part: GradientBoosting, sample: TrainingSet, seed: int) -> BoostedModel:
    """Fit a fixed number of rounds; stopping early would need a split of its own.

    Rows are binned here: with weights scikit-learn finds its bins by 254
    weighted percentiles a feature, which takes longer than the boosting.
    """
    edges = [_edges(column) for column in sample.X.T]
    bins = np.column_stack([np.searchsorted(edge, column) for edge, column in zip(edges, sample.X.T, strict=True)])
    model = HistGradientBoostingClassifier(
        learning_rate=part.rate,
        max_iter=part.rounds,
        max_leaf_nodes=part.leaves,
        min_samples_leaf=part.leaf,
        max_bins=BINS,
        early_stopping=False,
        random_state=seed,
    ).fit(bins, sample.y, sample.weight)
    forest = FlatForest.of_boosting(model)
    threshold = [edges[j][int(at)] if j >= 0 else 0.0 for j, at in zip(forest.feature, forest.threshold, strict=True)]
    return BoostedModel(replace(forest, threshold=np.array(threshold)), np.array([model._baseline_prediction.item()]))


def _edges(column: NDArray[float64]) -> NDArray[float64]:
    """Compute the upper edges of all bins but the last, increasing: at most ``BINS - 1`` quantiles."""
    return np.unique(np.quantile(column, np.arange(1, BINS) / BINS))
