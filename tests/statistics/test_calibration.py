from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from factory.statistics.calibration import brier, log_loss, recalibration, reliability, skill


def test_scores_match_the_reference(vectors: dict[str, Any]) -> None:
    y, p = np.array(vectors["delong"]["inputs"]["labels"]), np.array(vectors["probability_scores"]["inputs"]["prob"])
    expected = vectors["probability_scores"]["expected"]
    assert brier(y, p) == pytest.approx(expected["brier"], abs=1e-9)
    assert log_loss(y, p) == pytest.approx(expected["log_loss"], abs=1e-9)


def test_recalibration_matches_an_unpenalised_logistic_regression() -> None:
    rng = np.random.default_rng(0)
    p = rng.uniform(0.2, 0.8, 5000)
    y = (rng.random(5000) < 0.5 + (p - 0.5) / 2).astype(int)
    oracle = LogisticRegression(C=np.inf, tol=1e-10).fit(np.log(p / (1 - p))[:, None], y)
    assert recalibration(y, p) == pytest.approx((oracle.coef_[0, 0], oracle.intercept_[0]), abs=1e-5)


def test_chances_that_say_nothing_or_everything_have_no_slope() -> None:
    y = np.array([0, 1, 0, 1])
    assert recalibration(y, np.full(4, 0.5)) is None
    assert recalibration(y, np.array([0.1, 0.9, 0.2, 0.8])) is None


def test_skill_is_one_for_the_truth_and_none_for_the_base_rate() -> None:
    y = np.array([0, 1, 1, 1])
    assert skill(y, y.astype(float), 0.75) == 1
    assert skill(y, np.full(4, 0.75), 0.75) == 0


def test_reliability_bins_hold_equal_counts_in_order() -> None:
    rng = np.random.default_rng(1)
    p = rng.random(1003)
    y = (rng.random(1003) < p).astype(int)
    table = reliability(y, p)
    assert table[:, 2].sum() == 1003
    assert np.ptp(table[:, 2]) <= 1
    assert np.all(np.diff(table[:, 0]) > 0)
    assert table[:, 1] @ table[:, 2] == pytest.approx(y.sum())
    assert len(reliability(y[:4], p[:4])) == 4
