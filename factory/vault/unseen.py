"""The bound for what has never happened: a crash that no flip of seen magnitudes knows (STATISTICS section 9.3)."""

import numpy as np
from numpy import float64
from numpy.typing import NDArray

from factory.backtest.frozen import NO_PAYMENTS, Holds, Payments
from factory.backtest.result import Trades
from factory.market.series import Series

MULTIPLE = 2.0
"""Times the greatest adverse move that was seen."""


def worst_losses(
    series: Series, before: int, holds: Holds, trades: Trades, payments: Payments = NO_PAYMENTS
) -> NDArray[float64]:
    """Estimate the greatest loss that each trade of a perpetual can make, per unit of notional at entry.

    Twice the greatest adverse move over a hold of this length before the sealed part; with a stop no more than the stop
    and twice the greatest adverse move of one bar beyond it; never more than liquidation takes; costs on top, and of recorded
    funding twice the greatest rate before, at each stamp that a hold met.
    An assumption, and no bound: it is printed in the report.

    Parameters
    ----------
    series : Series
        Bars that fill.
    before : int
        The sealed part's start, ms UTC: only rows stamped before it tell.
    holds : Holds
        Of `trades`.
    payments : Payments
        Recorded funding; none where it is assumed, which the costs hold.

    Returns
    -------
    ndarray of float64, shape (trades,)
    """
    known = int(np.searchsorted(series.time, before))
    first = np.flatnonzero(np.diff(holds.trade, prepend=-1))
    last = np.append(first[1:], len(holds.trade)) - 1
    length = int(np.max(holds.until[last] - holds.row[first], initial=1))
    long, short = (MULTIPLE * one for one in _adverse(series, known, length))
    one_long, one_short = (MULTIPLE * one for one in _adverse(series, known, 1))
    stop = np.abs(np.expm1(trades.side * holds.stop[first]))
    beyond = stop + np.where(trades.side > 0, one_long, one_short)
    worst = np.minimum(np.where(trades.side > 0, long, short), beyond)
    cost = np.max(trades.unit_cost + trades.funding / trades.unit, initial=0.0)
    greatest = float(np.max(np.abs(payments.rate[payments.row < known]), initial=0.0))
    met = np.searchsorted(payments.row, holds.until[last], side="right") - np.searchsorted(payments.row, holds.row[first])
    cost += MULTIPLE * greatest * int(np.max(met, initial=0))
    return np.asarray(np.minimum(worst + cost, 1 / trades.size))


def _adverse(series: Series, known: int, length: int) -> tuple[float, float]:
    """Find the greatest fall and rise from a close to the extremes of the next `length` bars.

    To the lowest and highest price, as shares of the close.
    """
    from scipy.ndimage import maximum_filter1d, minimum_filter1d

    low = np.nan_to_num(series.columns["low"][:known], nan=np.inf)
    high = np.nan_to_num(series.columns["high"][:known], nan=-np.inf)
    close = series.columns["close"][:known]
    if known <= length:
        return 1.0, 1.0
    origin = -(length // 2)  # so that a window begins at each row
    lowest = minimum_filter1d(low, length, origin=origin, mode="nearest")[1:]
    highest = maximum_filter1d(high, length, origin=origin, mode="nearest")[1:]
    fall, rise = 1 - lowest / close[:-1], highest / close[:-1] - 1
    return float(np.nanmax(fall, initial=0.0)), float(np.nanmax(rise, initial=0.0))
