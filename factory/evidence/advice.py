"""What advises before a look and never blocks it: it carries no control of error (STATISTICS section 3)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

import numpy as np
from numpy import float64
from numpy.typing import NDArray

from factory.evidence.deflated_sharpe import deflate_sharpe
from factory.statistics.overfitting import overfitting

DRAWS = 1_000
LEAST_DAYS = 20
SEED = 7
"""Of the bootstrap: the same trials, the same advice."""


def advise(
    metrics: Mapping[str, Any], daily: Sequence[float], dailies: Sequence[Sequence[float]], trials: int
) -> dict[str, float]:
    """Compute what validation says of a trial among all trials.

    Too optimistic on trials that were chosen after seeing others: on a market without edge the reality check still
    passes in a fifth to a half of searches (STATISTICS section 3.7).

    Parameters
    ----------
    metrics : mapping
        Metrics of the trial.
    daily : sequence of float
        Its daily net P&L.
    dailies : sequence of sequences of float
        Of all trials.
    trials : int
        As the ledger counts them.

    Returns
    -------
    dict of str to float
        What can be computed of: psr, deflated, overfitting (probability of backtest overfitting), reality_check (p-value).
    """
    told = {"psr": metrics.get("psr"), "deflated": deflate_sharpe(metrics, trials)}
    alike = _alike(dailies, len(daily))
    if len(alike) > 1 and len(daily) >= LEAST_DAYS:
        returns = np.array(alike).T
        told["overfitting"] = overfitting(returns).probability
        told["reality_check"] = reality_check(returns, bootstrap_block(np.asarray(daily, float)))
    return {name: value for name, value in told.items() if value is not None}


def bootstrap_block(series: NDArray[float64]) -> int:
    """Estimate the mean block of the stationary bootstrap for a series' mean, in whole rows, at least 1.

    Parameters
    ----------
    series : ndarray of float64, shape (n,)
        At least :data:`LEAST_DAYS` long. Source: Politis & White 2004, corrected by Patton, Politis & White 2009 (arch).
    """
    from arch.bootstrap import optimal_block_length

    with np.errstate(invalid="ignore"):
        rows = float(optimal_block_length(series)["stationary"].iloc[0])
    return ceil(rows) if rows > 1 else 1  # of a series that never varies it is no number


def reality_check(returns: NDArray[float64], block: int) -> float:
    """Compute how often the best of several trials would do as well by luck, given that it was chosen as the best.

    On trials that a search adapted to its own results this is no p-value: it is small far too often.

    Parameters
    ----------
    returns : ndarray of float64, shape (periods, trials)
        Net P&L.
    block : int
        Mean block of the stationary bootstrap, see :func:`bootstrap_block`.

    Returns
    -------
    float
        Hansen's consistent p-value of :data:`DRAWS` draws. The means are not studentized (STATISTICS section 9.5): a trial
        whose loss has not come yet is no better for varying little, and arch's `studentize` does not reach the maximum.
        Source: White 2000; Hansen 2005 (arch).
    """
    from arch.bootstrap import SPA

    test = SPA(np.zeros(len(returns)), -returns, block, DRAWS, studentize=False, seed=SEED)
    test.compute()
    return float(test.pvalues["consistent"])


def _alike(dailies: Sequence[Sequence[float]], days: int) -> list[Sequence[float]]:
    """Select the series of the same length that vary."""
    lengths = Counter(map(len, dailies))
    return [one for one in dailies if len(one) == days and min(one) < max(one)] if lengths[days] else []
