"""Probability of backtest overfitting, by combinatorially symmetric cross-validation."""

from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy import float64, int64
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
        Logits of the relative rank ``r / (N + 1)``, ties averaged, one a half; a logit of 0 counts as overfit. Of equals the
        first is chosen. Source: Bailey, Borwein, López de Prado & Zhu 2017.
    """
    length = len(returns) // blocks
    parts = returns[: length * blocks].reshape(blocks, length, -1)
    means = parts.mean(axis=1)
    squares = ((parts - means[:, None]) ** 2).sum(axis=1)
    halves = np.array(list(combinations(range(blocks), blocks // 2)))
    others = np.array([np.setdiff1d(np.arange(blocks), half) for half in halves])
    # Rounded, so that equals tie: rounding would choose between copies, and call a half that earned nothing a loss.
    inside, outside = (_sharpes(means, squares, chosen, length).round(12) for chosen in (halves, others))
    best = inside.argmax(axis=1)
    rows = np.arange(len(halves))
    ranks = rankdata(outside, axis=1)[rows, best]
    logits = logit(ranks / (returns.shape[1] + 1))
    return Overfitting(float(np.mean(logits <= 1e-12)), float(np.mean(outside[rows, best] < 0)), logits)


def _sharpes(means: NDArray[float64], squares: NDArray[float64], chosen: NDArray[int64], length: int) -> NDArray[float64]:
    """Compute each trial's Sharpe ratio on each choice of blocks.

    From the blocks' means and squared deviations; 0 where nothing varies.
    """
    mean = means[chosen].mean(axis=1)
    within, between = squares[chosen].sum(axis=1), length * ((means[chosen] - mean[:, None]) ** 2).sum(axis=1)
    deviation = np.sqrt((within + between) / (chosen.shape[1] * length - 1))
    return np.asarray(np.divide(mean, deviation, out=np.zeros_like(mean), where=deviation > 1e-12 * np.abs(mean)))
