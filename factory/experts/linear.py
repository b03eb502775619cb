"""Ridge regression on the label's return, read as a chance of up."""

import numpy as np
from sklearn.linear_model import LogisticRegression, Ridge

from factory.experts.base import LogitModel, Sample
from factory.parts.experts import Linear


def fit(part: Linear, sample: Sample, seed: int) -> LogitModel:
    """Regress the return, then fit the log odds of up as a line in the predicted return.

    Two numbers turn a return into a chance, and the whole stays linear in the features.
    """
    mean = np.average(sample.X, axis=0, weights=sample.weight)
    scale = np.sqrt(np.average((sample.X - mean) ** 2, axis=0, weights=sample.weight))
    scale[scale == 0] = 1.0
    Z = (sample.X - mean) / scale
    slope = Ridge(part.ridge, solver="cholesky").fit(Z, sample.ret, sample.weight).coef_
    predicted = Z @ slope
    unit = predicted.std() or 1.0
    link = LogisticRegression(C=np.inf).fit(predicted[:, None] / unit, sample.y, sample.weight)
    return LogitModel(mean, slope / scale * (link.coef_[0, 0] / unit), link.intercept_.astype(np.float64))
