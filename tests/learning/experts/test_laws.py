"""Every registered expert through the laws that touch it."""

from typing import Any

import numpy as np
import pytest

from factory.evidence.probes.causal import TWISTED
from factory.learning.experts import Fitted, cross_fit, load_fitted
from factory.learning.splits import purged_kfold
from factory.pipeline.parts.base import Part
from factory.pipeline.parts.experts import EXPERTS
from tests.learning.experts.rows import Rows, planted

KEYS: dict[str, dict[str, Any]] = {
    "gradient_boosting": {"rounds": 10, "leaf": 20},
    "extra_trees": {"trees": 10, "leaf": 20},
    "rule": {"of": "x", "above": 0.3},
}
ROWS = planted()

every_expert = pytest.mark.parametrize("kind", EXPERTS, ids=lambda kind: kind.__name__)


def part_of(kind: type[Part]) -> Any:
    use = kind.model_fields["use"].annotation.__args__[0]  # type: ignore[union-attr]
    return kind(use=use, **({"see": ("x",)} if "see" in kind.model_fields else {}) | KEYS.get(use, {}))


def fitted(kind: type[Part], rows: Rows = ROWS, **options: Any) -> tuple[Any, Fitted]:
    oof, model, unconverged = cross_fit(part_of(kind), *rows, seed=7, **options)
    assert not unconverged
    return oof, model


def same(a: Fitted, b: Fitted) -> bool:
    first, second = a.arrays(), b.arrays()
    return first.keys() == second.keys() and all(np.array_equal(first[key], second[key]) for key in first)


@every_expert
def test_law_5_every_expert_gives_the_same_bits_on_any_number_of_threads(kind: type[Part]) -> None:
    alone, on_all = fitted(kind)
    for threads in (1, 3):
        together, again = fitted(kind, threads=threads)
        assert np.array_equal(alone, together)
        assert same(on_all, again)


@every_expert
def test_law_6_every_expert_predicts_a_block_without_having_seen_its_time(kind: type[Part]) -> None:
    """Labels inside a block, and all whose life meets it, change none of the block's predictions."""
    embargo = int(0.01 * (ROWS.end[-1] - ROWS.start[0]) / 5)
    oof, _ = fitted(kind)
    for train, test in purged_kfold(ROWS.start, ROWS.end, 5, embargo):
        unseen = np.setdiff1d(np.arange(len(ROWS.y)), train)
        assert len(unseen) >= len(test) + 4
        y, ret, weight = ROWS.y.copy(), ROWS.ret.copy(), ROWS.weight.copy()
        y[unseen], ret[unseen], weight[unseen] = 1 - y[unseen], -3 * ret[unseen], 0.5
        other, _ = fitted(kind, ROWS._replace(y=y, ret=ret, weight=weight))
        assert np.array_equal(oof[test], other[test])
        assert not np.array_equal(oof, other)


@every_expert
def test_p1_every_expert_predicts_a_row_the_same_when_later_rows_are_cut_off(kind: type[Part]) -> None:
    """Probe P1 of the registry: nothing is scaled, filled or ranked by the rows that are predicted."""
    _, model = fitted(kind)
    whole = model.predict(ROWS.X)
    for cut in (1, 2, 700, 1_999):
        assert np.array_equal(model.predict(ROWS.X[:cut]), whole[:cut])


@every_expert
@pytest.mark.parametrize("twist", TWISTED)
def test_p2_every_expert_predicts_a_row_the_same_when_later_rows_are_replaced(kind: type[Part], twist: str) -> None:
    """Probe P2 of the registry."""
    _, model = fitted(kind)
    whole, rng = model.predict(ROWS.X), np.random.default_rng(3)
    for cut in (1, 700, 1_999):
        later = np.array(ROWS.X)
        later[cut:] = TWISTED[twist](later[cut:], rng)
        assert np.array_equal(model.predict(later)[:cut], whole[:cut])


@every_expert
def test_law_7_every_expert_gives_a_row_the_same_bits_alone_and_in_a_batch(kind: type[Part]) -> None:
    _, model = fitted(kind)
    batch = model.predict(ROWS.X)
    alone = [model.predict(ROWS.X[i : i + 1])[0] for i in range(0, 2_000, 37)]
    assert batch[::37].tolist() == alone
    assert np.array_equal(model.predict(np.asfortranarray(ROWS.X)), batch)


@every_expert
def test_every_expert_is_plain_arrays_and_comes_back_from_them(kind: type[Part]) -> None:
    _, model = fitted(kind)
    arrays = model.arrays()
    assert all(array.size and array.dtype != object for array in arrays.values())
    again = load_fitted(part_of(kind), arrays)
    assert np.array_equal(again.predict(ROWS.X), model.predict(ROWS.X))


@every_expert
def test_every_expert_finds_a_planted_signal_and_gives_chances(kind: type[Part]) -> None:
    oof, model = fitted(kind)
    for p in (oof, model.predict(ROWS.X), model.predict(1e6 * ROWS.X)):
        assert ((p >= 0) & (p <= 1)).all()
    up, down = oof[ROWS.y == 1], oof[ROWS.y == 0]
    assert up.mean() > down.mean() + 0.01
    assert abs(oof.mean() - ROWS.y.mean()) < 0.05


@every_expert
def test_every_expert_learns_nothing_from_a_constant(kind: type[Part]) -> None:
    rows = ROWS._replace(X=np.zeros_like(ROWS.X))
    _, model = fitted(kind, rows)
    np.testing.assert_allclose(model.predict(rows.X), np.average(ROWS.y, weights=ROWS.weight), atol=2e-3)


@every_expert
def test_weights_count_only_in_proportion(kind: type[Part]) -> None:
    oof, _ = fitted(kind)
    scaled, _ = fitted(kind, ROWS._replace(weight=8 * ROWS.weight))
    assert np.array_equal(oof, scaled)
