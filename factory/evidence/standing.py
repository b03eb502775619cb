"""What the ledger's counts make of a score.

Counts come from the ledger alone. They deflate by the raw number of trials:
counts of independent ones are shown beside it and judge nothing, since a
search that climbs a hill visits many neighbours.
"""

from collections.abc import Mapping, Sequence
from math import sqrt
from typing import Any

DAYS_A_YEAR = 365


def deflated(found: Mapping[str, Any], days: int, trials: int, variance: float | None = None) -> float | None:
    """Chance that the true Sharpe ratio exceeds what the best of all trials shows by luck.

    Advice and no test: it does not know that each trial was chosen after seeing others.

    Parameters
    ----------
    found : mapping
        Metrics of a trial: `sharpe` and `sharpe_error`, both yearly.
    days : int
        Of its P&L.
    trials : int
        Made on the dataset, this one counted.
    variance : float, optional
        Of daily Sharpe ratios between trials: gives the textbook form. Default: the house form,
        the variance without any edge, ``1 / (days - 1)`` (STATISTICS section 3.6).

    Returns
    -------
    float or None
        None where the trial has no Sharpe ratio with an error, or fewer than two days.
    """
    from factory.statistics.deflation import expected_maximum
    from factory.statistics.sharpe import psr

    if "sharpe" not in found or not found.get("sharpe_error", 0) > 0 or days < 2:
        return None
    spread = 1 / (days - 1) if variance is None else variance
    luck = sqrt(DAYS_A_YEAR * spread) * expected_maximum(trials)
    return psr(found["sharpe"], found["sharpe_error"], luck)


def spread(found: Sequence[Mapping[str, Any]]) -> float | None:
    """Variance of the daily Sharpe ratios of some trials' metrics, ddof 1; None for fewer than two."""
    from statistics import variance

    sharpes = [one["sharpe"] / sqrt(DAYS_A_YEAR) for one in found if "sharpe" in one]
    return variance(sharpes) if len(sharpes) > 1 else None
