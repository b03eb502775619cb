"""Train a network: epochs with early stopping, the same bits for the same seed, kept between epochs and gone on with."""

import os
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import NamedTuple

import numpy as np
import torch
from numpy import int64
from numpy.typing import NDArray
from torch import Tensor, nn

from factory.core.errors import FlowError, UnlearnableError
from factory.core.progress import Progress, subrange
from factory.learning.artefacts import content_key
from factory.learning.networks.architecture import Architecture, Weights
from factory.learning.networks.checkpoint import TrainingState, load_checkpoint, save_checkpoint
from factory.learning.networks.settings import TrainingSettings
from factory.learning.windows import WindowSet

TAIL = 0.1
"""Share of the rows, the last, whose loss says when to stop."""
CPU_STEP = 32
"""Windows that a processor takes at once: what more of them leave behind no longer fits its caches. The batch is their sum."""

_building = Lock()


class Device(NamedTuple):
    """Where a network is trained, and what that device offers."""

    place: torch.device
    bf16: bool
    compiles: bool

    def autocast(self) -> AbstractContextManager[object]:
        """Compute in bf16 inside the block where the device does."""
        return torch.autocast("cuda", torch.bfloat16) if self.bf16 else nullcontext()


def prepare_device() -> Device:
    """Set the first CUDA device, or else one thread of the processor, to give the same bits each time."""
    torch.set_num_threads(1)
    if not torch.cuda.is_available():
        return Device(torch.device("cpu"), bf16=False, compiles=False)
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = True, False
    compiles = torch.cuda.get_device_capability() >= (7, 0) and find_spec("triton") is not None
    return Device(torch.device("cuda"), torch.cuda.is_bf16_supported(), compiles)


def build_seeded(make: Callable[[Architecture], nn.Module], architecture: Architecture, seed: int) -> nn.Module:
    """Make a network whose first weights depend on the seed alone, whatever other threads draw."""
    with _building, torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return make(architecture)


def split_tail(start: NDArray[int64], end: NDArray[int64]) -> tuple[NDArray[int64], NDArray[int64]]:
    """Split rows into positions to fit on and positions of the tail.

    The tail is the last tenth, less no row; fitted are those before it whose labels end first.

    Raises
    ------
    UnlearnableError
        If no label ends before the tail starts.
    """
    rows = np.arange(len(start))
    tail = rows[-max(1, int(TAIL * len(rows))) :]
    fitted = np.flatnonzero(end < start[tail[0]])
    if not len(fitted):
        raise UnlearnableError(
            f"label: none of {len(rows)} labels ends before the last tenth of them, which says when to stop; "
            "use a shorter horizon or more data"
        )
    return fitted, tail


def train_network(
    make: Callable[[Architecture], nn.Module],
    architecture: Architecture,
    sample: WindowSet,
    settings: TrainingSettings,
    seed: int,
) -> Weights:
    """Train a network, and give the weights of the epoch with the least loss on the tail.

    Parameters
    ----------
    make : callable
        The network of an architecture; it puts out logits.
    architecture : Architecture
        What it is made for.
    sample : WindowSet
        Rows, weights and label intervals; its `progress` is told after each step and may raise
        :class:`~factory.core.errors.Cancelled`; its `checkpoints` keeps what is learned after each epoch.
    settings : Settings
        How long and how fast.
    seed : int
        Same seed, same weights, bit for bit on one device.

    Returns
    -------
    dict of str to ndarray of float32
        Weights by the names of the network's parameters.

    Raises
    ------
    FlowError
        If the loss is no number, a batch does not fit into the device's memory, or a checkpoint is another training's.
    UnlearnableError
        If no label ends before the tail starts.
    """
    device = prepare_device()
    fitted, tail = split_tail(sample.start, sample.end)
    network = build_seeded(make, architecture, seed).to(device.place)
    optimizer = torch.optim.Adam(network.parameters(), settings.rate, eps=settings.epsilon)
    state, path = TrainingState.new(network), _checkpoint_path(sample.checkpoints)
    key = _training_key(sample, settings, seed) if path else ""
    if path and path.exists():
        state = load_checkpoint(path, architecture, key, network, optimizer)
    forward = torch.compile(network) if device.compiles else network
    trainer = _Trainer(forward, optimizer, sample, settings.batch, device)
    with memory_or_mend(settings.batch):
        while state.epoch < settings.epochs and state.stale < settings.patience:
            order = np.random.default_rng([seed, state.epoch]).permutation(fitted)
            first, last = (epoch / settings.epochs for epoch in (state.epoch, state.epoch + 1))
            trainer.run_epoch(order, subrange(sample.progress, first, last))
            state = state.after(trainer.measure_loss(tail), network)
            if path:
                save_checkpoint(path, architecture, key, network, optimizer, state)
    return {name: weight.numpy() for name, weight in state.best.items()}


class _Trainer:
    """One network's steps and losses."""

    def __init__(
        self, network: nn.Module, optimizer: torch.optim.Optimizer, sample: WindowSet, batch: int, device: Device
    ) -> None:
        self._network, self._optimizer, self._sample, self._batch, self._device = network, optimizer, sample, batch, device
        self._step = batch if device.place.type == "cuda" else min(batch, CPU_STEP)

    def run_epoch(self, order: NDArray[int64], progress: Progress) -> None:
        """Go over rows once, in the order given."""
        for at in range(0, len(order), self._batch):
            rows = order[at : at + self._batch]
            self._optimizer.zero_grad()
            for part in range(0, len(rows), self._step):
                (self._loss(rows[part : part + self._step]) / len(rows)).backward()
                progress(min(at + part + self._step, len(order)) / len(order), "training a network")
            self._optimizer.step()

    def measure_loss(self, rows: NDArray[int64]) -> float:
        """Compute the weighted mean cross-entropy of rows.

        Raises
        ------
        FlowError
            If it is no number.
        """
        with torch.no_grad():
            losses = [self._loss(rows[at : at + self._step]).item() for at in range(0, len(rows), self._step)]
        loss = float(sum(losses) / self._sample.weight[rows].sum())
        if not np.isfinite(loss):
            raise FlowError(
                "experts: a network's loss is no number; its rows hold a missing or a huge value, or it learns too fast: "
                "standardise the book, or use profile adam"
            )
        return loss

    def _loss(self, rows: NDArray[int64]) -> Tensor:
        """Compute the weighted sum of the cross-entropies; softmax is part of it, and stands nowhere before it."""
        sample, place = self._sample, self._device.place
        x = torch.from_numpy(sample.X.batch(rows)).to(place)
        y = torch.from_numpy(sample.y[rows].astype(np.int64)).to(place)
        weight = torch.from_numpy(sample.weight[rows].astype(np.float32)).to(place)
        with self._device.autocast():
            logits = self._network(x)
        return (nn.functional.cross_entropy(logits.float(), y, reduction="none") * weight).sum()


@contextmanager
def memory_or_mend(batch: int) -> Generator[None, None, None]:
    """Replace an out-of-memory error inside the block by one that tells what can be done about it.

    Raises
    ------
    FlowError
        In place of torch's error.
    """
    try:
        yield
    except RuntimeError as error:
        if not isinstance(error, torch.OutOfMemoryError) and "can't allocate memory" not in str(error):
            raise
        raise FlowError(
            f"experts: a batch of {batch} windows does not fit into memory; write batch: {max(8, batch // 2)}, or fewer steps"
        ) from None


def _checkpoint_path(folder: Path | None) -> Path | None:
    return folder / "training.safetensors" if folder else None


def _training_key(sample: WindowSet, settings: TrainingSettings, seed: int) -> str:
    """Compute the hash of all that a training's course depends on; more epochs go on with fewer."""
    pace = [settings.batch, settings.rate, settings.epsilon, settings.patience, seed, sample.X.steps, sample.classes]
    return content_key(pace, sample.X.values, sample.X.ends, sample.y, sample.weight, sample.start, sample.end)
