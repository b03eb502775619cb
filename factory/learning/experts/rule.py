"""The classic indicator rule: a feature above or below a threshold."""

import numpy as np
from numpy import bool_
from numpy.typing import NDArray

from factory.learning.experts.base import RuleModel, TrainingSet
from factory.pipeline.parts.experts import Rule


def fit(part: Rule, sample: TrainingSet, seed: int) -> RuleModel:
    """Learn the share of ups on either side of the threshold."""
    above = part.above is not None
    threshold = part.above if part.above is not None else part.below
    none = np.zeros(1)
    rule = RuleModel(np.array([threshold], np.float64), np.array([above], np.int8), none, none)
    holds = rule.holds(sample.X)
    return RuleModel(rule.threshold, rule.above, _share(sample, holds), _share(sample, ~holds))


def _share(sample: TrainingSet, rows: NDArray[bool_]) -> NDArray[np.float64]:
    """Estimate the weighted share of ups among `rows`, with one row's weight of the overall share added."""
    overall = np.average(sample.y, weights=sample.weight)
    ups = sample.weight[rows] @ sample.y[rows]
    return np.array([(ups + overall) / (sample.weight[rows].sum() + 1.0)])
