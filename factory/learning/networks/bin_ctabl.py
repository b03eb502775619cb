"""BiN-CTABL: a normalisation along both axes of a window, two bilinear layers, and one with attention over time.

Tran, Kanniainen, Gabbouj and Iosifidis (2021), "Data Normalization for Bilinear Structures in High-Frequency Financial
Time-series", ICPR; the network C(TABL) behind the normalisation: Tran, Iosifidis, Kanniainen and Gabbouj (2019), "Temporal
Attention-Augmented Bilinear Network for Financial Time-Series Data Analysis", IEEE Transactions on Neural Networks and Learning
Systems 30. Without their dropout and greatest norm: stopping early on the tail of train is what holds it back.
"""

import torch
from torch import Tensor, nn

from factory.learning.networks.architecture import Architecture
from factory.learning.networks.bin_ctabl_forward import LEAST_DEVIATION

LAYERS = ((60, 10), (120, 5))
"""Features and steps that the two bilinear layers put out."""


class BilinearNormalisation(nn.Module):
    """Standardise a window over time and over features, and mix the two by learned shares of at least 0."""

    def __init__(self, features: int, steps: int) -> None:
        super().__init__()
        self.time_scale = nn.Parameter(torch.ones(features, 1))
        self.time_shift = nn.Parameter(torch.zeros(features, 1))
        self.feature_scale = nn.Parameter(torch.ones(1, steps))
        self.feature_shift = nn.Parameter(torch.zeros(1, steps))
        self.shares = nn.Parameter(torch.full((2,), 0.5))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise over time and over features, shape (b, features, steps), in and out."""
        share = self.shares.clamp(min=0)
        over_time = self.time_scale * _standardise(x, 2) + self.time_shift
        over_features = self.feature_scale * _standardise(x, 1) + self.feature_shift
        return share[0] * over_time + share[1] * over_features


class Bilinear(nn.Module):
    """Mix features, and apart from it steps: ``relu(W1 X W2 + B)``."""

    def __init__(self, features: int, steps: int, to_features: int, to_steps: int) -> None:
        super().__init__()
        self.left = nn.Parameter(_drawn(to_features, features))
        self.right = nn.Parameter(_drawn(steps, to_steps))
        self.bias = nn.Parameter(torch.zeros(to_features, to_steps))

    def forward(self, x: Tensor) -> Tensor:
        """Map shape (b, features, steps) to (b, to_features, to_steps)."""
        return torch.relu(self.left @ x @ self.right + self.bias)


class TemporalAttention(nn.Module):
    """Mix features, weigh each feature's steps by how they go together, and reduce the steps to one."""

    def __init__(self, features: int, steps: int, classes: int) -> None:
        super().__init__()
        self.left = nn.Parameter(_drawn(classes, features))
        self.attention = nn.Parameter(torch.full((steps, steps), 1 / steps))
        self.share = nn.Parameter(torch.full((1,), 0.5))
        self.right = nn.Parameter(_drawn(steps, 1))
        self.bias = nn.Parameter(torch.zeros(classes, 1))
        self.register_buffer("own", torch.eye(steps), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map shape (b, features, steps) to (b, classes)."""
        x = self.left @ x
        # A step's weight for itself is fixed, so that attention is what the other steps say of it.
        among = self.attention * (1 - self.own) + self.own / len(self.own)
        share = self.share.clamp(0, 1)
        x = share * (x * torch.softmax(x @ among, 2)) + (1 - share) * x
        return (x @ self.right + self.bias).squeeze(2)


class BinCtablNetwork(nn.Module):
    """BiN-CTABL for any number of levels, steps and classes: 11,446 parameters at 10, 10 and 3."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        (features1, steps1), (features2, steps2) = LAYERS
        self.normalise = BilinearNormalisation(architecture.columns, architecture.steps)
        self.layer1 = Bilinear(architecture.columns, architecture.steps, features1, steps1)
        self.layer2 = Bilinear(features1, steps1, features2, steps2)
        self.attend = TemporalAttention(features2, steps2, architecture.classes)

    def forward(self, x: Tensor) -> Tensor:
        """Compute the logits, shape (b, classes), of windows of shape (b, steps, 4 * levels)."""
        return self.attend(self.layer2(self.layer1(self.normalise(x.transpose(1, 2)))))


def _standardise(x: Tensor, axis: int) -> Tensor:
    deviation = x.std(axis, correction=0, keepdim=True).clamp(min=LEAST_DEVIATION)
    return (x - x.mean(axis, keepdim=True)) / deviation


def _drawn(rows: int, columns: int) -> Tensor:
    return nn.init.kaiming_uniform_(torch.empty(rows, columns), nonlinearity="relu")
