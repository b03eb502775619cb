from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import log_loss, roc_auc_score

from factory.core.errors import Cancelled, FlowError
from factory.learning.forest_kernels import FlatForest
from factory.learning.meta_forest import Meta, fit_forest
from factory.pipeline.parts.meta import Forest
from tests.learning.experts.rows import Rows, planted

ROWS = planted(3_000)
METHODS = ("none", "isotonic", "sigmoid")


def part(**keys: Any) -> Forest:
    return Forest(use="forest", see=("x",), **{"trees": 45, "leaf": 20} | keys)


def fitted(data: Rows = ROWS, *, share: float = 0.4, seed: int = 5, options: Any = None, **keys: Any) -> Meta:
    X, y, _, weight, start, end = data
    return fit_forest(part(**keys), X, y, weight, start, end, uniqueness_share=share, seed=seed, **options or {})


def same(a: Meta, b: Meta) -> bool:
    first, second = a.arrays(), b.arrays()
    return first.keys() == second.keys() and all(np.array_equal(first[key], second[key]) for key in first)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_flat_forest_equals_scikit_learn(dtype: Any) -> None:
    rows = ROWS._replace(X=ROWS.X.astype(dtype).astype(np.float64))
    meta = fitted(rows, options={"holdout": False})
    peer = RandomForestClassifier(45, min_samples_leaf=20, max_samples=1_200, random_state=5)
    peer.fit(rows.X, rows.y, rows.weight / rows.weight.mean())
    np.testing.assert_allclose(meta.predict(rows.X), peer.predict_proba(rows.X)[:, 1], rtol=0, atol=1e-12)
    edges = np.concatenate([tree.tree_.threshold for tree in peer.estimators_])[:600].reshape(-1, 3)
    beside = np.concatenate([np.nextafter(edges, s) for s in (-np.inf, np.inf)] + [edges])
    np.testing.assert_allclose(meta.predict(beside), peer.predict_proba(beside)[:, 1], rtol=0, atol=1e-12)


def test_sums_of_leaves_do_not_depend_on_the_order_of_trees() -> None:
    forest = fitted(options={"holdout": False}).forest
    turned = FlatForest(forest.roots[::-1].copy(), *(getattr(forest, name) for name in FlatForest.__slots__[1:]))
    assert np.array_equal(forest.mean(ROWS.X), turned.mean(ROWS.X))


@pytest.mark.parametrize("calibrate", METHODS)
def test_law_5_the_forest_is_the_same_on_any_number_of_threads(calibrate: str) -> None:
    assert same(fitted(calibrate=calibrate), fitted(calibrate=calibrate, options={"threads": 3}))
    assert not same(fitted(calibrate=calibrate), fitted(calibrate=calibrate, seed=6))


@pytest.mark.parametrize("calibrate", METHODS)
def test_law_7_a_row_alone_and_in_a_batch_gives_the_same_bits(calibrate: str) -> None:
    meta = fitted(calibrate=calibrate)
    batch = meta.predict(ROWS.X)
    assert batch[::61].tolist() == [meta.predict(ROWS.X[i : i + 1])[0] for i in range(0, 3_000, 61)]
    again = Meta.from_arrays(meta.arrays())
    assert np.array_equal(again.predict(ROWS.X), batch)
    assert again.holdout == meta.holdout
    assert all(array.size and array.dtype != object for array in meta.arrays().values())


@pytest.mark.parametrize("calibrate", METHODS)
def test_law_6_the_last_fifth_is_scored_by_a_forest_that_never_saw_it(calibrate: str) -> None:
    """The raw score equals that of a forest fitted on the purged rest alone, whatever the calibration."""
    X, y, _, weight, start, end = ROWS
    rest = np.flatnonzero(end < start[2_400])
    assert len(rest) < 2_400
    alone = fitted(ROWS.take(rest), options={"holdout": False})
    raw = alone.predict(X[2_400:])
    held = fitted(calibrate=calibrate).holdout
    base = np.full(600, np.average(y[rest], weights=weight[rest]))
    assert held["rows"] == 600
    assert held["auc"] == pytest.approx(roc_auc_score(y[2_400:], raw))
    assert held["log_loss"] == pytest.approx(log_loss(y[2_400:], raw))
    assert held["base_log_loss"] == pytest.approx(log_loss(y[2_400:], base))
    assert held["log_loss"] < held["base_log_loss"]


@pytest.mark.parametrize("calibrate", ["isotonic", "sigmoid"])
def test_calibration_keeps_the_order_and_mends_the_level(calibrate: str) -> None:
    """Rows whose last fifth goes up more often than the rest are told so."""
    rng = np.random.default_rng(1)
    y = ROWS.y.copy()
    y[2_400:] |= rng.uniform(size=600) < 0.5
    rows = ROWS._replace(y=y)
    raw, meta = fitted(rows), fitted(rows, calibrate=calibrate)
    p = meta.predict(ROWS.X)
    order = np.argsort(raw.predict(ROWS.X), kind="stable")
    assert (np.diff(p[order]) >= 0).all()
    held = slice(2_400, 3_000)
    off = abs(raw.predict(ROWS.X[held]).mean() - y[held].mean())
    assert abs(p[held].mean() - y[held].mean()) < off / 2


@pytest.mark.parametrize("calibrate", ["isotonic", "sigmoid"])
def test_calibration_of_noise_claims_nothing(calibrate: str) -> None:
    """A forest without skill, or with a skill that turned, is mapped close to the share of ups."""
    rng = np.random.default_rng(2)
    y = rng.integers(0, 2, 3_000).astype(np.int8)
    turned = np.where(np.arange(3_000) < 2_400, ROWS.y, 1 - ROWS.y).astype(np.int8)
    for labels, most in ((y, 0.2), (turned, 0.02)):
        p = fitted(ROWS._replace(y=labels), calibrate=calibrate).predict(ROWS.X)
        assert np.abs(p - labels[2_400:].mean()).max() < most


def test_a_tree_draws_the_share_of_unique_rows_unless_told() -> None:
    def leaves(share: float, draw: int | None = None) -> int:
        forest = fitted(share=share, options={"holdout": False}, trees=1, leaf=1, rows=draw).forest
        return int((forest.feature < 0).sum())

    assert leaves(0.05) < leaves(0.5) < leaves(0.05, draw=2_900)


def test_a_calibration_is_fitted_even_where_no_score_was_asked_for() -> None:
    assert fitted(options={"holdout": False}).holdout == {}
    assert fitted(calibrate="sigmoid", options={"holdout": False}).method == "sigmoid"


def test_one_sided_labels_are_refused() -> None:
    y = ROWS.y.copy()
    y[2_400:] = 1
    with pytest.raises(FlowError, match="all 600 labels of train's last fifth are up"):
        fitted(ROWS._replace(y=y))
    with pytest.raises(FlowError, match="one class"):
        fitted(ROWS._replace(y=np.zeros_like(y)), options={"holdout": False})


def test_growing_tells_how_far_it_is_and_can_be_stopped() -> None:
    shares: list[float] = []
    fitted(options={"progress": lambda share, what: shares.append(share)})
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1)
    assert len(shares) == 90

    def stop(share: float, what: str) -> None:
        raise Cancelled("stopped on request")

    with pytest.raises(Cancelled):
        fitted(options={"progress": stop})
