"""How far prices run beyond a level that they touch: what a stop loses that is filled at its price.

A stop that is touched inside a bar is seen to fill at its price. Were the bar's path continuous and without memory, its
close would lie on either side of that price alike. On real bars the close lies beyond it on average, so that a fill at
the stop's price earns what nobody earns. The measured distance is the least that makes such fills fair: on a market
whose directions are coins, the close of the bar is.
"""

import numpy as np

from factory.market.overshoot_kernels import beyond
from factory.market.series import Series
from factory.market.series_kinds import series_kind

DISTANCES = (1 / 64, 1 / 16, 1 / 4, 1.0, 2.0, 4.0, 8.0)
"""At which levels are placed, in mean ranges of a bar: 0.1 to 50 bp on minutes of BTC, 2023-26."""
FEWEST = 1000
"""Touches below which a distance is not counted, but for the nearest, which nearly every bar touches."""


def measure_overshoot(series: Series, end: int) -> float:
    """Measure how far beyond a level, as a share of it, the bars close that touch it first from the inside.

    Two levels stand about an open until a bar touches one or both, or opens beyond; then two new ones stand about the
    next open. Bars without volume touch nothing. The mean is taken for each distance, and the greatest counts: where
    they differ, an average would leave stops at some distance better than fair.

    Parameters
    ----------
    series : Series
        Bars; for other kinds there is nothing to measure.
    end : int
        Only bars that are over by then are read, ms UTC: train's end, so that the figure is known before whatever
        it is applied to.

    Returns
    -------
    float
        At least 0.
    """
    if not series_kind(series.kind).is_traded:
        return 0.0
    rows = slice(int(np.searchsorted(series.ends, end, side="right")))
    bars = [np.ascontiguousarray(series.columns[name][rows]) for name in ("open", "high", "low", "close")]
    traded = series.traded[rows]
    if not traded.any():
        return 0.0
    opened, high, low, _ = (column[traded] for column in bars)
    unit = float(np.mean((high - low) / opened))
    nearest, *farther = (beyond(*bars, traded, distance * unit) for distance in DISTANCES)
    means = [total / count for total, count in (nearest, *(one for one in farther if one[1] >= FEWEST)) if count]
    return float(max([0.0, *means]))
