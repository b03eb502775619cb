"""What experts learn in the label's place: how the running window of another binary contract ends."""

from dataclasses import dataclass

import numpy as np
from numpy import int8, int64
from numpy.typing import NDArray

from factory.core.times import to_ms
from factory.learning.labels import label, settle_labels
from factory.learning.sampling import list_beginnings
from factory.market.contracts import Binary
from factory.market.series import Partition
from factory.market.settlement import settle_windows
from factory.pipeline import Pipeline
from factory.pipeline.parts.labels import UpDown


@dataclass(frozen=True, slots=True)
class Targets:
    """What became of the windows that were running at some decisions; every array has shape (n,).

    Parameters
    ----------
    y : ndarray of int8
        1 up, 0 down, -1 where that is not known.
    start, end : ndarray of int64
        Beginning of the window and when its outcome was known, ms UTC: what of time the target depends on.
    """

    y: NDArray[int8]
    start: NDArray[int64]
    end: NDArray[int64]

    def take(self, rows: "NDArray[np.bool_] | NDArray[int64]") -> "Targets":
        """Select the targets at a mask or at positions."""
        return Targets(self.y[rows], self.start[rows], self.end[rows])

    @classmethod
    def concatenate(cls, *stretches: "Targets") -> "Targets":
        """Join the targets of several stretches, in their order."""
        return cls(*(np.concatenate([getattr(part, name) for part in stretches]) for name in cls.__slots__))


def read_targets(pipeline: Pipeline, partition: Partition, times: NDArray[int64]) -> dict[str, Targets]:
    """Read the targets of a pipeline's experts at some decisions, by contract; none of an expert that learns the label."""
    return {name: _settle_running(partition.contracts[name], partition, times) for name in pipeline.targets}


def _settle_running(contract: object, partition: Partition, times: NDArray[int64]) -> Targets:
    assert isinstance(contract, Binary), "checked where a pipeline is bound to its dataset"
    window, bars = to_ms(contract.window), partition.series[contract.of]
    begun = list_beginnings(bars, window, int(bars.time[0]) - window, partition.end)
    starts, running = np.unique(begun[np.searchsorted(begun, times, side="right") - 1], return_inverse=True)
    part = UpDown(use="up_down", of=contract.of, horizon=contract.window)
    labels = label(part, bars, starts, None, partition.end)
    if not contract.settles_by_bars:
        labels = settle_labels(labels, settle_windows(contract, partition.series, starts, partition.end))
    y = np.where(times < starts[running] + window, labels.y[running], -1).astype(int8)
    ended = np.where(y >= 0, labels.end[running], times)
    return Targets(y, np.minimum(starts[running], times), ended)
