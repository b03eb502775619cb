"""Probability of backtest overfitting, by combinatorially symmetric cross-validation."""

from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy import float64
from numpy.typing import NDArray
from scipy.special import logit
from scipy.stats import rankdata


class Overfitting(NamedTuple):
    """`probability` that the best in one half ranks in the lower half of the other; `loss` that it loses there."""

    probability: float
    loss: float
    logits: NDArray[float64]


def overfitting(returns: NDArray[float64], blocks: int = 10) -> Overfitting:
    """Choose the best trial on each half of the blocks and rank it on the other.

    A diagnostic and no test: without any edge it is below 0.5 about every other time.

    Parameters
    ----------
    returns : ndarray of float64, shape (periods, trials)
        Rows left over by even blocks are dropped from the end.
    blocks : int
        Even; all halves are taken.

    Returns
    -------
    Overfitting
        Logits of the relative rank ``r / (N + 1)``, ties averaged, one a half; a logit of 0 counts as
        overfit. Source: Bailey, Borwein, López de Prado & Zhu 2017.
    """
    length = len(returns) // blocks
    parts = returns[: length * blocks].reshape(blocks, length, -1)
    sums, squares = parts.sum(axis=1), (parts**2).sum(axis=1)
    halves = np.array(list(combinations(range(blocks), blocks // 2)))
    rows_a_half, chosen, chosen_squares = length * blocks // 2, sums[halves].sum(axis=1), squares[halves].sum(axis=1)
    inside = _sharpes(chosen, chosen_squares, rows_a_half)
    outside = _sharpes(sums.sum(axis=0) - chosen, squares.sum(axis=0) - chosen_squares, rows_a_half)
    best = inside.argmax(axis=1)
    rows = np.arange(len(halves))
    ranks = rankdata(outside.round(12), axis=1)[rows, best]
    logits = logit(ranks / (returns.shape[1] + 1))
    return Overfitting(float(np.mean(logits <= 1e-12)), float(np.mean(outside[rows, best] < 0)), logits)


def _sharpes(sums: NDArray[float64], squares: NDArray[float64], n: int) -> NDArray[float64]:
    mean = sums / n
    deviation = np.sqrt(np.clip(squares - n * mean**2, 0, None) / (n - 1))
    return np.divide(mean, deviation, out=np.zeros_like(mean), where=deviation > 0)
