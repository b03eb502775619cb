"""DeepLOB on one thread: training, one row and a batch, beside a plain reading of the paper in eager torch with the same weights.

A row of 100 steps and ten levels. Both are timed in turn in one run. Run it with ``python -m benchmarks.orderbook``; it needs the
extra ``deep``.
"""

import statistics
import time
from collections.abc import Callable, Iterable
from functools import partial
from importlib.util import find_spec

import numpy as np

from factory.core.progress import no_progress
from factory.core.threads import one_thread
from factory.learning.experts import Fitted, fit_network
from factory.learning.networks.architecture import INSTALL
from factory.learning.windows import Windows, WindowSet, rolling_zscore
from factory.pipeline.parts.experts import BinCtabl, DeepLob, Network

LEVELS, STEPS, CLASSES, BATCH = 10, 100, 3, 128
ROWS, MANY, RUNS, ROW_RUNS = 1_024, 512, 5, 200
FITTED = ROWS - ROWS // 10
"""Rows that both learn from in an epoch; ours predicts the rest as well, to know when to stop."""
PAST = 1_000
"""Rows that a row is standardised by."""


def book() -> WindowSet:
    """Draw seeded rows with random classes: nothing is learned here."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(ROWS + STEPS, 4 * LEVELS)).astype(np.float32)
    ends = np.arange(STEPS, STEPS + ROWS)
    y = rng.integers(0, CLASSES, ROWS).astype(np.int8)
    return WindowSet(Windows(values, ends, STEPS), y, np.ones(ROWS), ends, ends, CLASSES, no_progress, None)


def plain_deeplob():
    """Build the paper's figure, layer by layer."""
    from torch import cat, nn

    def convolve(channels, to, size, stride=1):
        return nn.Sequential(nn.Conv2d(channels, to, size, stride, padding="same" if stride == 1 else 0), nn.LeakyReLU(0.01))

    def block(channels, width):
        merge = nn.Sequential(nn.Conv2d(channels, 16, (1, width), (1, width)), nn.LeakyReLU(0.01))
        return nn.Sequential(merge, convolve(16, 16, (4, 1)), convolve(16, 16, (4, 1)))

    class Plain(nn.Module):
        def __init__(self):
            super().__init__()
            self.blocks = nn.Sequential(block(1, 2), block(16, 2), block(16, LEVELS))
            self.short = nn.Sequential(convolve(16, 32, 1), convolve(32, 32, (3, 1)))
            self.long = nn.Sequential(convolve(16, 32, 1), convolve(32, 32, (5, 1)))
            self.pooled = nn.Sequential(nn.MaxPool2d((3, 1), 1, (1, 0)), convolve(16, 32, 1))
            self.lstm = nn.LSTM(96, 64, batch_first=True)
            self.head = nn.Linear(64, CLASSES)

        def forward(self, x):
            x = self.blocks(x[:, None])
            x = cat([self.short(x), self.long(x), self.pooled(x)], 1)[..., 0].transpose(1, 2)
            return self.head(self.lstm(x)[0][:, -1])

    return Plain()


class Ours:
    """An expert as cross-fitting trains it and as a pipeline predicts with it."""

    def __init__(self, part: Network, sample: WindowSet) -> None:
        self.part, self.sample = part, sample
        self.model: Fitted = fit_network(part, sample, 0)

    def train(self) -> None:
        """Train for one epoch."""
        fit_network(self.part, self.sample, 0)

    def predict(self, rows: int) -> np.ndarray:
        """Predict the class chances of the first rows."""
        return self.model.predict(self.sample.X.take(np.arange(rows)))


class EagerTorch:
    """The plain network with a plain loop, on the weights of ours."""

    def __init__(self, ours: Ours) -> None:
        import torch

        self.torch, self.network = torch, plain_deeplob()
        weights = [array for name, array in ours.model.arrays().items() if name != "architecture"]
        with torch.no_grad():
            for own, other in zip(self.network.parameters(), weights, strict=True):
                own.copy_(torch.from_numpy(other))
        self.x = torch.from_numpy(ours.sample.X.batch(np.arange(ROWS)))
        self.y = torch.from_numpy(ours.sample.y.astype(np.int64))

    def train(self) -> None:
        """Train for one epoch."""
        network, torch = plain_deeplob(), self.torch
        optimizer = torch.optim.Adam(network.parameters(), 1e-4)
        for rows in torch.randperm(FITTED).split(BATCH):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(network(self.x[rows]), self.y[rows]).backward()
            optimizer.step()

    def predict(self, rows: int) -> np.ndarray:
        """Predict the class chances of the first rows."""
        with self.torch.no_grad():
            return self.torch.softmax(self.network(self.x[:rows]), 1).numpy()


def in_turn(works: Iterable[Callable[[], object]], runs: int) -> list[float]:
    """Measure the median wall seconds of each, run turn and turn about after one that is not counted."""
    taken: list[list[float]] = []
    for _ in range(runs + 1):
        taken.append([])
        for work in works:
            begun = time.perf_counter()
            work()
            taken[-1].append(time.perf_counter() - begun)
    return [statistics.median(seconds) for seconds in zip(*taken[1:], strict=True)]


def main() -> None:
    if find_spec("torch") is None:
        print(f"needs torch; {INSTALL}")
        return
    sample, keys = book(), {"book": "b", "levels": LEVELS, "steps": STEPS, "epochs": 1, "batch": BATCH}
    deeplob = Ours(DeepLob(use="deeplob", **keys), sample)
    bin_ctabl = Ours(BinCtabl(use="bin_ctabl", **keys), sample)
    engines = {"eager torch": EagerTorch(deeplob), "DeepLOB": deeplob, "BiN-CTABL": bin_ctabl}
    past = np.random.default_rng(1).normal(size=(PAST, 4 * LEVELS))
    with one_thread():
        train = in_turn([one.train for one in engines.values()], RUNS)
        row = in_turn([partial(one.predict, 1) for one in engines.values()], ROW_RUNS)
        batch = in_turn([partial(one.predict, MANY) for one in engines.values()], RUNS)
        [standardise] = in_turn([partial(rolling_zscore, past, PAST)], ROW_RUNS)
    difference = np.abs(deeplob.predict(MANY) - engines["eager torch"].predict(MANY)).max()
    print(f"{STEPS} steps of {LEVELS} levels, {CLASSES} classes, one thread; chances differ by {difference:.0e} at most")
    print(f"{'':14}{'training':>16}{'one row':>12}{f'batch of {MANY}':>18}")
    for i, name in enumerate(engines):
        print(f"{name:14}{FITTED / train[i]:10,.0f} rows/s{row[i] * 1e3:9.2f} ms{MANY / batch[i]:11,.0f} rows/s")
    print(f"{'DeepLOB, ratio':14}{train[0] / train[1]:14.2f} x{row[0] / row[1]:10.2f} x{batch[0] / batch[1]:16.2f} x")
    total = (standardise + row[1]) * 1e3
    print(f"standardised by {PAST:,} rows: {standardise * 1e3:.2f} ms more, {total:.2f} ms in all   target at most 2 ms")


if __name__ == "__main__":
    main()
