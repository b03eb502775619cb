"""Three classes by two fits of any learner."""

from typing import Any

import numpy as np
import pytest

from factory.core.errors import UnlearnableError
from factory.learning.experts import cross_fit, fit_expert, load_fitted
from factory.pipeline.parts.base import Part
from factory.pipeline.parts.experts import EXPERTS, Logistic
from factory.statistics.calibration import multiclass_log_loss
from tests.learning.experts.test_laws import part_of

N = 3_000
RNG = np.random.default_rng(5)
X = RNG.normal(size=(N, 2))
MOVES = 1 / (1 + np.exp(-1.5 * X[:, 1]))
UP = 1 / (1 + np.exp(-2.0 * X[:, 0]))
TRUTH = np.column_stack([MOVES * (1 - UP), 1 - MOVES, MOVES * UP])
Y = (RNG.random(N)[:, None] > TRUTH.cumsum(axis=1)).sum(axis=1).astype(np.int8)
RET = 0.01 * (Y - 1.0) * RNG.uniform(0.5, 1.5, N)
WEIGHT, START = np.ones(N), 60_000 * np.arange(N, dtype=np.int64)

every_learner = pytest.mark.parametrize("kind", EXPERTS, ids=lambda kind: kind.__name__)


def inputs(part: Any) -> np.ndarray:
    return X[:, : len(part.inputs)]


@every_learner
def test_every_learner_tells_three_classes_apart(kind: type[Part]) -> None:
    part = part_of(kind)
    seen = inputs(part)
    oof, fitted, unconverged = cross_fit(part, seen, Y, RET, WEIGHT, START, START + 60_000, seed=1, classes=3)
    for chances in (oof, fitted.predict(seen)):
        assert chances.shape == (N, 3)
        np.testing.assert_allclose(chances.sum(axis=1), 1.0, rtol=0, atol=1e-12)
        assert (chances >= 0).all()
    shares = np.tile(np.bincount(Y, minlength=3) / N, (N, 1))
    assert multiclass_log_loss(Y, oof) < multiclass_log_loss(Y, shares) + 0.01
    again = load_fitted(part, {name: np.array(array) for name, array in fitted.arrays().items()})
    assert np.array_equal(again.predict(seen), fitted.predict(seen))
    assert unconverged == 0


def test_a_planted_law_of_three_classes_is_found() -> None:
    fitted = fit_expert(Logistic(use="logistic", see=("x", "y")), X, Y, RET, WEIGHT, seed=1, classes=3)
    assert np.abs(fitted.predict(X) - TRUTH).mean() < 0.02
    assert multiclass_log_loss(Y, fitted.predict(X)) < multiclass_log_loss(Y, TRUTH) + 0.005


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        (Y == 1, "all .* rows that 'logistic' is fitted on are flat"),
        (Y != 1, "all .* rows that 'logistic' is fitted on are moves"),
        (Y != 0, "all .* rows that 'logistic' is fitted on are up"),
    ],
)
def test_rows_of_one_class_are_refused(kept: np.ndarray, said: str) -> None:
    logistic = Logistic(use="logistic", see=("x", "y"))
    with pytest.raises(UnlearnableError, match=said):
        fit_expert(logistic, X[kept], Y[kept], RET[kept], WEIGHT[kept], seed=1, classes=3)
