"""DeepLOB: convolutions over levels and time, an inception module, and an LSTM.

Zhang, Zohren and Roberts (2019), "DeepLOB: Deep Convolutional Neural Networks for Limit Order Books", IEEE Transactions on
Signal Processing 67: the network of the paper's figure, with 60,947 parameters at 10 levels and three classes. The authors'
notebook has 142,691.
"""

import torch
from torch import Tensor, nn

from factory.learning.networks.architecture import Architecture
from factory.learning.networks.deeplob_forward import SLOPE

FILTERS, INCEPTION, HIDDEN = 16, 32, 64


class Block(nn.Module):
    """Merge neighbours in a row, then convolve twice over four rows of time.

    Parameters
    ----------
    channels : int
        That come in.
    width : int
        Neighbours that are merged; they do not overlap.
    """

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.merge = nn.Conv2d(channels, FILTERS, (1, width), (1, width))
        self.first = nn.Conv2d(FILTERS, FILTERS, (4, 1))
        self.second = nn.Conv2d(FILTERS, FILTERS, (4, 1))
        self.pad = nn.ZeroPad2d((0, 0, 1, 2))
        self.activate = nn.LeakyReLU(SLOPE)

    def forward(self, x: Tensor) -> Tensor:
        """Map shape (b, channels, steps, w) to (b, 16, steps, w // width)."""
        x = self.activate(self.merge(x))
        x = self.activate(self.first(self.pad(x)))
        return self.activate(self.second(self.pad(x)))


class Inception(nn.Module):
    """Look at three, at five, and at the greatest of three rows side by side."""

    def __init__(self) -> None:
        super().__init__()
        self.short_reduce = nn.Conv2d(FILTERS, INCEPTION, 1)
        self.short = nn.Conv2d(INCEPTION, INCEPTION, (3, 1), padding=(1, 0))
        self.long_reduce = nn.Conv2d(FILTERS, INCEPTION, 1)
        self.long = nn.Conv2d(INCEPTION, INCEPTION, (5, 1), padding=(2, 0))
        self.pool = nn.MaxPool2d((3, 1), stride=1, padding=(1, 0))
        self.pooled = nn.Conv2d(FILTERS, INCEPTION, 1)
        self.activate = nn.LeakyReLU(SLOPE)

    def forward(self, x: Tensor) -> Tensor:
        """Map shape (b, 16, steps, 1) to (b, 96, steps, 1)."""
        short = self.activate(self.short(self.activate(self.short_reduce(x))))
        long = self.activate(self.long(self.activate(self.long_reduce(x))))
        return torch.cat([short, long, self.activate(self.pooled(self.pool(x)))], 1)


class DeepLobNetwork(nn.Module):
    """DeepLOB for any number of levels and classes.

    The first block merges price with size, the second the two sides of a level, the third all levels: so the columns of a row
    are price and size asked, price and size bid of the best level, then those of the next. An LSTM reads the steps, and its
    last state gives the logits. A step of the LSTM has seen 23 rows of the book; zeros stand before the first row of a window
    and after its last.
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.block1 = Block(1, 2)
        self.block2 = Block(FILTERS, 2)
        self.block3 = Block(FILTERS, architecture.levels)
        self.inception = Inception()
        self.lstm = nn.LSTM(3 * INCEPTION, HIDDEN, batch_first=True)
        self.head = nn.Linear(HIDDEN, architecture.classes)

    def forward(self, x: Tensor) -> Tensor:
        """Compute the logits, shape (b, classes), of windows of shape (b, steps, 4 * levels)."""
        x = self.block3(self.block2(self.block1(x.unsqueeze(1))))
        states, _ = self.lstm(self.inception(x).squeeze(3).transpose(1, 2))
        return self.head(states[:, -1])
