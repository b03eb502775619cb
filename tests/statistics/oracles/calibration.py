"""Chances: scikit-learn's scores and bins, statsmodels' logistic regression."""

import warnings
from typing import Any

import numpy as np
from hypothesis import strategies as st
from scipy.special import logit
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, f1_score
from sklearn.metrics import log_loss as sklearn_log_loss
from statsmodels.discrete.discrete_model import Logit

from factory.statistics.calibration import (
    CLIP,
    brier,
    expected_error,
    log_loss,
    macro_f1,
    multiclass_log_loss,
    recalibration,
    reliability,
    skill,
)
from tests.statistics.oracles.common import SEEDS, Oracle

Judged = tuple[np.ndarray, np.ndarray]


def judged(seed: int, n: int, truth: str, decimals: int) -> Judged:
    """Labels and chances: calibrated, timid, overconfident, the wrong way round, or beside the point."""
    rng = np.random.default_rng(seed)
    p = rng.random(n).round(decimals)
    slope = {"true": 1.0, "timid": 3.0, "overconfident": 0.2, "wrong way": -1.0, "noise": 0.0}[truth]
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        true = 1 / (1 + np.exp(-slope * np.clip(logit(p), -20, 20)))
    return (rng.random(n) < true).astype(int), p


def chances(least: int, most: int, decimals: st.SearchStrategy[int]) -> st.SearchStrategy[Judged]:
    truths = st.sampled_from(["true", "timid", "overconfident", "wrong way", "noise"])
    return st.builds(judged, SEEDS, st.integers(least, most), truths, decimals)


def clipped_log_loss(y: np.ndarray, p: np.ndarray) -> float:
    return float(sklearn_log_loss(y, np.clip(p, CLIP, 1 - CLIP), labels=[0, 1]))


def brier_ratio(y: np.ndarray, p: np.ndarray, base_rate: float) -> float:
    return 1 - brier_score_loss(y, p, labels=[0, 1]) / brier_score_loss(y, np.full(len(y), base_rate), labels=[0, 1])


def maximum_likelihood(y: np.ndarray, p: np.ndarray) -> tuple[float, float] | None:
    """Slope and intercept; None where they do not exist: one class, one chance, or chances that separate the classes."""
    x = logit(np.clip(p, CLIP, 1 - CLIP))
    ups, downs = x[y > 0], x[y <= 0]
    if not len(ups) or not len(downs) or ups.min() >= downs.max() or downs.min() >= ups.max():
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit: Any = Logit(y, np.column_stack([x, np.ones(len(x))])).fit(disp=False, method="newton", maxiter=200, tol=1e-12)
    return float(fit.params[0]), float(fit.params[1])


def curve_of_equal_counts(y: np.ndarray, p: np.ndarray, bins: int) -> np.ndarray:
    observed, predicted = calibration_curve(y, p, n_bins=bins, strategy="quantile")
    return np.column_stack([predicted, observed, np.full(bins, len(p) // bins)])


def curve_of_equal_widths(y: np.ndarray, p: np.ndarray, bins: int) -> float:
    observed, predicted = calibration_curve(y, p, n_bins=bins)
    counts = np.histogram(p, bins, (0, 1))[0]
    return float(counts[counts > 0] @ np.abs(observed - predicted)) / len(p)


def whole_bins(seed: int, each: int, bins: int) -> tuple[np.ndarray, np.ndarray, int]:
    return *judged(seed, each * bins, "overconfident", 16), bins


def classed(seed: int, n: int, sharpness: float) -> Judged:
    """Labels of three classes, some of them absent, and chances that know a part of them."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, rng.integers(1, 4), n)
    chances = rng.dirichlet(np.ones(3), n) + sharpness * np.eye(3)[y] + 1e-3
    return y, chances / chances.sum(axis=1, keepdims=True)


def sklearn_macro_f1(y: np.ndarray, chances: np.ndarray) -> float:
    return float(f1_score(y, chances.argmax(axis=1), labels=[0, 1, 2], average="macro", zero_division=0))


CLASSED = st.builds(classed, SEEDS, st.integers(1, 200), st.floats(0, 3))
ROUND, FULL = st.sampled_from([0, 1, 2, 16]), st.just(16)

ORACLES = [
    Oracle(brier, "sklearn brier_score_loss", chances(1, 200, ROUND), lambda y, p: brier_score_loss(y, p, labels=[0, 1])),
    Oracle(log_loss, "sklearn log_loss", chances(1, 200, ROUND), clipped_log_loss),
    Oracle(multiclass_log_loss, "sklearn log_loss", CLASSED, lambda y, chances: sklearn_log_loss(y, chances, labels=[0, 1, 2])),
    Oracle(macro_f1, "sklearn f1_score", CLASSED, sklearn_macro_f1),
    Oracle(
        skill,
        "sklearn, ratio of two brier_score_loss",
        st.builds(lambda of, base: (*of, base), chances(1, 200, ROUND), st.floats(0.05, 0.95)),
        brier_ratio,
    ),
    Oracle(recalibration, "statsmodels Logit", chances(2, 300, st.sampled_from([1, 2, 16])), maximum_likelihood, 1e-5),
    Oracle(
        reliability,
        "sklearn calibration_curve, quantiles",
        st.builds(whole_bins, SEEDS, st.integers(1, 30), st.integers(1, 12)),
        curve_of_equal_counts,
    ),
    Oracle(
        expected_error,
        "sklearn calibration_curve, uniform",
        st.builds(lambda of, bins: (*of, bins), chances(1, 200, FULL), st.integers(1, 15)),
        curve_of_equal_widths,
    ),
]
