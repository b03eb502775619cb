"""P12: a fixed price must not be asked of windows whose strike says at the decision which side is ahead."""

import numpy as np
from numpy import float64, int64
from numpy.typing import NDArray

from factory.evidence.probes.findings import BLOCK, Finding
from factory.learning.decision_table import DecisionTable
from factory.market.contracts import Binary, ByTwap, Contract
from factory.market.series import Partition, Series
from factory.market.settlement import settle_windows

FAIR, SURE = 0.51, 3.09
"""Share of windows that the side ahead may win at a price of one half, and the deviations that must lie above it: 0.1 %."""


def check_known_strike(contract: Contract | None, partition: Partition, rows: DecisionTable) -> list[Finding]:
    """Check P12: how often the side wins that is ahead of its strike when the window opens.

    Where an average settles, its strike is known then. Of what was recorded nobody says by which rule: there the last
    price is held against the mean of the last bar, which is what an average of the last minutes would be nearest to.

    Parameters
    ----------
    contract : Contract or None
        What is traded on the labels; one whose price is recorded, or that its bars settle, has nothing to give away.
    partition : Partition
    rows : DecisionTable
        Decisions on train.
    """
    if not isinstance(contract, Binary) or contract.odds is not None or contract.settles_by_bars:
        return []
    if isinstance(contract.settle, ByTwap):
        lead = settle_windows(contract, partition.series, rows.time, partition.end).lead
    else:
        lead = _lead_of_last_bar(partition.series[contract.of], rows.time)
    told = (rows.labels.y >= 0) & np.isfinite(lead) & (lead != 0)
    n = int(told.sum())
    share = float(np.mean((lead[told] > 0) == (rows.labels.y[told] > 0))) if n else 0.5
    if share - SURE * 0.5 / np.sqrt(max(n, 1)) <= FAIR:
        return []
    says = (
        f"label: the side that is ahead when the window opens wins {share:.1%} of {n:,} windows, so that their strike is known "
        f"by then and a price of {contract.price:g} gives it away; a person records odds and names them in the contract"
    )
    return [Finding("P12", BLOCK, says)]


def _lead_of_last_bar(bars: Series, times: NDArray[int64]) -> NDArray[float64]:
    """Compute how far the last close known at each moment lies above the mean of its bar, NaN where there is none."""
    row = np.searchsorted(bars.known, times, side="right") - 1
    there = (row >= 0) & (times - bars.known[np.maximum(row, 0)] < bars.period)
    opened, high, low, close = (bars.columns[name][np.maximum(row, 0)] for name in ("open", "high", "low", "close"))
    return np.where(there, np.log(close / ((opened + high + low + close) / 4)), np.nan)
