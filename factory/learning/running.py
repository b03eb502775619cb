"""How the window of a binary contract that runs at a decision ends."""

from dataclasses import replace

import numpy as np
from numpy import float64, int8, int64
from numpy.typing import NDArray

from factory.core.times import to_ms
from factory.learning.labels import Labels, label, settle_labels
from factory.learning.sampling import find_beginnings
from factory.market.contracts import Binary
from factory.market.series import Partition
from factory.market.settlement import settle_windows
from factory.pipeline.parts.labels import UpDown


def label_running(contract: Binary, partition: Partition, times: NDArray[int64]) -> tuple[Labels, NDArray[int64]]:
    """Label decisions by the windows that run at them.

    Parameters
    ----------
    times : ndarray of int64, shape (n,)
        Decisions, ms UTC, increasing, at beginnings of bars or inside them.

    Returns
    -------
    labels : Labels
        Shape (n,). Each lives from its decision to its window's end; its return is from the bar that begins at the decision,
        NaN where none does.
    starts : ndarray of int64, shape (n,)
        Of the windows, ms UTC.
    """
    window, bars = to_ms(contract.window), partition.series[contract.of]
    starts, running = np.unique(find_beginnings(bars, window, times), return_inverse=True)
    part = UpDown(use="up_down", of=contract.of, horizon=contract.window)
    labels = label(part, bars, starts, None, partition.end)
    if not contract.settles_by_bars:
        labels = settle_labels(labels, settle_windows(contract, partition.series, starts, partition.end))
    each, begun = labels.take(running), starts[running]
    known = each.known & (times < begun + window)
    row = np.searchsorted(bars.time, times, side="right") - 1
    return (
        replace(
            each,
            start=times,
            end=np.where(known, each.end, times),
            y=np.where(known, each.y, -1).astype(int8),
            ret=_measure_returns(bars.columns["open"], bars.columns["close"], np.where(bars.time[row] == times, row, -1), each),
            first=np.where(known, row, -1),
            last=np.where(known, each.last, -1),
        ),
        begun,
    )


def _measure_returns(
    opened: NDArray[float64], close: NDArray[float64], row: NDArray[int64], labels: Labels
) -> NDArray[float64]:
    """Compute the return from each decision's bar to its window's end; of the window itself at its start."""
    there = (row >= 0) & (labels.last >= 0)
    inside = there & (row != labels.first)
    moved = close[np.maximum(labels.last, 0)] / opened[np.maximum(row, 0)] - 1.0
    return np.where(inside, moved, np.where(there, labels.ret, np.nan))
