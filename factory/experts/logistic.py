"""Logistic regression on standardised features."""

import numpy as np
from sklearn.linear_model import LogisticRegression

from factory.experts.base import LogitModel, Sample
from factory.parts.experts import Logistic


def fit(part: Logistic, sample: Sample, seed: int) -> LogitModel:
    """Fit with an L2 penalty on the slopes of features of unit variance; a constant feature gets slope 0."""
    mean = np.average(sample.X, axis=0, weights=sample.weight)
    scale = np.sqrt(np.average((sample.X - mean) ** 2, axis=0, weights=sample.weight))
    scale[scale == 0] = 1.0
    model = LogisticRegression(C=part.strength, max_iter=1000)
    model.fit((sample.X - mean) / scale, sample.y, sample.weight)
    return LogitModel(mean, model.coef_[0] / scale, model.intercept_.astype(np.float64))
