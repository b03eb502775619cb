"""Returns by month."""

import numpy as np
from numpy import float64, int64
from numpy.typing import NDArray


def monthly_returns(day: NDArray[int64], net: NDArray[float64]) -> dict[str, float]:
    """Compute the growth of the account in each month, by ``2024-07``.

    Parameters
    ----------
    day : ndarray of int64, shape (n,)
        Midnights, ms UTC, increasing.
    net : ndarray of float64, shape (n,)
        Net P&L of each day, in units of the starting equity.

    Returns
    -------
    dict of str to float
        Share of the equity that the month began with; a month that began with nothing is left out.
    """
    months, first = np.unique(day.astype("datetime64[ms]").astype("datetime64[M]"), return_index=True)
    equity = 1.0 + np.concatenate([[0.0], np.cumsum(net)])
    edges = [*first, len(day)]
    grown = {}
    for i, month in enumerate(months):
        before, after = equity[edges[i]], equity[edges[i + 1]]
        if before > 0:
            grown[str(month)] = float(after / before - 1)
    return grown
