"""Which moments become decisions: a clock, a CUSUM filter over any measured quantity, or updates of a book."""

import numpy as np
from numpy import float64, int64
from numpy.typing import NDArray

from factory.core.times import DAY
from factory.learning.event_kernels import cusum_events
from factory.market.series import Series

NEVER = np.iinfo(np.int64).max
"""Beginning of a bar that is not there."""


def clock(every: int, start: int, end: int) -> NDArray[int64]:
    """List the multiples of a duration, counted from 1970-01-01T00:00Z, in [start, end).

    Parameters
    ----------
    every : int
        Milliseconds between decisions.
    start, end : int
        Bounds, ms UTC.

    Returns
    -------
    ndarray of int64
        Decision times, ms UTC, increasing.
    """
    return np.arange(-(-start // every) * every, end, every, dtype=np.int64)


def list_beginnings(series: Series, every: int, start: int, end: int) -> NDArray[int64]:
    """List the moments of a clock at which a series' bars may begin: of a market that closes counted from each opening."""
    return clock(every, start, end) if series.sessions is None else series.sessions.tick(every, start, end)


def find_beginnings(series: Series, every: int, times: NDArray[int64]) -> NDArray[int64]:
    """Find the moment of a clock at each time, or last before it, shape (n,): of :func:`list_beginnings`."""
    if series.sessions is None or not len(times):
        return times // every * every
    first = min(int(series.time[0]), int(times.min())) - every
    begun = np.append(first, series.sessions.tick(every, first + 1, int(times.max()) + 1))
    return np.asarray(begun[np.searchsorted(begun, times, side="right") - 1])


def keep_inside(series: Series, times: NDArray[int64], horizon: int, exits: bool) -> NDArray[int64]:
    """Keep the moments whose horizon, where it is shorter than a day, does not run into a time without trading.

    Parameters
    ----------
    series : Series
        Bars that fill.
    times : ndarray of int64, shape (n,)
        Beginnings of bars, ms UTC.
    horizon : int
        Milliseconds.
    exits : bool
        Whether a position must then be left, so that a bar must begin at the horizon's end; else it may end with the trading.
    """
    if series.sessions is None or horizon >= DAY:
        return times
    return times[series.sessions.fit(times, horizon + (1 if exits else 0))]


def cusum(
    values: NDArray[float64],
    known: NDArray[int64],
    threshold: "float | NDArray[float64]",
    start: int,
    end: int,
) -> NDArray[int64]:
    """Find the moments at which a quantity's running changes leave a band, in [start, end).

    The filter runs from the first row given, so that rows before `start` set
    its state and validation goes on where train ended.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        Measured quantity; missing values reset the filter.
    known : ndarray of int64, shape (n,)
        When each row became known, ms UTC, never decreasing.
    threshold : float or ndarray of float64, shape (n,)
        Width of the band on either side, in units of `values`.
    start, end : int
        Bounds, ms UTC.

    Returns
    -------
    ndarray of int64
        Decision times, ms UTC, increasing: the known-at of each event's row.
    """
    bands = np.atleast_1d(np.asarray(threshold, np.float64))
    times = known[cusum_events(np.asarray(values, np.float64), bands)]
    first = np.diff(times, prepend=times[:1] - 1) > 0
    return np.asarray(times[first & (times >= start) & (times < end)])


def after_updates(updates: NDArray[float64], known: NDArray[int64], every: int, start: int, end: int) -> NDArray[int64]:
    """Find the moments at which so many more updates of a book were known, in [start, end).

    The count begins anew at each midnight UTC, so that a stream that begins at one decides as all rows do.

    Parameters
    ----------
    updates : ndarray of float64, shape (n,)
        Of each row; a missing row counts none.
    known : ndarray of int64, shape (n,)
        When each row became known, ms UTC, never decreasing.
    every : int
        Updates between two decisions.

    Returns
    -------
    ndarray of int64
        ms UTC, increasing; a row with many updates gives one moment.
    """
    counted = np.nan_to_num(updates)
    day = (known - 1) // DAY  # what is known at midnight is of the day that ends
    begins = np.diff(day, prepend=day[:1] - 1) > 0
    before = np.cumsum(counted) - counted
    passed = before - np.maximum.accumulate(np.where(begins, before, 0.0))
    times = known[(passed + counted) // every > passed // every]
    return np.asarray(times[(times >= start) & (times < end)])


def at_bars(times: NDArray[int64], bars: Series) -> NDArray[int64]:
    """Move moments to the next beginning of a bar: what became known inside a bar is acted on at the next one.

    Parameters
    ----------
    times : ndarray of int64, shape (n,)
        ms UTC, increasing.
    bars : Series
        Whose bars begin; of a market that closes what comes after the last of them is left out.

    Returns
    -------
    ndarray of int64
        Increasing; moments that meet at one bar are one.
    """
    moved = np.unique(next_bars(times, bars))
    return np.asarray(moved[moved != NEVER])


def next_bars(times: NDArray[int64], bars: Series) -> NDArray[int64]:
    """Find the beginning of the bar at which each moment is acted on, shape (n,): parameters as of :func:`at_bars`."""
    if bars.sessions is not None:
        starts: NDArray[int64] = np.append(bars.time, NEVER)
        return starts[np.searchsorted(bars.time, times)]
    first, period = int(bars.time[0]), bars.period
    return first - (first - times) // period * period
