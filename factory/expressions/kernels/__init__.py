"""Compiled loops over rows.

All take float64 of shape (n,) and write to `out`, of the same shape where
nothing else is said (:func:`run` makes it). A NaN anywhere in a window makes the
value NaN. Windowed kernels never carry a running sum from row to row: a window
is the end of one block and the start of the next, and blocks lie at absolute
multiples of the window (`phase` tells how far into a block the first row is).
So a value depends on the rows of its window alone, nothing drifts, and a run
that starts later gives the same bits.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import float64, int64, types
from numpy.typing import NDArray

COLUMN = types.Array(float64, 1, "C", readonly=True)
"""A float64 column, mapped read-only or not."""
TIMES = types.Array(int64, 1, "C", readonly=True)
"""An int64 column of ms, mapped read-only or not."""
RESULT = float64[::1]


def apply_kernel(kernel: Callable[..., None], x: NDArray[np.float64], *arguments: Any) -> NDArray[np.float64]:
    """Call a kernel with a new column as long as `x` to write to."""
    out = np.empty(len(x))
    kernel(x, *arguments, out)
    return out
