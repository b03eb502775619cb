"""Recorded rows fed in the order in which they became known."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from time import perf_counter

import numpy as np
from numpy import int64
from numpy.typing import NDArray

from factory.live.rolling import LIVE, RollingMarket
from factory.live.strategy import LiveStrategy
from factory.market.series import Partition, Series


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


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided on a row.

    Parameters
    ----------
    times : ndarray of int64, shape (n,)
        The moments, ms UTC; at least one.
    ms : float
        How long it took from the row to the last decision.
    """

    times: NDArray[int64]
    ms: float


def replay(strategy: LiveStrategy, rows: Iterator[Row], end: int) -> Iterator[Decided]:
    """Feed rows to a strategy; yield what it decides as it does.

    What becomes known at one moment is there before anything is decided at it.
    """
    now: int | None = None
    for row in rows:
        if now is not None and row.known > now:
            yield from _decide(strategy, now)
        now = row.known
        strategy.market.series[row.series].append(row.time, row.known, row.values)
    yield from _decide(strategy, end)


def _decide(strategy: LiveStrategy, now: int) -> Iterator[Decided]:
    begun = perf_counter()
    times = strategy.decide(now)
    if len(times):
        yield Decided(times, (perf_counter() - begun) * 1000)


def live_partition(dataset: Partition, start: int, end: int) -> Partition:
    """Select all rows of a dataset up to a moment as the partition that a replay from `start` walks through."""
    series = {
        name: one.cut(slice(0, int(np.searchsorted(one.known, end, side="right")))) for name, one in dataset.series.items()
    }
    return Partition(dataset.dataset, LIVE, start, end, series, dataset.fingerprint, dataset.contracts)


def begin_market(market: Partition, start: int) -> RollingMarket:
    """Begin a rolling market with what is known of a partition's rows at a moment."""
    return RollingMarket(market.dataset, market.contracts, split_history(market.series, start), market.fingerprint)
