"""Where a trial's result came from: its trades by hour, month, side, confidence or volatility."""

from typing import TYPE_CHECKING

import numpy as np
from numpy import float64
from numpy.typing import NDArray

from factory.core.answers import Answer, table
from factory.core.errors import FlowError
from factory.core.times import DAY, HOUR
from factory.statistics.intervals import wilson
from factory.storage.cache import UNLIMITED, Cache

if TYPE_CHECKING:
    from factory.pipeline import Pipeline
    from factory.tracking.tracker import Tracker

BINS = 5
NOISE = 1e-12
"""Share of the greatest of some numbers below which their mean is what rounding left where they cancel."""


def break_down(tracker: "Tracker", pipeline: "Pipeline", by: str) -> Answer:
    """Compute the trades, the win rate with its interval and the mean net of each group of a trial's trades.

    Each group is an exploration of validation, counted the first time that it is shown.
    """
    arrays = Cache(tracker.workspace.runs, limit=UNLIMITED).get(tracker.run_id(pipeline, "trial"))
    if arrays is None:
        raise FlowError(f"by: the trades of {pipeline.id} are gone from the workspace; its figures stand in the ledger")
    trades = {name.removeprefix("trades."): np.asarray(values) for name, values in arrays.items() if name.startswith("trades.")}
    if not len(trades["net"]):
        raise FlowError(f"by: {pipeline.id} took no trade; lower what it asks for before it enters")
    names, group = _groups(trades, by)
    payoff = trades["net"] / trades["unit"]
    rows = []
    for i, name in enumerate(names):
        mine = payoff[group == i]
        if len(mine):
            low, high = wilson(int((mine > 0).sum()), len(mine))
            rows.append(
                [
                    name,
                    len(mine),
                    float((mine > 0).mean()),
                    low,
                    high,
                    _mean(mine),
                ]
            )
    tracker.count_validation_exploration(pipeline, f"breakdown by {by}", len(rows))
    counted = f"{len(rows)} explorations, once"
    return {**table((by, "trades", "win_rate", "low", "high", "mean_net"), rows), "counted": counted}


def _mean(values: NDArray[float64]) -> float:
    """Compute the mean of at least one number; 0 where they cancel."""
    mean = float(values.mean())
    return mean if abs(mean) > NOISE * float(np.abs(values).max()) else 0.0


def _groups(trades: dict[str, NDArray[float64]], by: str) -> tuple[list[str], NDArray[np.intp]]:
    at = trades["entry_ms"]
    if by == "hour":
        return [f"{hour:02d}" for hour in range(24)], ((at % DAY) // HOUR).astype(np.intp)
    if by == "month":
        months, group = np.unique(at.astype("datetime64[ms]").astype("datetime64[M]"), return_inverse=True)
        return [str(month) for month in months], group
    if by == "side":
        return ["down", "up"], (trades["side"] > 0).astype(np.intp)
    measured = np.abs(trades["p"] - 0.5) if by == "confidence" else trades["volatility"]
    return _binned(measured)


def _binned(measured: NDArray[float64]) -> tuple[list[str], NDArray[np.intp]]:
    """Split values into bins of about equal count.

    What is missing, as a day's volatility after a gap, is a group of its own.
    """
    known = ~np.isnan(measured)
    group = np.full(len(measured), BINS)
    if not known.any():
        return ["unknown"], group - BINS
    edges = np.quantile(measured[known], np.linspace(0, 1, BINS + 1))
    group[known] = np.clip(np.searchsorted(edges, measured[known], side="right") - 1, 0, BINS - 1)
    return [*(f"{edges[i]:.3g}..{edges[i + 1]:.3g}" for i in range(BINS)), "unknown"], group
