"""BiN-CTABL without torch: from a window to logits, one window at a time."""

from collections.abc import Mapping

import numpy as np
from numpy import float32
from numpy.typing import NDArray

Floats = NDArray[float32]
LEAST_DEVIATION = 1e-4
"""Below it a row or column of a window counts as standing still, and is not blown up."""


class BinCtablForward:
    """The weights of a BiN-CTABL made ready for its forward pass.

    Parameters
    ----------
    weights : mapping of str to ndarray of float32
        Those of :class:`factory.learning.networks.bin_ctabl.BinCtablNetwork`, by the names of its parameters.
    """

    def __init__(self, weights: Mapping[str, Floats]) -> None:
        self._weights = weights
        self._time_share, self._feature_share = np.maximum(weights["normalise.shares"], float32(0))
        self._share = np.clip(weights["attend.share"], float32(0), float32(1))
        attention = weights["attend.attention"].copy()
        np.fill_diagonal(attention, float32(1) / float32(len(attention)))
        self._attention = attention

    def logits(self, window: Floats) -> Floats:
        """Compute the logits, shape (classes,), of a window of shape (steps, 4 * levels)."""
        x = self._normalise(np.ascontiguousarray(window.T))
        for layer in ("layer1", "layer2"):
            x = self._mix(layer, x)
        return self._attend(x)

    def _normalise(self, x: Floats) -> Floats:
        w = self._weights
        over_time = w["normalise.time_scale"] * _standardise(x, 1) + w["normalise.time_shift"]
        over_features = w["normalise.feature_scale"] * _standardise(x, 0) + w["normalise.feature_shift"]
        mixed: Floats = self._time_share * over_time + self._feature_share * over_features
        return mixed

    def _mix(self, layer: str, x: Floats) -> Floats:
        left, right, bias = (self._weights[f"{layer}.{name}"] for name in ("left", "right", "bias"))
        mixed: Floats = np.maximum(left @ x @ right + bias, float32(0))
        return mixed

    def _attend(self, x: Floats) -> Floats:
        x = self._weights["attend.left"] @ x
        scores = x @ self._attention
        weights = np.exp(scores - scores.max(1, keepdims=True))
        weights /= weights.sum(1, keepdims=True)
        x = self._share * (x * weights) + (float32(1) - self._share) * x
        logits: Floats = (x @ self._weights["attend.right"] + self._weights["attend.bias"])[:, 0]
        return logits


def _standardise(x: Floats, axis: int) -> Floats:
    deviation = np.maximum(x.std(axis, keepdims=True), float32(LEAST_DEVIATION))
    standardised: Floats = (x - x.mean(axis, keepdims=True)) / deviation
    return standardised
