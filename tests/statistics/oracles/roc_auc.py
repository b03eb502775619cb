"""Areas under the curve: scikit-learn, statsmodels, and DeLong's variance pair by pair."""

from typing import Any

import numpy as np
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from factory.statistics.roc_auc import Auc, auc, block_interval, delong, delong_difference, expected_auc
from tests.statistics.oracles.blocks import clustered_mean
from tests.statistics.oracles.common import SEEDS, Oracle

ENDLESS = 1e6
"""Deviations from which on a difference is as good as without any variance, which rounding decides."""


def ranked(seed: int, n: int, share: float, edge: float, decimals: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels, and two scores of the same rows that know something of them."""
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < share).astype(int)
    score = (edge * y + rng.normal(size=n)).round(decimals)
    return y, score, (score + rng.normal(size=n)).round(decimals)


def rows(least: int, most: int) -> st.SearchStrategy[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    shares, edges = st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0]), st.sampled_from([0.0, 0.5, 2.0, 30.0])
    return st.builds(ranked, SEEDS, st.integers(least, most), shares, edges, st.sampled_from([0, 1, 16]))


def of_both_classes(sample: tuple[np.ndarray, np.ndarray, np.ndarray]) -> bool:
    return 0 < sample[0].sum() < len(sample[0])


def beaten(y: np.ndarray, score: np.ndarray) -> np.ndarray:
    """1 where an up beats a down, one half where they tie, shape (ups, downs)."""
    apart = np.subtract.outer(score[y > 0], score[y <= 0])
    return np.asarray((apart > 0) + (apart == 0) / 2, float)


def area(y: np.ndarray, score: np.ndarray) -> tuple[float, np.ndarray] | None:
    if not 0 < y.sum() < len(y):
        return None
    pairs, placement = beaten(y, score), np.empty(len(y))
    placement[y > 0], placement[y <= 0] = pairs.mean(axis=1), pairs.mean(axis=0)
    return float(roc_auc_score(y, score)), placement


def covariance(y: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    """DeLong's covariance of two areas, pair of rows by pair of rows."""
    total = 0.0
    for axis in (1, 0):
        first, second = (beaten(y, score).mean(axis=axis) for score in (a, b))
        n = len(first)
        pairs = sum((first[i] - first[j]) * (second[i] - second[j]) for i in range(n) for j in range(i))
        total += pairs / (n * (n - 1)) / n if n > 1 else 0.0
    return float(total)


def variance_and_interval(y: np.ndarray, score: np.ndarray, confidence: float) -> tuple[float, float, float]:
    value, variance = roc_auc_score(y, score), covariance(y, score, score)
    low, high = norm.interval(confidence, value, variance**0.5) if variance > 0 else (value, value)
    return variance, max(0.0, float(low)), min(1.0, float(high))


def compared(y: np.ndarray, a: np.ndarray, b: np.ndarray) -> tuple[float, float, float]:
    between = covariance(y, a, b)
    variance = covariance(y, a, a) + covariance(y, b, b) - 2 * between
    apart = roc_auc_score(y, a) - roc_auc_score(y, b)
    z = round(apart, 12) / max(variance, 1e-30) ** 0.5
    return between, float(np.clip(z, -ENDLESS, ENDLESS)), float(2 * norm.sf(abs(z)))


def influence_interval(y: np.ndarray, score: np.ndarray, times: np.ndarray, block: int) -> tuple[float, float] | None:
    value, placement = area(y, score) or (0.0, np.empty(0))
    share = np.where(y > 0, y.mean(), 1 - y.mean())
    mean = clustered_mean((placement - value) / share, times, block, 0.95)
    if mean is None or mean[1] < 1e-12:
        return None
    half = (mean[3] - mean[2]) / 2
    return max(0.0, value - half), min(1.0, value + half)


def area_of_chances(chance: np.ndarray, score: np.ndarray) -> float | None:
    """Every pair of rows, a row with itself too, weighed by the chance that one is up and the other down."""
    weight = np.outer(chance, 1 - chance)
    apart = np.subtract.outer(score, score)
    return float(np.sum(weight * ((apart > 0) + (apart == 0) / 2)) / weight.sum()) if weight.sum() > 0 else None


def ranked_auc(y: np.ndarray, score: np.ndarray) -> Auc:
    estimate = auc(y, score)
    assert estimate
    return estimate


def ask_difference(y: np.ndarray, a: np.ndarray, b: np.ndarray) -> tuple[float, float, float]:
    between, z, p = delong_difference(y, ranked_auc(y, a), ranked_auc(y, b))
    return between, float(np.clip(z, -ENDLESS, ENDLESS)), p


def ask_area(y: np.ndarray, score: np.ndarray) -> tuple[float, np.ndarray] | None:
    return (estimate.value, estimate.placement) if (estimate := auc(y, score)) else None


def ask_block_interval(y: np.ndarray, score: np.ndarray, times: np.ndarray, block: int) -> tuple[float, float] | None:
    return block_interval(y, ranked_auc(y, score), times, block)


def timed(sample: tuple[np.ndarray, ...], seed: int, block: int) -> tuple[Any, ...]:
    y, score, _ = sample
    return y, score, np.sort(np.random.default_rng(seed).integers(0, 400, len(y))), block


BOTH = rows(2, 60).filter(of_both_classes)
SURE = st.floats(0.5, 0.999)

ORACLES = [
    Oracle(auc, "sklearn roc_auc_score, placements pair by pair", rows(1, 120).map(lambda r: r[:2]), area, 1e-9, ask_area),
    Oracle(
        delong,
        "DeLong et al. 1988 pair by pair, sklearn roc_auc_score, scipy.stats.norm",
        st.builds(lambda sample, sure: (*sample[:2], sure), BOTH, SURE),
        variance_and_interval,
        1e-9,
        lambda y, score, confidence: delong(y, ranked_auc(y, score), confidence),
    ),
    Oracle(
        delong_difference,
        "DeLong et al. 1988 pair by pair, sklearn roc_auc_score, scipy.stats.norm",
        BOTH,
        compared,
        1e-6,
        ask_difference,
    ),
    Oracle(
        block_interval,
        "statsmodels OLS of influence values, errors clustered by block",
        st.builds(timed, rows(20, 200).filter(of_both_classes), SEEDS, st.integers(1, 20)),
        influence_interval,
        1e-7,
        ask_block_interval,
    ),
    Oracle(
        expected_auc,
        "every pair of rows weighed",
        st.builds(lambda seed, sample: (np.random.default_rng(seed).random(len(sample[0])), sample[1]), SEEDS, rows(1, 80))
        | rows(1, 80).map(lambda sample: (sample[0].astype(float), sample[1])),
        area_of_chances,
    ),
]
