"""A training gives the same bits, can be stopped and gone on with, and stops by itself in time."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra deep")

from safetensors import safe_open  # noqa: E402

from factory.core.errors import Cancelled, FlowError, UnlearnableError  # noqa: E402
from factory.learning.networks.architecture import Architecture  # noqa: E402
from factory.learning.networks.bin_ctabl import BinCtablNetwork  # noqa: E402
from factory.learning.networks.bin_ctabl_forward import BinCtablForward  # noqa: E402
from factory.learning.networks.deeplob import DeepLobNetwork  # noqa: E402
from factory.learning.networks.settings import TrainingSettings, settings_of  # noqa: E402
from factory.learning.networks.training import memory_or_mend, split_tail, train_network  # noqa: E402
from factory.pipeline.parts.experts import DeepLob  # noqa: E402
from tests.learning.networks.books import planted  # noqa: E402

EACH = [DeepLobNetwork, BinCtablNetwork]
BOOK = planted(200)
every_network = pytest.mark.parametrize("make", EACH)


def settings(**changes: Any) -> TrainingSettings:
    return TrainingSettings(**{"epochs": 2, "batch": 16, "rate": 1e-3, "epsilon": 1e-8, "patience": 9} | changes)


def train(
    make: Any = BinCtablNetwork, book: Any = BOOK, seed: int = 1, classes: int = 2, options: Any = None, **changes: Any
) -> Any:
    levels = book.X.values.shape[1] // 4
    architecture = Architecture(make.__name__, levels, book.X.steps, classes)
    return train_network(make, architecture, book.sample(classes, **options or {}), settings(**changes), seed)


def same(a: Any, b: Any) -> bool:
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


@every_network
def test_law_5_the_same_seed_gives_the_same_weights_bit_for_bit(make: Any) -> None:
    weights = train(make)
    assert same(weights, train(make))
    assert not same(weights, train(make, seed=2))


def test_a_training_neither_reads_nor_moves_torch_s_own_generator() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    weights = train()
    assert torch.equal(torch.rand(3), expected)
    assert same(weights, train())


@every_network
def test_a_training_tells_how_far_it_is_and_stops_inside_an_epoch(make: Any) -> None:
    seen: list[float] = []
    train(make, options={"progress": lambda share, what: seen.append(share)})
    assert seen == sorted(seen)
    assert len(seen) == 2 * 12  # steps of 177 rows
    assert seen[-1] == 1
    told: list[float] = []

    def stop(share: float, what: str) -> None:
        told.append(share)
        if len(told) == 3:
            raise Cancelled("stopped on request")

    with pytest.raises(Cancelled):
        train(make, options={"progress": stop})
    assert told == seen[:3]


@every_network
def test_a_training_that_is_gone_on_with_equals_one_that_was_never_stopped(make: Any, tmp_path: Path) -> None:
    whole = train(make, epochs=4)

    def stop(share: float, what: str) -> None:
        if share > 0.6:
            raise Cancelled("stopped on request")

    with pytest.raises(Cancelled):
        train(make, epochs=4, options={"progress": stop, "checkpoints": tmp_path})
    seen: list[float] = []
    assert same(
        train(make, epochs=4, options={"progress": lambda share, what: seen.append(share), "checkpoints": tmp_path}), whole
    )
    assert 0.5 < seen[0] < 0.6
    again: list[float] = []
    assert same(
        train(make, epochs=4, options={"progress": lambda share, what: again.append(share), "checkpoints": tmp_path}), whole
    )
    assert again == []


def test_a_checkpoint_of_another_network_is_refused(tmp_path: Path) -> None:
    train(options={"checkpoints": tmp_path})
    message = (
        "checkpoints: training.safetensors holds a BinCtablNetwork of 2 levels, 10 steps and 2 classes, "
        "and this is a BinCtablNetwork of 3 levels, 10 steps and 2 classes; give another folder, or delete it to train anew"
    )
    with pytest.raises(FlowError, match=re.escape(message)):
        train(book=planted(200, levels=3), options={"checkpoints": tmp_path})


@pytest.mark.parametrize("change", [{"seed": 2}, {"batch": 32}, {"book": planted(201)}, {"rate": 1e-2}])
def test_a_checkpoint_of_another_training_is_refused(change: Any, tmp_path: Path) -> None:
    train(options={"checkpoints": tmp_path})
    with pytest.raises(FlowError, match="is of a training on other rows, or at another pace"):
        train(**change, options={"checkpoints": tmp_path})


def test_a_damaged_checkpoint_is_refused(tmp_path: Path) -> None:
    train(options={"checkpoints": tmp_path})
    file = tmp_path / "training.safetensors"
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(FlowError, match="is damaged; delete it to train anew"):
        train(options={"checkpoints": tmp_path})


def test_labels_that_reach_into_the_tail_train_nothing() -> None:
    fitted, tail = split_tail(BOOK.start, BOOK.end)
    assert len(tail) == 20
    assert BOOK.end[fitted].max() < BOOK.start[tail[0]]
    unseen = np.arange(len(fitted), 180)
    assert len(unseen) == 3
    y = BOOK.y.copy()
    y[unseen] = 1 - y[unseen]
    assert same(train(book=BOOK._replace(y=y)), train())
    y[0] = 1 - y[0]
    assert not same(train(book=BOOK._replace(y=y)), train())


def test_labels_that_all_reach_into_the_tail_are_refused() -> None:
    with pytest.raises(
        UnlearnableError, match=r"label: none of 200 labels ends before the last tenth .* use a shorter horizon"
    ):
        train(book=BOOK._replace(end=BOOK.start + 10**9))


def test_a_training_stops_when_the_tail_gets_no_better_and_gives_its_best_epoch() -> None:
    noise = BOOK._replace(y=np.random.default_rng(3).integers(0, 2, 200).astype(np.int8))
    seen: list[float] = []
    stopped = train(book=noise, epochs=60, patience=2, rate=1e-2, options={"progress": lambda share, what: seen.append(share)})
    done = round(seen[-1] * 60)
    assert 3 < done < 60
    assert same(stopped, train(book=noise, epochs=done - 2, patience=60, rate=1e-2))
    assert not same(stopped, train(book=noise, epochs=done - 3, patience=60, rate=1e-2))


def test_rows_count_by_their_weight() -> None:
    """Half the labels are turned round, and weigh next to nothing."""
    book, fresh = planted(1_500), planted(400, seed=9)
    turned = np.arange(1_500) % 2 == 1
    y, weight = np.where(turned, 1 - book.y, book.y).astype(np.int8), np.where(turned, 1e-6, 1.0)
    forward = BinCtablForward(train(book=book._replace(y=y, weight=weight), epochs=20, batch=8))
    logits = np.array([forward.logits(window) for window in fresh.X.batch(np.arange(400))])
    assert (logits.argmax(1) == fresh.y).mean() > 0.85


@pytest.mark.parametrize("classes", [2, 3])
def test_the_loss_is_the_weighted_cross_entropy_of_one_softmax_of_the_logits(classes: int, tmp_path: Path) -> None:
    book = planted(200, classes=classes)
    forward = BinCtablForward(train(book=book, classes=classes, options={"checkpoints": tmp_path}))
    _, tail = split_tail(book.start, book.end)
    logits = np.array([forward.logits(window) for window in book.X.batch(tail)], np.float64)
    losses = np.log(np.exp(logits).sum(1)) - logits[np.arange(len(tail)), book.y[tail]]
    with safe_open(tmp_path / "training.safetensors", framework="np") as file:
        least = float.fromhex(file.metadata()["loss"])
    assert least == pytest.approx(np.average(losses, weights=book.weight[tail]), rel=1e-4)


@every_network
def test_a_missing_value_is_refused(make: Any) -> None:
    book = planted(200)
    book.X.values[50, 2] = np.nan
    with pytest.raises(FlowError, match="a network's loss is no number; its rows hold a missing or a huge value"):
        train(make, book=book)


def test_too_little_memory_names_a_smaller_batch() -> None:
    message = re.escape("experts: a batch of 128 windows does not fit into memory; write batch: 64, or fewer steps")
    with pytest.raises(FlowError, match=message), memory_or_mend(128):
        torch.empty(2**58)
    with pytest.raises(FlowError, match=message), memory_or_mend(128):
        raise torch.OutOfMemoryError("CUDA out of memory")
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"), memory_or_mend(128):
        torch.ones(2, 3) @ torch.ones(2, 3)


def test_profiles_are_those_of_the_paper_and_of_its_reproduction() -> None:
    part = DeepLob(use="deeplob", book="b", epochs=7, patience=3)
    assert settings_of(part, 1e-4) == TrainingSettings(7, 128, 1e-4, 1e-8, 3)
    assert settings_of(part.model_copy(update={"profile": "paper"}), 1e-4) == TrainingSettings(7, 32, 0.01, 1.0, 3)
    assert settings_of(part.model_copy(update={"batch": 64}), 1e-4) == TrainingSettings(7, 64, 1e-4, 1e-8, 3)
