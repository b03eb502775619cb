from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu

from factory.statistics.roc_auc import auc, block_interval, delong


def test_auc_and_delong_match_the_reference(vectors: dict[str, Any]) -> None:
    inputs, expected = vectors["delong"]["inputs"], vectors["delong"]["expected"]
    y = np.array(inputs["labels"])
    for name in ("a", "b"):
        ranked = auc(y, np.array(inputs[f"score_{name}"]))
        assert ranked is not None
        variance, low, high = delong(y, ranked)
        assert ranked.value == pytest.approx(expected[f"auc_{name}"], abs=1e-6)
        assert variance == pytest.approx(expected[f"var_{name}"], abs=1e-6)
        if name == "a":
            assert (low, high) == pytest.approx(expected["ci95_a"], abs=1e-6)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=2, max_size=40))
def test_auc_counts_pairs_with_ties_one_half(rows: list[tuple[bool, int]]) -> None:
    y, score = np.array([up for up, _ in rows], int), np.array([float(value) for _, value in rows])
    area = auc(y, score)
    if len(set(y)) < 2:
        assert area is None
        return
    assert area is not None
    pairs = mannwhitneyu(score[y == 1], score[y == 0]).statistic / ((y == 1).sum() * (y == 0).sum())
    assert area.value == pytest.approx(pairs)
    assert area.placement[y == 0].mean() == pytest.approx(pairs)


def test_overlap_widens_the_block_interval_and_independence_does_not() -> None:
    rng = np.random.default_rng(3)
    y, score = rng.integers(0, 2, 4000), rng.standard_normal(4000)
    for copies, ratio in ((1, 1.0), (10, np.sqrt(10))):
        labels, scores = np.repeat(y, copies), np.repeat(score, copies)
        ranked = auc(labels, scores)
        assert ranked is not None
        blocked = block_interval(labels, ranked, np.arange(len(labels)), 50 * copies)
        assert blocked is not None
        _, low, high = delong(labels, ranked)
        assert (blocked[1] - blocked[0]) / (high - low) == pytest.approx(ratio, rel=0.2)


def test_too_few_blocks_give_no_interval() -> None:
    y = np.arange(100) % 2
    ranked = auc(y, np.arange(100.0))
    assert ranked is not None
    assert block_interval(y, ranked, np.arange(100), 4) is None
