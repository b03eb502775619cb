"""Extremely randomised trees."""

from sklearn.ensemble import ExtraTreesClassifier

from factory.learning.experts.base import TrainingSet, VotingModel
from factory.learning.forest_kernels import FlatForest
from factory.pipeline.parts.experts import ExtraTrees

MOST_ROWS = 20_000
"""Rows drawn for a tree, at most: more cost time in proportion and tell leaves of hundreds of rows little."""


def fit(part: ExtraTrees, sample: TrainingSet, seed: int) -> VotingModel:
    """Fit each tree on rows drawn in proportion to their weights."""
    model = ExtraTreesClassifier(
        part.trees,
        min_samples_leaf=part.leaf,
        bootstrap=True,
        max_samples=min(MOST_ROWS, len(sample.y)),
        random_state=seed,
        n_jobs=1,
    )
    return VotingModel(FlatForest.of_classifiers(model.fit(sample.X, sample.y, sample.weight).estimators_))
