"""Tests of a bounded mean by betting: valid whatever the payoffs' shape, and at whatever moment one stops."""

import numpy as np
from numpy import float64
from numpy.typing import NDArray

MOST = 0.98
"""Share of the capital that one loss may take at most."""


def capital_against_losing(payoff: NDArray[float64], worst: NDArray[float64], wager: float) -> NDArray[float64]:
    """Compute a bettor's capital after each payoff, betting that payoffs earn more than nothing.

    Parameters
    ----------
    payoff : ndarray of float64, shape (n,)
        In their order.
    worst : ndarray of float64, shape (n,)
        Greatest loss that each may make, above 0 and known before it; a greater one counts as that.
    wager : float
        Units of payoff bought with each unit of capital, fixed before the first; never so many that a worst loss takes more
        than :data:`MOST` of it. Best near the mean over the variance of what is expected (Kelly 1956).

    Returns
    -------
    ndarray of float64, shape (n,)
        ``prod(1 + min(wager, MOST / worst) * payoff)``. If no payoff has a positive mean given those before it and none
        loses more than its `worst`, it ever reaches ``1 / alpha`` with a chance of at most alpha. Source: Waudby-Smith &
        Ramdas 2024, *Estimating means of bounded random variables by betting*; Ville 1939.
    """
    bought = np.minimum(max(wager, 0.0), MOST / worst)
    return np.asarray(np.cumprod(1 + bought * np.maximum(payoff, -worst)))
