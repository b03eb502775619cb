"""Calling an indicator on each stretch without a gap."""

from collections.abc import Callable

import numpy as np

from factory.expressions.kernels.rows import edges
from factory.expressions.time_axis import Floats


def on_stretches(indicator: Callable[..., Floats], columns: tuple[Floats, ...], settling: int) -> Floats:
    """Run an indicator anew on each stretch in which no column is NaN.

    Parameters
    ----------
    indicator : callable
        Columns -> one column of the same length.
    columns : tuple of ndarray of float64, shape (n,)
    settling : int
        First rows of each stretch that are missing.

    Returns
    -------
    ndarray of float64, shape (n,)
    """
    stretches = _stretches(columns)
    if stretches == [(0, len(columns[0]))] and len(columns[0]) > settling:
        whole = indicator(*columns)
        whole[:settling] = np.nan
        return whole
    out = np.full(len(columns[0]), np.nan)
    for start, end in stretches:
        if end - start > settling:
            values = indicator(*(column[start:end] for column in columns))
            out[start + settling : end] = values[settling:]
    return out


def _stretches(columns: tuple[Floats, ...]) -> list[tuple[int, int]]:
    """Find the first row and the end of each stretch in which no column is NaN."""
    stretches = [(0, len(columns[0]))]
    for column in columns:
        stretches = [
            (first + start, first + end)
            for first, last in stretches
            for start, end in edges(column[first:last]).reshape(-1, 2).tolist()
        ]
    return stretches
