"""What the networks on an order book share: how they are fitted, and how they predict."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar, Protocol, Self

import numpy as np
from numpy import float32, float64
from numpy.typing import NDArray

from factory.core.errors import FlowError
from factory.core.threads import one_thread
from factory.learning.experts.base import Arrays
from factory.learning.networks.architecture import Architecture, Weights, require_torch
from factory.learning.networks.settings import settings_of
from factory.learning.windows import Windows, WindowSet
from factory.pipeline.parts.experts import Network

BLOCK = 256
"""Windows that are cut out of the book at once."""


class Forward(Protocol):
    """A network's weights laid out for its forward pass."""

    def __init__(self, weights: Mapping[str, NDArray[float32]]) -> None: ...

    def logits(self, window: NDArray[float32]) -> NDArray[float32]:
        """Compute the logits, shape (classes,), of a window of shape (steps, columns)."""
        ...


class NetworkModel(ABC):
    """A trained network: chances from windows, without torch.

    Parameters
    ----------
    architecture : Architecture
        What the weights fit.
    weights : dict of str to ndarray of float32
        By the names of the network's parameters.

    Attributes
    ----------
    forward : type of Forward
        Predicts without torch.
    rate : float
        Of Adam under profile ``adam``.
    """

    has_converged: ClassVar[bool] = True
    forward: ClassVar[type[Forward]]
    rate: ClassVar[float]

    @staticmethod
    @abstractmethod
    def load_network() -> Any:
        """Import the network that is trained; needs torch."""

    @classmethod
    def train(cls, part: Network, sample: WindowSet, seed: int) -> Self:
        """Train with early stopping on the last tenth of the rows.

        Raises
        ------
        FlowError
            If torch is not installed, the windows do not fit the part, or the training fails.
        """
        architecture = architecture_of(part, sample)
        require_torch()
        from factory.learning.networks.training import train_network

        return cls(architecture, train_network(cls.load_network(), architecture, sample, settings_of(part, cls.rate), seed))

    def __init__(self, architecture: Architecture, weights: Weights) -> None:
        self.architecture = architecture
        self.weights = weights

    def predict(self, X: Windows) -> NDArray[float64]:
        """Predict the chance of up, shape (n,), or of three classes down, flat and up, shape (n, 3).

        One window at a time: so a row's bits do not depend on the rows beside it.

        Raises
        ------
        FlowError
            If the windows have other steps or columns than the network was trained on.
        """
        refuse_other_shape(self.architecture, X)
        logits = np.empty((len(X), self.architecture.classes))
        with one_thread():
            for at in range(0, len(X), BLOCK):
                rows = np.arange(at, min(at + BLOCK, len(X)))
                for row, window in zip(rows, X.batch(rows), strict=True):
                    logits[row] = self._forward.logits(window)
        chances: NDArray[float64] = np.exp(logits - logits.max(1, keepdims=True))
        chances /= chances.sum(1, keepdims=True)
        return chances if self.architecture.classes > 2 else chances[:, 1]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return all that the model knows."""
        return {"architecture": self.architecture.to_array(), **self.weights}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """Restore a model from :meth:`arrays`."""
        weights = {name: np.array(array) for name, array in arrays.items() if name != "architecture"}
        return cls(Architecture.from_array(arrays["architecture"]), weights)

    @cached_property
    def _forward(self) -> Forward:
        return self.forward(self.weights)


def architecture_of(part: Network, sample: WindowSet) -> Architecture:
    """Return the architecture that a network must have to be fitted on a sample.

    Raises
    ------
    FlowError
        If the windows have other steps or columns than the part says.
    """
    architecture = Architecture(part.use, part.levels, part.steps, sample.classes)
    refuse_other_shape(architecture, sample.X)
    return architecture


def refuse_other_shape(architecture: Architecture, X: Windows) -> None:
    """Refuse windows that do not fit a network.

    Raises
    ------
    FlowError
        If they have other steps or columns.
    """
    if (X.steps, X.values.shape[1]) != (architecture.steps, architecture.columns):
        raise FlowError(
            f"experts: windows of {X.steps} rows of {X.values.shape[1]} numbers, and the {architecture} takes "
            f"{architecture.steps} rows of {architecture.columns}; write the book's levels and steps"
        )
