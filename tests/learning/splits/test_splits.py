from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.learning.splits import combinatorial, purged_kfold


@pytest.mark.parametrize(("name", "embargo"), [("closed_interval_sets", 0), ("closed_embargo_2", 2)])
def test_blocks_match_the_reference_vector(vectors: dict[str, Any], name: str, embargo: int) -> None:
    vector = vectors["purged_kfold"]
    start = np.arange(vector["inputs"]["n"])
    splits = purged_kfold(start, start + vector["inputs"]["label_span_bars"], vector["inputs"]["n_splits"], embargo)
    assert [{"test": test.tolist(), "train": train.tolist()} for train, test in splits] == vector["expected"][name]


@given(
    st.lists(st.tuples(st.integers(0, 500), st.integers(0, 60)), min_size=6, max_size=80), st.integers(2, 6), st.integers(0, 30)
)
def test_law_6_no_training_label_meets_a_test_block(labels: list[tuple[int, int]], folds: int, embargo: int) -> None:
    start = np.sort([begin for begin, _ in labels])
    end = start + [span for _, span in labels]
    blocks = purged_kfold(start, end, folds, embargo)
    assert np.concatenate([test for _, test in blocks]).tolist() == list(range(len(start)))
    for train, test in blocks:
        a, b = start[test].min(), end[test].max()
        allowed = {i for i in range(len(start)) if end[i] < a or start[i] > b + embargo}
        assert set(train.tolist()) == allowed


@given(
    st.lists(st.tuples(st.integers(0, 500), st.integers(0, 60)), min_size=8, max_size=60), st.integers(4, 6), st.integers(0, 30)
)
def test_law_6_no_training_label_meets_any_chosen_block(labels: list[tuple[int, int]], folds: int, embargo: int) -> None:
    start = np.sort([begin for begin, _ in labels])
    end = start + [span for _, span in labels]
    blocks = np.array_split(np.arange(len(start)), folds)
    splits = combinatorial(start, end, folds, 2, embargo)
    assert len(splits) == folds * (folds - 1) // 2
    for train, test in splits:
        for block in (block for block in blocks if block[0] in test):
            a, b = start[block[0]], end[block].max()
            assert all(end[i] < a or start[i] > b + embargo for i in train)
