"""DeepLOB without torch: from a window to logits, one window at a time."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy import float32
from numpy.typing import NDArray

from factory.learning.networks.forward_kernels import run_lstm, sum_taps

Floats = NDArray[float32]
SLOPE = 0.01
"""Of a leaky ReLU below zero."""


@dataclass(frozen=True, slots=True)
class Dense:
    """A product with weights, shape (inputs, outputs), and a bias, shape (outputs,)."""

    weight: Floats
    bias: Floats

    @classmethod
    def of_rows(cls, weights: Mapping[str, Floats], name: str) -> "Dense":
        """Build a convolution inside rows, from weights of shape (outputs, inputs, 1, width)."""
        weight = weights[f"{name}.weight"]
        return cls(np.ascontiguousarray(weight[:, :, 0].transpose(2, 1, 0)).reshape(-1, len(weight)), weights[f"{name}.bias"])

    def activate(self, x: Floats) -> Floats:
        """Apply the leaky ReLU to the product, shape (len(x), outputs)."""
        z: Floats = x @ self.weight + self.bias
        activated: Floats = np.maximum(z, float32(SLOPE) * z)
        return activated


@dataclass(frozen=True, slots=True)
class TimeConvolution:
    """A convolution over time with zeros around it, and a leaky ReLU.

    Parameters
    ----------
    weight : ndarray of float32, shape (inputs, taps * outputs)
    bias : ndarray of float32, shape (outputs,)
    """

    weight: Floats
    bias: Floats

    @classmethod
    def of(cls, weights: Mapping[str, Floats], name: str) -> "TimeConvolution":
        """Build a convolution over time, from weights of shape (outputs, inputs, taps, 1)."""
        weight = weights[f"{name}.weight"][..., 0]
        return cls(np.ascontiguousarray(weight.transpose(1, 2, 0)).reshape(weight.shape[1], -1), weights[f"{name}.bias"])

    def activate(self, x: Floats) -> Floats:
        """Map shape (steps, width, inputs) to (steps, width, outputs)."""
        (steps, width, inputs), outputs = x.shape, len(self.bias)
        taps = self.weight.shape[1] // outputs
        before = (taps - 1) // 2
        padded = np.zeros((steps + taps - 1, width, inputs), float32)
        padded[before : before + steps] = x
        products = (padded.reshape(-1, inputs) @ self.weight).reshape(-1, width, taps, outputs)
        out = np.empty((steps, width, outputs), float32)
        sum_taps(products, self.bias, float32(SLOPE), out)
        return out


class DeepLobForward:
    """The weights of a DeepLOB laid out for its forward pass.

    Parameters
    ----------
    weights : mapping of str to ndarray of float32
        Those of :class:`factory.learning.networks.deeplob.DeepLobNetwork`, by the names of its parameters.
    """

    def __init__(self, weights: Mapping[str, Floats]) -> None:
        blocks = [f"block{number}" for number in (1, 2, 3)]
        self._merges = [Dense.of_rows(weights, f"{block}.merge") for block in blocks]
        self._over_time = [[TimeConvolution.of(weights, f"{block}.{name}") for name in ("first", "second")] for block in blocks]
        self._short_reduce, self._long_reduce = (
            Dense.of_rows(weights, f"inception.{name}_reduce") for name in ("short", "long")
        )
        self._pooled = Dense.of_rows(weights, "inception.pooled")
        self._short, self._long = (TimeConvolution.of(weights, f"inception.{name}") for name in ("short", "long"))
        self._gates = Dense(
            np.ascontiguousarray(weights["lstm.weight_ih_l0"].T), weights["lstm.bias_ih_l0"] + weights["lstm.bias_hh_l0"]
        )
        self._recurrent = np.ascontiguousarray(weights["lstm.weight_hh_l0"].T)
        self._head = Dense(np.ascontiguousarray(weights["head.weight"].T), weights["head.bias"])

    def logits(self, window: Floats) -> Floats:
        """Compute the logits, shape (classes,), of a window of shape (steps, 4 * levels)."""
        steps, x = len(window), np.ascontiguousarray(window)
        for merge, convolutions in zip(self._merges, self._over_time, strict=True):
            x = merge.activate(x.reshape(-1, len(merge.weight))).reshape(steps, -1, len(merge.bias))
            for convolution in convolutions:
                x = convolution.activate(x)
        seen = self._inception(x[:, 0])
        hidden = run_lstm(seen @ self._gates.weight + self._gates.bias, self._recurrent)
        logits: Floats = hidden @ self._head.weight + self._head.bias
        return logits

    def _inception(self, x: Floats) -> Floats:
        """Map shape (steps, 16) to (steps, 96)."""
        short = self._short.activate(self._short_reduce.activate(x)[:, None])[:, 0]
        long = self._long.activate(self._long_reduce.activate(x)[:, None])[:, 0]
        greatest = x.copy()
        np.maximum(greatest[1:], x[:-1], out=greatest[1:])
        np.maximum(greatest[:-1], x[1:], out=greatest[:-1])
        return np.concatenate([short, long, self._pooled.activate(greatest)], 1)
