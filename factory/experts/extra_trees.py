"""Extremely randomised trees."""

from sklearn.ensemble import ExtraTreesClassifier

from factory.experts.base import Sample, VotingModel
from factory.kernels.forest import FlatForest
from factory.parts.experts import ExtraTrees


def fit(part: ExtraTrees, sample: Sample, seed: int) -> VotingModel:
    """Fit on all rows; randomness is in the splits, not in the sample."""
    model = ExtraTreesClassifier(part.trees, min_samples_leaf=part.leaf, random_state=seed, n_jobs=1)
    return VotingModel(FlatForest.of_classifiers(model.fit(sample.X, sample.y, sample.weight).estimators_))
