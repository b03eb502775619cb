import numpy as np
import pytest

from factory.core.errors import FlowError
from factory.evidence.importance import Groups, permutation_importance, permute
from factory.evidence.importance_kernels import permuted_sums
from factory.learning.meta_forest import Meta, fit_forest
from factory.pipeline.parts.meta import Forest
from tests.learning.experts.rows import planted

FIT, HELD = planted(3_000, columns=5), planted(2_000, columns=5, seed=1)
BLOCK = 60_000 * 40
ALONE: Groups = {f"x{j}": [j] for j in range(5)}


@pytest.fixture(scope="module")
def meta() -> Meta:
    part = Forest(use="forest", see=("x",), trees=30, leaf=10, calibrate="sigmoid")
    X, y, _, weight, start, end = FIT
    return fit_forest(part, X, y, weight, start, end, uniqueness_share=0.5, seed=0)


@pytest.mark.parametrize(
    "groups",
    [ALONE, {"a": [0, 3], "b": [1, 2, 4]}, {"all": [0, 1, 2, 3, 4]}, {"one": [2]}],
    ids=["alone", "pairs", "all", "one"],
)
def test_changed_paths_equal_whole_predictions_exactly(meta: Meta, groups: Groups) -> None:
    fast = permutation_importance(meta, HELD.X, HELD.y, HELD.start, BLOCK, groups, repeats=3, seed=4)
    slow = permute(meta.predict, HELD.X, HELD.y, HELD.start, BLOCK, groups, repeats=3, seed=4)
    assert fast == slow


def test_every_permuted_prediction_is_exact_to_the_bit(meta: Meta) -> None:
    """Also for columns that a path tests several times, on rows with a column replaced by anything."""
    forest, rng = meta.forest, np.random.default_rng(0)
    rows = HELD.X[:500].astype(np.float32)
    replaced = rng.normal(size=(500, 5, 4)).astype(np.float32)
    group = np.array([0, 1, 0, -1, 1])
    total, sums = permuted_sums(
        rows, replaced, group, 2, forest.roots, forest.feature, forest.threshold, forest.left, forest.right, forest.value
    )
    assert np.array_equal(total, forest.total(rows))
    for g in range(2):
        for r in range(4):
            other = np.where(group == g, replaced[:, :, r], rows)
            assert np.array_equal(sums[g, r], forest.total(other))


def test_what_carries_the_signal_stands_out_and_noise_does_not(meta: Meta) -> None:
    importance = permutation_importance(meta, HELD.X, HELD.y, HELD.start, BLOCK, ALONE, repeats=5)
    assert importance.rows == 2_000
    for losses in (importance.log_loss, importance.auc):
        assert max(losses, key=lambda name: losses[name].mean) == "x0"
        assert losses["x0"].low > 0.01
        for name in ("x1", "x2", "x3", "x4"):
            assert losses[name].low < 0.005
            assert abs(losses[name].mean) < losses["x0"].mean / 5


def test_columns_that_say_the_same_hide_each_other_unless_grouped() -> None:
    X = np.column_stack([FIT.X[:, 0], FIT.X[:, 0], FIT.X[:, 1]])
    held = np.column_stack([HELD.X[:, 0], HELD.X[:, 0], HELD.X[:, 1]])
    part = Forest(use="forest", see=("x",), trees=30, leaf=10)
    twins = fit_forest(part, X, FIT.y, FIT.weight, FIT.start, FIT.end, uniqueness_share=0.5, seed=0)
    apart = permutation_importance(twins, held, HELD.y, HELD.start, BLOCK, {"a": [0], "b": [1]})
    together = permutation_importance(twins, held, HELD.y, HELD.start, BLOCK, {"a+b": [0, 1]})
    assert together.auc["a+b"].mean > apart.auc["a"].mean + apart.auc["b"].mean


def test_an_input_that_is_never_used_costs_exactly_nothing(meta: Meta) -> None:
    importance = permute(
        lambda X: meta.predict(X[:, :5]), np.column_stack([HELD.X, HELD.X[:, 0]]), HELD.y, HELD.start, BLOCK, {"x5": [5]}
    )
    assert importance.log_loss["x5"] == importance.auc["x5"] == (0.0, 0.0, 0.0)


def test_law_5_the_same_seed_gives_the_same_importance(meta: Meta) -> None:
    one, two, other = (
        permutation_importance(meta, HELD.X, HELD.y, HELD.start, BLOCK, ALONE, repeats=2, seed=seed) for seed in (1, 1, 2)
    )
    assert one == two
    assert one != other


def test_too_few_blocks_give_no_interval(meta: Meta) -> None:
    importance = permutation_importance(meta, HELD.X, HELD.y, HELD.start, 60_000 * 500, ALONE, repeats=2)
    assert importance.auc["x0"].mean > 0
    assert importance.auc["x0"].low is None


def test_one_sided_rows_are_refused(meta: Meta) -> None:
    with pytest.raises(FlowError, match="one class"):
        permutation_importance(meta, HELD.X, np.ones_like(HELD.y), HELD.start, BLOCK, ALONE)
