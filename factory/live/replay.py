"""Recorded rows fed in the order in which they became known, and what came of them against the backtest of the same rows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy import int64
from numpy.typing import NDArray

from factory.expressions.columns import Columns
from factory.flow import evaluate
from factory.live.rolling import LIVE, RollingMarket
from factory.live.strategy import Account, LiveStrategy
from factory.market.series import Partition, Series

TRADED = ("decision", "entry_ms", "exit_ms", "side", "size", "price", "exit_price", "net")
"""Columns of trades that are compared."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a series as it becomes known.

    Parameters
    ----------
    series : str
        Whose it is.
    time, known : int
        Its stamp and when it becomes known, ms UTC.
    values : mapping of str to float
        One for each column.
    """

    series: str
    time: int
    known: int
    values: Mapping[str, float]


def split_history(series: Mapping[str, Series], start: int) -> dict[str, Series]:
    """Select the rows that are known by a moment."""
    return {name: one.cut(slice(0, int(np.searchsorted(one.known, start, side="right")))) for name, one in series.items()}


def list_rows(series: Mapping[str, Series], start: int, end: int) -> Iterator[Row]:
    """Yield the rows that become known in (start, end], in that order; rows that are missing do not come."""
    places: list[tuple[int, str, int]] = []
    for name, one in series.items():
        first, last = np.searchsorted(one.known, [start, end], side="right")
        places += [(int(one.known[i]), name, i) for i in range(first, last)]
    for known, name, i in sorted(places):
        values = {column: float(held[i]) for column, held in series[name].columns.items()}
        if not all(np.isnan(value) for value in values.values()):
            yield Row(name, int(series[name].time[i]), known, values)


def replay(strategy: LiveStrategy, rows: Iterator[Row], end: int) -> Iterator[NDArray[int64]]:
    """Feed rows to a strategy; yield the moments of each decision as it is taken.

    What becomes known at one moment is there before anything is decided at it.
    """
    now: int | None = None
    for row in rows:
        if now is not None and row.known > now:
            yield from _decide(strategy, now)
        now = row.known
        strategy.market.series[row.series].append(row.time, row.known, row.values)
    yield from _decide(strategy, end)


def _decide(strategy: LiveStrategy, now: int) -> Iterator[NDArray[int64]]:
    decided = strategy.decide(now)
    if len(decided):
        yield decided


def compare_with_backtest(strategy: LiveStrategy, account: Account, partition: Partition) -> dict[str, int]:
    """Count what a replay and a backtest of the same rows differ in.

    Parameters
    ----------
    partition : Partition
        All rows at once; its decisions are those of the replay.

    Returns
    -------
    dict of str to int
        ``decisions`` and ``trades`` of the backtest, and how many of each the replay has not, or otherwise. Trades that were
        open at the end are left out.
    """
    scored = evaluate(strategy.pipeline, strategy.contract, strategy.fitted, Columns(partition), most_lost=1.0)
    time, p = strategy.chances
    same = np.isin(scored.rows.time, time)
    same[same] = scored.p[same] == p[np.searchsorted(time, scored.rows.time[same])]
    live, batch = account.trades, scored.result.trades
    over = batch.exit_ms < partition.end
    ours = {tuple(getattr(live, name)[i] for name in TRADED) for i in np.flatnonzero(account.closed)}
    theirs = {tuple(getattr(batch, name)[i] for name in TRADED) for i in np.flatnonzero(over)}
    return {
        "decisions": len(same),
        "decisions_differ": int((~same).sum()) + int((~np.isin(time, scored.rows.time)).sum()),
        "trades": len(theirs),
        "trades_differ": len(theirs ^ {one for one in ours if one[TRADED.index("exit_ms")] < partition.end}),
    }


def live_partition(dataset: Partition, start: int, end: int) -> Partition:
    """Select all rows of a dataset up to a moment as the partition that a replay from `start` walks through."""
    series = {
        name: one.cut(slice(0, int(np.searchsorted(one.known, end, side="right")))) for name, one in dataset.series.items()
    }
    return Partition(dataset.dataset, LIVE, start, end, series, dataset.fingerprint, dataset.contracts)


def begin(market: Partition, start: int) -> RollingMarket:
    """Begin a rolling market with what is known of a partition's rows at a moment."""
    return RollingMarket(market.dataset, market.contracts, split_history(market.series, start), market.fingerprint)
