"""What experts learn in the label's place: how the running window of another binary contract ends."""

from dataclasses import dataclass

import numpy as np
from numpy import int8, int64
from numpy.typing import NDArray

from factory.learning.running import label_running
from factory.market.contracts import Binary
from factory.market.series import Partition
from factory.pipeline import Pipeline


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
    labels, starts = label_running(contract, partition, times)
    return Targets(labels.y, np.minimum(starts, times), labels.end)
