"""What the ledger's counts make of a score.

Counts come from the ledger alone. They deflate by the raw number of trials:
counts of independent ones are shown beside it and deflate nothing, since a
search that climbs a hill visits many neighbours.
"""

from collections.abc import Mapping
from typing import Any


def deflate_sharpe(metrics: Mapping[str, Any], trials: int, luck: float | None = None) -> float | None:
    """Compute the chance that the true Sharpe ratio exceeds what the best of all trials shows by luck.

    Advice and no test: it does not know that each trial was chosen after seeing others. Of a single trial it is the
    probabilistic Sharpe ratio, ``psr`` of the same metrics.

    Parameters
    ----------
    metrics : mapping
        Metrics of a trial: `sharpe`, `sharpe_error` and `sharpe_luck`, all yearly and of the same blocks of days.
    trials : int
        Made on the dataset, this one counted.
    luck : float, optional
        Deviation of yearly Sharpe ratios between trials: gives the textbook form. Default: the house form, `sharpe_luck`,
        the error without any edge (STATISTICS section 3.6).

    Returns
    -------
    float or None
        None where the trial has no Sharpe ratio with an error.
    """
    from factory.statistics.deflation import expected_maximum
    from factory.statistics.sharpe import psr

    if not metrics.get("sharpe_error", 0) > 0 or "sharpe_luck" not in metrics:
        return None
    spread = metrics["sharpe_luck"] if luck is None else luck
    return psr(metrics["sharpe"], metrics["sharpe_error"], spread * expected_maximum(trials))
