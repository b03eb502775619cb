"""How windows of a binary contract end where other rows than its bars decide it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy import bool_, float64, int64
from numpy.typing import NDArray

from factory.core.times import moment, to_ms
from factory.market.contracts import MOST_AGE, Binary, ByPoint, ByRecord, ByTwap
from factory.market.series import Series, read_at_stamps

PRICE, UP = "price", "up"
"""Column that is compared, where a series has several, and the one that holds recorded outcomes."""
PAYS = (0.0, 0.5, 1.0)
"""What a share of Up may pay; one half where a window is void."""
AT_ONCE = 4_000_000
"""Values that one step of an average holds."""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """How some windows ended; every array has shape (n,).

    Parameters
    ----------
    up : ndarray of float64
        What a share of Up pays: 1, 0, or 0.5 of a void window; NaN where that is not known.
    tied : ndarray of bool
        Whether only the rule for ties decided it.
    known : ndarray of int64
        When it was known, ms UTC.
    lead : ndarray of float64
        Log of the price in effect at some moment of the window, its start where nothing else is said, over its strike: what
        was over of the move that decides; 0 where the strike is that price.
    """

    up: NDArray[float64]
    tied: NDArray[bool_]
    known: NDArray[int64]
    lead: NDArray[float64]


def settle_windows(contract: Binary, series: Mapping[str, Series], starts: NDArray[int64], end: int) -> Outcomes:
    """Settle windows by the series that a contract names for it.

    Parameters
    ----------
    contract : Binary
        One that other rows than its bars settle.
    series : mapping of str to Series
        Of a partition.
    starts : ndarray of int64, shape (n,)
        Of the windows, ms UTC.
    end : int
        Of the partition, ms UTC: what is not known by then is not there.

    Returns
    -------
    Outcomes
        Shape (n,).
    """
    settle, window = contract.settle, to_ms(contract.window)
    if isinstance(settle, ByRecord):
        return _read_recorded(series[settle.of], starts, end)
    assert isinstance(settle, ByPoint | ByTwap), "bars settle by themselves"
    source = series[settle.of]
    price = source.columns[settlement_column(source)]
    strike, last = value_in_effect(source, price, starts), value_in_effect(source, price, starts + window)
    lead = np.zeros(len(starts))
    if isinstance(settle, ByTwap):
        averaged = np.flatnonzero(count_averaged(contract, starts, 1))
        spot, lookback = strike[averaged], to_ms(settle.lookback)
        strike[averaged] = average_before(source, price, starts[averaged], lookback)
        last[averaged] = average_before(source, price, starts[averaged] + window, lookback)
        lead[averaged] = np.log(spot / strike[averaged])
    known = starts + window + source.delay
    there = np.isfinite(strike) & np.isfinite(last) & (known <= end) & _is_heard(source, price, starts, window)
    return Outcomes(np.where(there, last >= strike, np.nan), there & (last == strike), known, lead)


def count_averaged(contract: Binary, starts: NDArray[int64], period: int) -> NDArray[int64]:
    """Count the whole periods over which the price that settles each window is averaged, 0 where it is none, shape (n,)."""
    settle = contract.settle
    if not isinstance(settle, ByTwap):
        return np.zeros(len(starts), int64)
    since = moment(settle.since) if settle.since else np.iinfo(int64).min
    return np.where(starts >= since, to_ms(settle.lookback) // period, 0)


def measure_lead(
    contract: Binary, series: Mapping[str, Series], starts: NDArray[int64], times: NDArray[int64]
) -> NDArray[float64]:
    """Measure what is over at moments of their windows of the move that decides, as a log of price over strike, shape (n,).

    Of recorded outcomes nobody says what the strike was: there, and where bars settle, it is the open of the window's first
    bar against that of the bar that begins at the moment, NaN where either is not there.

    Once the price that settles is being averaged, it is what lies over of the mean for each period that is left.
    """
    settle = contract.settle
    if not isinstance(settle, ByPoint | ByTwap):
        now, strike = (read_at_stamps(series[contract.of], "open", at) for at in (times, starts))
        return np.asarray(np.log(now) - np.log(strike))
    source = series[settle.of]
    price = source.columns[settlement_column(source)]
    now, strike = value_in_effect(source, price, times), value_in_effect(source, price, starts)
    lead = np.log(now / strike)
    if isinstance(settle, ByTwap):
        averaged, lookback = count_averaged(contract, starts, 1) > 0, to_ms(settle.lookback)
        lead[averaged] = np.log(now[averaged] / average_before(source, price, starts[averaged], lookback))
        over = (times - starts - to_ms(contract.window) + lookback) // source.period * source.period
        for gone in np.unique(over[averaged & (over > 0) & (over < lookback)]):
            rows = np.flatnonzero(averaged & (over == gone))
            passed = np.log(average_before(source, price, times[rows], int(gone)) / now[rows])
            lead[rows] = (lookback * lead[rows] + gone * passed) / (lookback - gone)
    return np.asarray(lead)


def compare_with_bars(contract: Binary, series: Mapping[str, Series], start: int, end: int) -> dict[str, int]:
    """Count the windows of [start, end) whose bars say otherwise than what settles them.

    Returns
    -------
    dict of str to int
        ``windows`` that both tell of, and ``otherwise``; and where bars tell of windows that nothing settles, those
        (``unsettled``), and of both how many are Up by bars (``up``, ``unsettled_up``).
    """
    window, bars = to_ms(contract.window), series[contract.of]
    starts = np.arange(-(-start // window) * window, end - window + 1, window, dtype=int64)
    first, last = (np.minimum(np.searchsorted(bars.time, at), len(bars) - 1) for at in (starts, starts + window - bars.period))
    there = (bars.time[first] == starts) & (bars.time[last] == starts + window - bars.period)
    moved = np.where(there, bars.columns["close"][last] - bars.columns["open"][first], np.nan)
    outcomes = settle_windows(contract, series, starts, end)
    up = outcomes.up
    told = np.isfinite(moved) & np.isin(up, (0.0, 1.0))
    counts = {"windows": int(told.sum()), "otherwise": int(np.sum((moved[told] >= 0) != (up[told] > 0)))}
    holes = np.isfinite(moved) & np.isnan(up) & (outcomes.known <= end)
    if not holes.any():
        return counts
    own = {"unsettled": int(holes.sum()), "unsettled_up": int(np.sum(moved[holes] >= 0)), "up": int(np.sum(moved[told] >= 0))}
    return counts | own


def settlement_column(series: Series) -> str:
    """Choose the column of a series whose values are compared: ``price``, or the only one."""
    return PRICE if PRICE in series.columns else next(iter(series.columns))


def value_in_effect(series: Series, values: NDArray[float64], at: NDArray[int64]) -> NDArray[float64]:
    """Read the value stamped at each moment or last before it, NaN where it is too old, shape of `at`."""
    rows = np.arange(len(values))
    filled = np.maximum.accumulate(np.where(np.isfinite(values), rows, -1))
    row = np.searchsorted(series.time, at, side="right") - 1
    held = np.where(row >= 0, filled[np.maximum(row, 0)], -1)
    young = (held >= 0) & (at - series.time[held] <= MOST_AGE * series.period)
    return np.where(young, values[held], np.nan)


def average_before(series: Series, values: NDArray[float64], at: NDArray[int64], lookback: int) -> NDArray[float64]:
    """Average the value in effect over the time before each moment, NaN where any of it is too old, shape of `at`.

    A value holds from its stamp to the next, so that each of the `lookback`'s periods counts the value at its beginning.
    """
    steps = np.arange(lookback, 0, -series.period)
    out = np.empty(len(at))
    for first in range(0, len(at), batch := max(1, AT_ONCE // len(steps))):
        part = at[first : first + batch]
        held = value_in_effect(series, values, (part[:, None] - steps).ravel()).reshape(len(part), len(steps))
        out[first : first + batch] = held.mean(axis=1)
    return out


def _is_heard(series: Series, values: NDArray[float64], starts: NDArray[int64], window: int) -> NDArray[bool_]:
    """Check that a value came in both halves of each window, shape of `starts`.

    A feed that is silent would else settle a window by the value before it, as a tie; and the rows must reach its close.
    """
    heard = np.concatenate([[0], np.cumsum(np.isfinite(values))])
    bounds = [np.searchsorted(series.time, starts + part, side="right") for part in (0, window // 2, window)]
    there = (heard[bounds[1]] > heard[bounds[0]]) & (heard[bounds[2]] > heard[bounds[1]])
    return np.asarray(there & (starts + window <= series.time[-1:].max(initial=0)))


def _read_recorded(series: Series, starts: NDArray[int64], end: int) -> Outcomes:
    """Read what was recorded of windows; a number that no share pays is no outcome."""
    row = np.minimum(np.searchsorted(series.time, starts), len(series) - 1)
    up = read_at_stamps(series, UP, starts)
    known = np.maximum(series.known[row], starts)
    there = np.isin(up, PAYS) & (known <= end)
    return Outcomes(np.where(there, up, np.nan), np.zeros(len(starts), bool), known, np.zeros(len(starts)))
