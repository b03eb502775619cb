"""Where an account ends without an edge: the band beside which an equity curve is read."""

from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy import float64
from numpy.typing import NDArray

from factory.report.trial import RecordedTrial

SHARE = 0.95
"""Of drawn markets, within which the band holds."""


class Band(NamedTuple):
    """Equity after each trade where direction is a coin, shape (trades + 1,) each.

    Parameters
    ----------
    low, high : ndarray of float64
        Between them one trial ends in 95 of 100 drawn markets.
    best : ndarray of float64
        Below it the best of all independent trials of the search ends in 97.5 of 100, were they staked as this one.
    """

    low: NDArray[float64]
    high: NDArray[float64]
    best: NDArray[float64]


def edgeless_band(trial: RecordedTrial) -> Band | None:
    """Compute where the account goes with this trial's stakes where direction is a coin; None where no null was drawn.

    A trade of `w` units of the equity before it grows the account by ``1 + w * payoff``. Without an edge a payoff has the mean
    ``m`` and the deviation ``s`` of the null twin, so that the logarithm of the account after `k` trades is about normal with
    mean ``sum(w * m - (w * s)**2 / 2)`` and variance ``sum((w * s)**2)``. The best of N independent normals stays below the
    ``0.975**(1 / N)`` quantile in 97.5 of 100 cases.
    """
    if not trial.count or "mean_spread" not in trial.null:
        return None
    weight = trial.trades["unit"][trial.closing] / trial.equity[:-1]
    mean, deviation = trial.null["mean_net"], trial.null["mean_spread"] * np.sqrt(trial.count)
    middle = _sum(weight * mean - (weight * deviation) ** 2 / 2)
    width = np.sqrt(_sum((weight * deviation) ** 2))
    upper = (1 + SHARE) / 2
    one, best = (NormalDist().inv_cdf(upper ** (1 / n)) for n in (1.0, max(trial.independent, 1.0)))
    return Band(np.exp(middle - one * width), np.exp(middle + one * width), np.exp(middle + best * width))


def _sum(values: NDArray[float64]) -> NDArray[float64]:
    return np.concatenate([[0.0], np.cumsum(values)])
