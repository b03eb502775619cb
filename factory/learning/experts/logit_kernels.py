"""Row-wise loops of the linear learners.

A matrix product may round a row differently beside other rows; these do not,
so that one live row and a batch give the same bits.
"""

import math

import numpy as np
from numba import njit
from numpy import float64
from numpy.typing import NDArray


@njit(cache=True, nogil=True)
def logistic_chances(odds: NDArray[float64]) -> NDArray[float64]:
    """Compute the logistic function of log odds, shape (n,)."""
    out = np.empty(len(odds))
    for i in range(len(odds)):
        out[i] = 1.0 / (1.0 + math.exp(-odds[i]))
    return out


@njit(cache=True, nogil=True)
def log_odds(X: NDArray[float64], mean: NDArray[float64], slope: NDArray[float64], bias: float) -> NDArray[float64]:
    """Compute ``bias + (X - mean) @ slope``, shape (n,), for X of shape (n, d)."""
    out = np.empty(len(X))
    for i in range(len(X)):
        total = bias
        for j in range(X.shape[1]):
            total += (X[i, j] - mean[j]) * slope[j]
        out[i] = total
    return out
