"""P12: windows must not be offered at a price that does not know which side of their strike is ahead."""

from collections.abc import Iterator

import numpy as np
from numpy import bool_, float64, int64
from numpy.typing import NDArray

from factory.backtest.binary import settle_running
from factory.backtest.quotes import Quotes, read_quotes
from factory.evidence.probes.findings import BLOCK, Finding
from factory.learning.decision_table import DecisionTable
from factory.market.contracts import Binary, ByPoint, ByTwap, Contract
from factory.market.series import Partition, Series, read_at_stamps
from factory.market.settlement import measure_lead, settlement_column, value_in_effect

FAIR, SURE = 0.01, 3.09
"""Share of windows that the side ahead may win beyond its price, and the deviations that must lie above it: 0.1 %."""
OLD = (0.5, 0.9, 0.99)
"""Of all decisions' quotes the shares that are younger than those which are looked at by themselves."""


def check_known_strike(contract: Contract | None, partition: Partition, rows: DecisionTable) -> list[Finding]:
    """Check P12: how often the side wins that is ahead of its strike at the decision, beyond what it costs then.

    A price that is assumed knows nothing of it, and one that was recorded too early too little. Where an average settles,
    its strike is known at the decision, and where a value in effect does, so is that. Of what was recorded nobody says by
    which rule: there the last price is held against the mean of the last bar, which is what an average of the last minutes
    would be nearest to. Inside a window it is held against the window's open. Decisions of one window tell one thing.

    Parameters
    ----------
    contract : Contract or None
        What is traded on the labels; one that its bars settle has nothing to give away at a window's start.
    partition : Partition
    rows : DecisionTable
        Decisions on train.
    """
    if not isinstance(contract, Binary):
        return []
    quotes = read_quotes(contract, partition.series, rows.time)
    price, inside = quotes.mid, rows.time > quotes.start
    if contract.settles_by_bars and not inside.any():
        return []
    mend = "record odds and name them in the contract"
    if contract.odds:
        mend = "record quotes as they were at each decision" if inside.any() else "record them as each window starts"
    known = (rows.labels.y >= 0) & np.isfinite(price)
    parts = list(_list_parts(contract, partition, rows.time, quotes))
    for lead in _list_leads(contract, partition, rows.time, quotes.start):
        told = known & np.isfinite(lead) & (lead != 0)
        for part in parts:
            some = told & part
            n, ahead = len(np.unique(quotes.start[some])), lead[some] > 0
            if not n:
                continue
            won = float(np.mean(ahead == (rows.labels.y[some] > 0)))
            paid = float(np.mean(np.where(ahead, price[some], 1 - price[some])))
            if won - paid - SURE * 0.5 / np.sqrt(n) > FAIR:
                when = "at the decision" if inside.any() else "when the window opens"
                says = (
                    f"label: the side that is ahead {when} wins {won:.1%} of {n:,} windows at a mean price of "
                    f"{paid:.3f}, so that their strike is known by then and the price gives it away; a person must {mend}"
                )
                return [Finding("P12", BLOCK, says)]
    return []


def _list_parts(contract: Binary, partition: Partition, times: NDArray[int64], quotes: Quotes) -> Iterator[NDArray[bool_]]:
    """List the decisions that are looked at by themselves, each shape (n,): all, and those whose quotes are old.

    Few among many others are lost in the mean, and those are the ones that would be chosen: by the age that a quote says, or
    because it says what the one before it in the window said.
    """
    yield np.ones(len(times), bool)
    for younger in OLD:
        yield quotes.age >= np.quantile(quotes.age, younger)
    if contract.odds is not None:
        before = read_quotes(contract, partition.series, times - partition.series[contract.odds].period)
        yield (before.start == quotes.start) & (before.mid == quotes.mid)


def _list_leads(
    contract: Binary, partition: Partition, times: NDArray[int64], start: NDArray[int64]
) -> Iterator[NDArray[float64]]:
    """List what tells at each moment which side is ahead, each shape (n,), NaN where it tells nothing."""
    settle, bars, inside = contract.settle, partition.series[contract.of], times > start
    if isinstance(settle, ByTwap):
        yield settle_running(contract, partition, times).lead
        return
    row = np.searchsorted(bars.known, times, side="right") - 1
    there = (row >= 0) & (times - bars.known[np.maximum(row, 0)] < bars.period)
    opened, high, low, close = (bars.columns[name][np.maximum(row, 0)] for name in ("open", "high", "low", "close"))
    before = np.full(len(times), np.nan) if contract.settles_by_bars else (opened + high + low + close) / 4
    strike = np.where(inside, read_at_stamps(bars, "open", start), before)
    yield np.where(there, np.log(close / strike), np.nan)
    if isinstance(settle, ByPoint):
        opens = _find_lead_over_strike(partition.series[settle.of], times, np.where(there & ~inside, close, np.nan))
        yield np.where(inside, measure_lead(contract, partition.series, start, times), opens)


def _find_lead_over_strike(source: Series, times: NDArray[int64], close: NDArray[float64]) -> NDArray[float64]:
    """Compute how far the last close lies above the value in effect, less what it does as a rule: venues differ by a basis."""
    lead = np.log(close / value_in_effect(source, source.columns[settlement_column(source)], times))
    return np.asarray(lead - np.nanmedian(lead)) if np.isfinite(lead).any() else lead
