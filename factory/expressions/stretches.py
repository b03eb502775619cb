"""Calling an indicator on each stretch without a gap."""

from collections.abc import Callable
from functools import reduce

import numpy as np

from factory.expressions.kernels.rows import edges
from factory.expressions.rows import Floats


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
    out = np.full(len(columns[0]), np.nan)
    for start, end in edges(reduce(np.add, columns)).reshape(-1, 2):
        if end - start > settling:
            values = indicator(*(column[start:end] for column in columns))
            out[start + settling : end] = values[settling:]
    return out
