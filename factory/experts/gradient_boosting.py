"""Histogram gradient boosting of small trees."""

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from factory.experts.base import BoostedModel, Sample
from factory.kernels.forest import FlatForest
from factory.parts.experts import GradientBoosting


def fit(part: GradientBoosting, sample: Sample, seed: int) -> BoostedModel:
    """Fit a fixed number of rounds; stopping early would need a split of its own."""
    model = HistGradientBoostingClassifier(
        learning_rate=part.rate,
        max_iter=part.rounds,
        max_leaf_nodes=part.leaves,
        min_samples_leaf=part.leaf,
        early_stopping=False,
        random_state=seed,
    ).fit(sample.X, sample.y, sample.weight)
    return BoostedModel(FlatForest.of_boosting(model), np.array([model._baseline_prediction.item()]))
