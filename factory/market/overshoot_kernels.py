"""The walk along bars that measures how far their closes lie beyond levels, compiled; see :mod:`factory.market.overshoot`."""

import numpy as np
from numba import njit
from numpy import bool_, float64
from numpy.typing import NDArray


@njit(cache=True, nogil=True)
def beyond(
    opened: NDArray[float64],
    high: NDArray[float64],
    low: NDArray[float64],
    close: NDArray[float64],
    traded: NDArray[bool_],
    distance: float,
) -> tuple[float, int]:
    """Add up the closes' distances beyond levels so far from an open, as shares of them, and count those touched."""
    total, count, middle = 0.0, 0, np.nan
    for r in range(len(opened)):
        if not traded[r]:
            continue
        inside = abs(opened[r] - middle) < distance * middle  # not for a NaN
        if not inside:
            middle = opened[r]
        above, below = middle * (1.0 + distance), middle * (1.0 - distance)
        if high[r] >= above:
            total += close[r] / above - 1.0
            count += 1
        if low[r] <= below:
            total += 1.0 - close[r] / below
            count += 1
        if high[r] >= above or low[r] <= below:
            middle = np.nan
    return total, count
