"""Every registered expert is where its solver leads, not where it stopped."""

from collections.abc import Iterator
from typing import Any, get_args

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.utils import all_estimators

from factory.learning.experts import cross_fit, fit_expert, logit
from factory.learning.meta_forest import fit_forest
from factory.pipeline.parts.base import Part
from factory.pipeline.parts.experts import Linear, Logistic
from factory.pipeline.parts.meta import Forest
from tests.learning.experts.rows import Rows, planted
from tests.learning.experts.test_laws import every_expert, part_of

CLOSE = 1e-5
"""Greatest difference of a chance that a tighter solver may make."""


def shaped(change: Any) -> Rows:
    """The planted rows with other features, and labels that follow them."""
    rows, rng = planted(seed=3), np.random.default_rng(4)
    X, odds = change(rows.X, rng)
    y = (rng.random(len(odds)) < 1 / (1 + np.exp(-odds))).astype(np.int8)
    return rows._replace(X=X, y=y, ret=0.01 * (2.0 * y - 1) * rng.random(len(y)))


def heavy(X: Any, rng: Any) -> tuple[Any, Any]:
    X = rng.standard_t(1.5, X.shape)
    return X, np.clip(2 * X[:, 0] + 0.1 * X[:, 1] ** 3, -30, 30)


def collinear(X: Any, rng: Any) -> tuple[Any, Any]:
    X = X[:, :1] + 1e-3 * X
    return X, np.clip(500 * (X[:, 1] - X[:, 2]), -30, 30)


def separable(X: Any, rng: Any) -> tuple[Any, Any]:
    return X, np.where(X[:, 0] > 0, 500.0, -500.0)


ROWS = {"plain": planted(), **{change.__name__: shaped(change) for change in (heavy, collinear, separable)}}
every_shape = pytest.mark.parametrize("rows", ROWS.values(), ids=ROWS)


@pytest.fixture
def tightened() -> Iterator[None]:
    """Makes our solver, and whatever scikit-learn fits by steps, go on to a thousandth of its tolerance.

    Rounds of boosting are no steps.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(logit, "STILL", logit.STILL / 1000)
        for _, kind in all_estimators(type_filter=["classifier", "regressor"]):
            if "tol" in getattr(kind, "_parameter_constraints", {}) and not kind.__module__.startswith("sklearn.ensemble"):
                patch.setattr(kind, "fit", _tighter(kind.fit))
        yield


def _tighter(fit: Any) -> Any:
    def fit_on(self: Any, *args: Any, **keys: Any) -> Any:
        given = self.get_params()
        self.set_params(tol=given["tol"] / 1000, **({"max_iter": 100 * given["max_iter"]} if given.get("max_iter") else {}))
        return fit(self, *args, **keys)

    return fit_on


def chances_of(part: Any, rows: Rows) -> Any:
    oof, model, unconverged = cross_fit(part, *rows, seed=7)
    assert unconverged == 0
    return np.concatenate([oof, model.predict(rows.X)])


@every_shape
@every_expert
@pytest.mark.filterwarnings("ignore")
def test_every_expert_hardly_moves_when_its_solver_goes_on(
    kind: type[Part], rows: Rows, request: pytest.FixtureRequest
) -> None:
    part = part_of(kind)
    parts = [part, *([part.model_copy(update={"strength": 1e6})] if "strength" in kind.model_fields else [])]
    before = [chances_of(one, rows) for one in parts]
    request.getfixturevalue("tightened")
    for one, p in zip(parts, before, strict=True):
        np.testing.assert_allclose(chances_of(one, rows), p, rtol=0, atol=CLOSE)


@pytest.mark.parametrize("calibrate", get_args(Forest.model_fields["calibrate"].annotation))
def test_every_calibration_hardly_moves_when_its_solver_goes_on(calibrate: str, request: pytest.FixtureRequest) -> None:
    part = Forest(use="forest", see=("x",), trees=10, leaf=20, calibrate=calibrate)
    X, y, _, weight, start, end = ROWS["plain"]

    def chances() -> Any:
        meta = fit_forest(part, X, y, weight, start, end, uniqueness_share=0.4, seed=5)
        assert meta.has_converged
        return meta.predict(X)

    before = chances()
    request.getfixturevalue("tightened")
    np.testing.assert_allclose(chances(), before, rtol=0, atol=CLOSE)


@every_shape
@pytest.mark.parametrize("strength", [1e-3, 1.0, 1e6])
@pytest.mark.filterwarnings("ignore")
def test_logistic_is_where_scikit_learn_s_exact_solver_leads(rows: Rows, strength: float) -> None:
    weight = rows.weight / rows.weight.mean()
    part = Logistic(use="logistic", see=("x",), strength=strength)
    model = fit_expert(part, rows.X, rows.y, rows.ret, weight, seed=0)
    mean = np.average(rows.X, axis=0, weights=weight)
    Z = (rows.X - mean) / np.sqrt(np.average((rows.X - mean) ** 2, axis=0, weights=weight))
    peer = LogisticRegression(C=strength, solver="newton-cholesky", tol=1e-12, max_iter=1_000).fit(Z, rows.y, weight)
    np.testing.assert_allclose(model.predict(rows.X), peer.predict_proba(Z)[:, 1], rtol=0, atol=CLOSE)


def test_columns_that_say_the_same_are_fitted_alike_on_any_number_of_threads() -> None:
    rows = ROWS["plain"]._replace(X=ROWS["plain"].X[:, [0, 0, 1, 1]])
    for part in (Logistic(use="logistic", see=("x",), strength=1e6), Linear(use="linear", see=("x",), ridge=0)):
        alone, _, unconverged = cross_fit(part, *rows, seed=7)
        together, _, _ = cross_fit(part, *rows, seed=7, threads=3)
        assert not unconverged
        assert np.array_equal(alone, together)


@pytest.mark.parametrize("kind", [Logistic, Linear])
def test_fits_that_were_cut_short_are_counted(kind: type[Part], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logit, "MOST_STEPS", 1)
    _, _, unconverged = cross_fit(part_of(kind), *ROWS["heavy"], seed=7)
    assert unconverged == 6
