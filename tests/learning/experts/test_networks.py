"""Experts on windows of a book through the laws that touch every expert."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from factory.core.errors import Cancelled, FlowError
from factory.learning.experts import Fitted, cross_fit, fit_network, load_fitted
from factory.learning.splits import purged_kfold
from factory.pipeline.parts.experts import DEEP_EXPERTS, DeepLob, Logistic, Network
from factory.storage.cache import Cache
from tests.conftest import ROOT
from tests.learning.experts.rows import planted as matrix
from tests.learning.networks.books import Book, planted

BOOK = planted(200)
EMBARGO = int(0.01 * (BOOK.end[-1] - BOOK.start[0]) / 5)

every_network = pytest.mark.parametrize("kind", DEEP_EXPERTS, ids=lambda kind: kind.__name__)


@pytest.fixture
def _torch() -> None:
    pytest.importorskip("torch", reason="needs the extra deep")


needs_torch = pytest.mark.usefixtures("_torch")


def part_of(kind: type[Network], **keys: Any) -> Network:
    use = kind.model_fields["use"].annotation.__args__[0]  # type: ignore[union-attr]
    return kind(**{"use": use, "book": "b", "levels": 2, "steps": 10, "epochs": 1, "batch": 8} | keys)


def fitted(kind: type[Network], book: Book = BOOK, classes: int = 2, options: Any = None, **keys: Any) -> tuple[Any, Fitted]:
    oof, model, unconverged = cross_fit(part_of(kind, **keys), *book, seed=7, classes=classes, **options or {})
    assert not unconverged
    return oof, model


def same(a: Fitted, b: Fitted) -> bool:
    first, second = a.arrays(), b.arrays()
    return first.keys() == second.keys() and all(np.array_equal(first[key], second[key]) for key in first)


@needs_torch
@every_network
def test_law_5_a_network_gives_the_same_bits_on_any_number_of_threads(kind: type[Network]) -> None:
    alone, on_all = fitted(kind)
    together, again = fitted(kind, options={"threads": 3})
    assert np.array_equal(alone, together)
    assert same(on_all, again)


@needs_torch
@every_network
@pytest.mark.parametrize("block", [0, 2, 4])
def test_law_6_a_network_predicts_a_block_without_having_seen_its_time(kind: type[Network], block: int) -> None:
    oof, _ = fitted(kind)
    train, test = purged_kfold(BOOK.start, BOOK.end, 5, EMBARGO)[block]
    unseen = np.setdiff1d(np.arange(200), train)
    assert len(unseen) >= len(test) + 3
    y, weight = BOOK.y.copy(), BOOK.weight.copy()
    y[unseen], weight[unseen] = 1 - y[unseen], 0.5
    other, _ = fitted(kind, BOOK._replace(y=y, weight=weight))
    assert np.array_equal(oof[test], other[test])
    assert not np.array_equal(oof, other)


@needs_torch
@every_network
def test_p1_and_law_7_a_network_predicts_a_row_the_same_alone_and_beside_others(kind: type[Network]) -> None:
    _, model = fitted(kind, cross_fit="holdout")
    batch = model.predict(BOOK.X)
    alone = [model.predict(BOOK.X.take(np.array([row])))[0] for row in range(0, 200, 7)]
    assert batch[::7].tolist() == alone
    assert np.array_equal(model.predict(BOOK.X.take(np.arange(33))), batch[:33])


@needs_torch
@every_network
def test_a_network_is_plain_arrays_and_comes_back_from_the_cache(kind: type[Network], tmp_path: Path) -> None:
    _, model = fitted(kind, cross_fit="holdout")
    arrays = model.arrays()
    assert all(array.size and array.dtype != object for array in arrays.values())
    assert {array.dtype for name, array in arrays.items() if name != "architecture"} == {np.dtype(np.float32)}
    cache = Cache(tmp_path)
    cache.put("a" * 64, arrays)
    kept = cache.get("a" * 64)
    assert kept is not None
    again = load_fitted(part_of(kind), kept)
    assert same(again, model)
    assert np.array_equal(again.predict(BOOK.X), model.predict(BOOK.X))


PREDICT = """
import sys
import numpy as np
from factory.learning.experts import load_fitted
from factory.pipeline.parts.experts import DEEP_EXPERTS
from tests.learning.networks.books import planted
from tests.learning.experts.test_networks import part_of
kind = next(kind for kind in DEEP_EXPERTS if kind.__name__ == sys.argv[1])
print(*load_fitted(part_of(kind), np.load(sys.argv[2])).predict(planted(200).X)[:5].tolist(), "torch" in sys.modules)
"""


@needs_torch
@every_network
def test_a_trained_network_predicts_without_torch(kind: type[Network], tmp_path: Path) -> None:
    _, model = fitted(kind, cross_fit="holdout")
    file = tmp_path / "model.npz"
    np.savez(file, **model.arrays())
    run = subprocess.run(
        [sys.executable, "-c", PREDICT, kind.__name__, str(file)], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert run.stdout.split() == [*(repr(p) for p in model.predict(BOOK.X)[:5].tolist()), "False"]


@needs_torch
@every_network
@pytest.mark.parametrize("classes", [2, 3])
def test_a_network_learns_that_imbalance_decides_the_next_move(kind: type[Network], classes: int) -> None:
    book = planted(2_000, classes=classes)
    oof, model = fitted(kind, book, classes, epochs=12, cross_fit="holdout")
    seen = ~np.isnan(oof if classes == 2 else oof[:, 0])
    assert np.array_equal(seen, np.arange(2_000) >= 1_200)
    assert (chosen(oof[seen]) == book.y[seen]).mean() > {2: 0.9, 3: 0.8}[classes]
    fresh = planted(300, classes=classes, seed=9)
    assert (chosen(model.predict(fresh.X)) == fresh.y).mean() > {2: 0.9, 3: 0.8}[classes]


def chosen(p: Any) -> Any:
    return p > 0.5 if p.ndim == 1 else p.argmax(1)


@needs_torch
@every_network
def test_a_network_learns_nothing_from_shuffled_labels(kind: type[Network]) -> None:
    book = planted(1_000)
    oof, _ = fitted(kind, book._replace(y=np.random.default_rng(5).permutation(book.y)), epochs=3, cross_fit="holdout")
    shuffled = np.random.default_rng(5).permutation(book.y)
    assert abs((chosen(oof[600:]) == shuffled[600:]).mean() - 0.5) < 0.09


@needs_torch
@every_network
def test_three_classes_give_three_chances(kind: type[Network]) -> None:
    book = planted(200, classes=3)
    oof, model = fitted(kind, book, 3)
    for p in (oof, model.predict(book.X)):
        assert p.shape == (200, 3)
        assert ((p >= 0) & (p <= 1)).all()
        np.testing.assert_allclose(p.sum(1), 1)
    assert model.predict(book.X.take(np.arange(0))).shape == (0, 3)


@needs_torch
@every_network
def test_holdout_trains_once_on_rows_whose_labels_end_before_what_it_predicts(kind: type[Network]) -> None:
    oof, model = fitted(kind, cross_fit="holdout")
    assert np.isnan(oof[:120]).all()
    assert np.array_equal(oof[120:], model.predict(BOOK.X)[120:])
    assert (BOOK.end[:117] < BOOK.start[120]).all()
    assert BOOK.end[117] == BOOK.start[120]
    assert same(fit_network(part_of(kind), BOOK.take(np.arange(117)).sample(), 7), model)


@needs_torch
@pytest.mark.parametrize("threads", [1, 2])
def test_cross_fitting_a_network_is_stopped_inside_an_epoch_and_gone_on_with(threads: int, tmp_path: Path) -> None:
    whole, model = fitted(DeepLob, epochs=2)
    seen: list[float] = []

    def stop(share: float, what: str) -> None:
        seen.append(share)
        if share > 0.4:
            raise Cancelled("stopped on request")

    with pytest.raises(Cancelled):
        fitted(DeepLob, epochs=2, options={"progress": stop, "checkpoints": tmp_path, "threads": threads})
    assert max(seen) < 0.5
    oof, again = fitted(DeepLob, epochs=2, options={"checkpoints": tmp_path, "threads": threads})
    assert np.array_equal(oof, whole)
    assert same(again, model)


def test_without_torch_a_network_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    for kind in DEEP_EXPERTS:
        with pytest.raises(FlowError) as refused:
            fitted(kind)
        assert refused.value.lines == (
            'experts: networks need torch, which is not installed; a person runs .venv/bin/pip install -e ".[deep]" in a checkout, or pip install "random-forest-cat[deep]"',
        )


def test_a_book_of_another_shape_is_refused() -> None:
    message = "windows of 10 rows of 8 numbers, and the deeplob of 3 levels, 10 steps and 2 classes takes 10 rows of 12"
    with pytest.raises(FlowError, match=message):
        fitted(DeepLob, levels=3)
    with pytest.raises(FlowError, match="takes 20 rows of 8; write the book's levels and steps"):
        fitted(DeepLob, steps=20)


def test_one_sided_rows_are_refused_by_their_class() -> None:
    flat = BOOK._replace(y=np.ones(200, np.int8))
    with pytest.raises(FlowError, match="label: all 200 rows that 'deeplob' is fitted on are up"):
        fit_network(part_of(DeepLob), flat.sample(2), 1)
    with pytest.raises(FlowError, match="label: all 200 rows that 'deeplob' is fitted on are flat"):
        fit_network(part_of(DeepLob), flat.sample(3), 1)


def test_an_expert_is_given_what_it_sees() -> None:
    logistic = Logistic(use="logistic", see=("x",))
    with pytest.raises(FlowError, match="'logistic' cannot learn from windows"):
        cross_fit(logistic, *BOOK, seed=1)
    with pytest.raises(FlowError, match="'deeplob' cannot learn from features"):
        cross_fit(part_of(DeepLob), *matrix(100), seed=1)


@every_network
@pytest.mark.parametrize(
    "keys",
    [
        {"levels": 0},
        {"levels": 21},
        {"steps": 9},
        {"steps": 501},
        {"batch": 7},
        {"profile": "sgd"},
        {"cross_fit": "none"},
        {"see": ["x"]},
    ],
)
def test_a_part_that_no_network_can_be_is_refused(kind: type[Network], keys: Any) -> None:
    with pytest.raises(ValidationError):
        part_of(kind, **keys)
