"""Ridge regression on the label's return, read as a chance of up."""

from sklearn.linear_model import Ridge

from factory.learning.experts.base import LogitModel, TrainingSet
from factory.learning.experts.logit import fit_line
from factory.pipeline.parts.experts import Linear


def fit(part: Linear, sample: TrainingSet, seed: int) -> LogitModel:
    """Regress the return, then fit the log odds of up as a line in the predicted return.

    Two numbers turn a return into a chance, and the whole stays linear in the features.
    """
    mean, scale = sample.scales()
    Z = (sample.X - mean) / scale
    slope = Ridge(part.ridge, solver="cholesky").fit(Z, sample.ret, sample.weight).coef_
    predicted = Z @ slope
    unit = predicted.std() or 1.0
    line = fit_line(predicted[:, None] / unit, sample.y, sample.weight)
    return LogitModel(mean, slope / scale * (line.slope[0] / unit), line.bias, line.converged)
