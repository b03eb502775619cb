"""A training between two epochs, kept in one file of plain tensors."""

from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from factory.core.errors import FlowError
from factory.learning.networks.architecture import Architecture
from factory.storage.workspace import atomic

Tensors = dict[str, Tensor]


@dataclass(frozen=True, slots=True)
class TrainingState:
    """What a training knows besides its network and its optimizer.

    Parameters
    ----------
    epoch : int
        Epochs done.
    stale : int
        Epochs since the least loss.
    loss : float
        Least loss on the tail.
    best : dict of str to Tensor
        Weights with that loss, on the processor.
    """

    epoch: int
    stale: int
    loss: float
    best: Tensors

    @classmethod
    def new(cls, network: nn.Module) -> "TrainingState":
        """Create the state before the first epoch."""
        return cls(0, 0, float("inf"), _copy_weights(network))

    def after(self, loss: float, network: nn.Module) -> "TrainingState":
        """Return the state after one more epoch that ended with `loss` on the tail."""
        if loss < self.loss:
            return TrainingState(self.epoch + 1, 0, loss, _copy_weights(network))
        return TrainingState(self.epoch + 1, self.stale + 1, self.loss, self.best)


def save_checkpoint(
    path: Path, architecture: Architecture, key: str, network: nn.Module, optimizer: torch.optim.Optimizer, state: TrainingState
) -> None:
    """Write all that the next epoch depends on, whole or not at all.

    Parameters
    ----------
    key : str
        Of the training: what else its course depends on.
    """
    tensors = {f"weights.{name}": weight for name, weight in network.state_dict().items()}
    tensors |= {f"best.{name}": weight for name, weight in state.best.items()}
    for number, moments in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{number}.{name}": value for name, value in moments.items()}
    told = {"architecture": str(architecture), "key": key, "loss": state.loss.hex()}
    counts = {"epoch": str(state.epoch), "stale": str(state.stale)}
    with atomic(path) as temporary:
        save_file(tensors, temporary, metadata=told | counts)


def load_checkpoint(
    path: Path, architecture: Architecture, key: str, network: nn.Module, optimizer: torch.optim.Optimizer
) -> TrainingState:
    """Restore a network and its optimizer to where a training stood.

    Raises
    ------
    FlowError
        If the file is damaged, or holds another architecture or another training.
    """
    try:
        with safe_open(path, framework="pt") as file:
            told: dict[str, str] = file.metadata()
            tensors: Tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except SafetensorError:
        raise FlowError(f"checkpoints: {path.name} is damaged; delete it to train anew") from None
    if told["architecture"] != str(architecture):
        raise FlowError(
            f"checkpoints: {path.name} holds a {told['architecture']}, and this is a {architecture}; "
            "give another folder, or delete it to train anew"
        )
    if told["key"] != key:
        raise FlowError(
            f"checkpoints: {path.name} is of a training on other rows, or at another pace; "
            "give another folder, or delete it to train anew"
        )
    network.load_state_dict(_below("weights.", tensors))
    _restore_optimizer(optimizer, _below("optimizer.", tensors))
    return TrainingState(int(told["epoch"]), int(told["stale"]), float.fromhex(told["loss"]), _below("best.", tensors))


def _restore_optimizer(optimizer: torch.optim.Optimizer, tensors: Tensors) -> None:
    state: dict[int, Tensors] = {}
    for name, value in tensors.items():
        number, _, key = name.partition(".")
        state.setdefault(int(number), {})[key] = value
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def _copy_weights(network: nn.Module) -> Tensors:
    return {name: weight.detach().to("cpu", copy=True) for name, weight in network.state_dict().items()}


def _below(prefix: str, tensors: Tensors) -> Tensors:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
