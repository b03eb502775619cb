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
LARGE_PAGE = 2**21
"""Bytes of a page that the system hands out at once."""


def new(rows: int) -> NDArray[np.float64]:
    """A column to write to; a long one starts on a large page, whose first touch costs a third of that of small ones."""
    if rows * 8 < LARGE_PAGE:
        return np.empty(rows)
    wide = np.empty(rows + LARGE_PAGE // 8)
    skipped = -wide.ctypes.data % LARGE_PAGE // 8
    return wide[skipped : skipped + rows]


def run(kernel: Callable[..., None], x: NDArray[np.float64], *arguments: Any) -> NDArray[np.float64]:
    """Call a kernel with a new column as long as `x` to write to."""
    out = new(len(x))
    kernel(x, *arguments, out)
    return out
