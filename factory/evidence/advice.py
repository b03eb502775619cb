"""What advises before a look and never blocks it: it carries no control of error (STATISTICS section 3)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from factory.evidence.standing import deflated
from factory.statistics.bootstrap import optimal_block_length, reality_check
from factory.statistics.overfitting import overfitting

LEAST_DAYS = 20
SEED = 7
"""Of the bootstrap: the same trials, the same advice."""


def advice(
    found: Mapping[str, Any], daily: Sequence[float], dailies: Sequence[Sequence[float]], trials: int
) -> dict[str, float]:
    """What validation says of a trial among all trials.

    Too optimistic on trials that were chosen after seeing others: on a market without edge the reality check still
    passes in a fifth to a half of searches (STATISTICS section 3.7).

    Parameters
    ----------
    found : mapping
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
    told = {"psr": found.get("psr"), "deflated": deflated(found, len(daily), trials)}
    alike = _alike(dailies, len(daily))
    if len(alike) > 1 and len(daily) >= LEAST_DAYS:
        returns = np.array(alike).T
        told["overfitting"] = overfitting(returns).probability
        block = max(1.0, optimal_block_length(np.asarray(daily, float))[0])
        told["reality_check"] = reality_check(returns, block, SEED).consistent
    return {name: value for name, value in told.items() if value is not None}


def _alike(dailies: Sequence[Sequence[float]], days: int) -> list[Sequence[float]]:
    """Those of the same length that vary."""
    lengths = Counter(map(len, dailies))
    return [one for one in dailies if len(one) == days and min(one) < max(one)] if lengths[days] else []
