"""Compiled loops over rows.

All take and give float64 of shape (n,). A NaN anywhere in a window makes the
value NaN. Windowed kernels never carry a running sum from row to row: a window
is the end of one block and the start of the next, and blocks lie at absolute
multiples of the window (`phase` tells how far into a block the first row is).
So a value depends on the rows of its window alone, nothing drifts, and a run
that starts later gives the same bits.
"""

from numba import float64, int64, types

COLUMN = types.Array(float64, 1, "C", readonly=True)
"""A float64 column, mapped read-only or not."""
TIMES = types.Array(int64, 1, "C", readonly=True)
"""An int64 column of ms, mapped read-only or not."""
RESULT = float64[::1]
