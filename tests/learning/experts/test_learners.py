import re

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier

from factory.core.errors import Cancelled, FlowError
from factory.learning.experts import cross_fit, fit_expert
from factory.pipeline.parts.experts import ExtraTrees, GradientBoosting, Linear, Logistic, Rule
from tests.learning.experts.rows import planted

ROWS = planted()
FIT = ROWS[:4]
W = ROWS.weight / ROWS.weight.mean()


def test_logistic_with_a_weak_penalty_is_the_maximum_of_the_likelihood() -> None:
    model = fit_expert(Logistic(use="logistic", see=("x",), strength=1e6), *FIT, seed=0)
    residual = W * (ROWS.y - model.predict(ROWS.X))
    np.testing.assert_allclose(ROWS.X.T @ residual / len(W), 0, atol=1e-7)
    assert abs(residual.sum() / len(W)) < 1e-9


def test_units_of_a_feature_do_not_matter_to_linear_learners() -> None:
    scaled = ROWS.X * [1e-6, 1e3, 1.0] + [5.0, -2e3, 0.0]
    for part in (Logistic(use="logistic", see=("x",)), Linear(use="linear", see=("x",))):
        one, other = fit_expert(part, *FIT, seed=0), fit_expert(part, scaled, *FIT[1:], seed=0)
        np.testing.assert_allclose(one.predict(ROWS.X), other.predict(scaled), atol=1e-6)


@pytest.mark.parametrize("value", [0.1, 1e-9 / 3, 40_000.07])
def test_linear_learners_learn_nothing_from_a_feature_that_stood_still(value: float) -> None:
    X = ROWS.X.copy()
    X[:, 1] = value
    moved = X.copy()
    moved[:, 1] *= 1.01
    for part in (Logistic(use="logistic", see=("x",)), Linear(use="linear", see=("x",))):
        model = fit_expert(part, X, *FIT[1:], seed=0)
        np.testing.assert_array_equal(model.predict(moved), model.predict(X))


def test_linear_ranks_rows_by_the_ridge_regression_on_the_return() -> None:
    model = fit_expert(Linear(use="linear", see=("x",), ridge=0), *FIT, seed=0)
    A = np.column_stack([np.ones(len(W)), ROWS.X])
    slope = np.linalg.solve(A.T * W @ A, A.T * W @ ROWS.ret)
    p = model.predict(ROWS.X)
    odds = np.log(p / (1 - p))
    assert np.corrcoef(odds, A @ slope)[0, 1] == pytest.approx(1, abs=1e-9)
    assert abs((W * (ROWS.y - p)).mean()) < 1e-9


def test_gradient_boosting_predicts_as_scikit_learn_does() -> None:
    """On values few enough to have a bin each, so that the bins are the same."""
    part = GradientBoosting(use="gradient_boosting", see=("x",), rounds=20, leaf=20)
    X = np.round(np.clip(ROWS.X, -1.5, 1.5), 1) * 7
    peer = HistGradientBoostingClassifier(
        learning_rate=0.05, max_iter=20, max_leaf_nodes=15, min_samples_leaf=20, early_stopping=False, random_state=3
    ).fit(X, ROWS.y, W)
    p = fit_expert(part, X, *FIT[1:], seed=3).predict(X)
    np.testing.assert_allclose(p, peer.predict_proba(X)[:, 1], rtol=0, atol=1e-12)


def test_gradient_boosting_bins_by_quantiles_whatever_the_scale() -> None:
    part = GradientBoosting(use="gradient_boosting", see=("x",), rounds=20, leaf=20)
    bent = np.sign(ROWS.X) * np.abs(ROWS.X) ** 9
    straight = fit_expert(part, *FIT, seed=3).predict(ROWS.X)
    np.testing.assert_allclose(fit_expert(part, bent, *FIT[1:], seed=3).predict(bent), straight, atol=0.02)


def test_extra_trees_predict_as_scikit_learn_does() -> None:
    part = ExtraTrees(use="extra_trees", see=("x",), trees=20, leaf=20)
    peer = ExtraTreesClassifier(20, min_samples_leaf=20, bootstrap=True, max_samples=len(W), random_state=3)
    peer.fit(ROWS.X, ROWS.y, W)
    p = fit_expert(part, *FIT, seed=3).predict(ROWS.X)
    np.testing.assert_allclose(p, peer.predict_proba(ROWS.X)[:, 1], rtol=0, atol=1e-12)


@pytest.mark.parametrize("keys", [{"above": 0.5}, {"below": -0.5}])
def test_a_rule_gives_the_share_of_ups_on_either_side(keys: dict[str, float]) -> None:
    p = fit_expert(Rule(use="rule", of="x", **keys), *FIT, seed=0).predict(ROWS.X)
    holds = ROWS.X[:, 0] > 0.5 if "above" in keys else ROWS.X[:, 0] < -0.5
    for side in (holds, ~holds):
        assert len(set(p[side])) == 1
        assert p[side][0] == pytest.approx(np.average(ROWS.y[side], weights=ROWS.weight[side]), abs=5e-3)


def test_a_rule_that_never_holds_says_the_overall_share() -> None:
    p = fit_expert(Rule(use="rule", of="x", above=50.0), *FIT, seed=0).predict(np.full((1, 3), 99.0))
    assert p[0] == pytest.approx(np.average(ROWS.y, weights=ROWS.weight))


def test_one_sided_blocks_are_refused_with_the_mend() -> None:
    y = np.zeros_like(ROWS.y)
    y[:300] = 1
    message = (
        "label: all 1592 rows that 'logistic' is fitted on are down; sample more often, or use a label that is less one-sided"
    )
    with pytest.raises(FlowError, match=re.escape(message)):
        cross_fit(Logistic(use="logistic", see=("x",)), *ROWS._replace(y=y), seed=0)


def test_too_few_rows_are_refused() -> None:
    with pytest.raises(FlowError, match=r"sample: 8 labelled decisions are too few for 5 blocks"):
        cross_fit(Logistic(use="logistic", see=("x",)), *ROWS.take(np.arange(8)), seed=0)


def test_cross_fitting_tells_how_far_it_is_and_can_be_stopped() -> None:
    seen: list[float] = []
    cross_fit(Rule(use="rule", of="x", above=0.0), *ROWS, seed=0, progress=lambda share, what: seen.append(share))
    assert seen == pytest.approx([1 / 6, 2 / 6, 3 / 6, 4 / 6, 5 / 6, 1])

    def stop(share: float, what: str) -> None:
        raise Cancelled("stopped on request")

    with pytest.raises(Cancelled):
        cross_fit(Rule(use="rule", of="x", above=0.0), *ROWS, seed=0, progress=stop)
