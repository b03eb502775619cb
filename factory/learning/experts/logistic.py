"""Logistic regression on standardised features."""

from factory.learning.experts.base import LogitModel, TrainingSet
from factory.learning.experts.logit import fit_line
from factory.pipeline.parts.experts import Logistic


def fit(part: Logistic, sample: TrainingSet, seed: int) -> LogitModel:
    """Fit with an L2 penalty on the slopes of features of unit variance; a constant feature gets slope 0."""
    mean, scale = sample.scales()
    line = fit_line((sample.X - mean) / scale, sample.y, sample.weight, part.strength)
    return LogitModel(mean, line.slope / scale, line.bias, line.converged)
