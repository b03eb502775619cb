"""Recursions that remember directions: Wilder's indices and Kaufman's average.

A row in which nothing moves shrinks Wilder's averages alike, so their ratio stays
exactly as it was. Once no row of the look-back moves it is missing: a run that
starts there knows no more.
"""

from typing import Any

import numpy as np
from numba import int64, njit, void
from numpy.typing import NDArray

from factory.expressions.kernels import COLUMN, RESULT

Floats = NDArray[np.float64]

PLUS, MINUS, INDEX = 0, 1, 2
_FASTEST, _SLOWEST = 2.0 / 3.0, 2.0 / 31.0
"""Shares by which a row moves exponential averages of 2 and 30 rows, as Kaufman has them."""


@njit(void(COLUMN, int64, int64, RESULT), cache=True, nogil=True)
def strength(x: Floats, n: int, settling: int, out: Floats) -> None:
    """Compute Wilder's average rise over that of all moves, percent.

    Starts anew after a NaN, is NaN for `settling` rows then, and wherever so many rows have not moved.
    """
    up, moves, value, age, still, share = 0.0, 0.0, np.nan, 0, 0, 1.0 / n
    for i in range(len(x)):
        age = age + 1 if x[i] == x[i] else 0
        step = x[i] - x[i - 1] if age > 1 else 0.0
        up = up + share * (max(step, 0.0) - up) if age > 1 else 0.0
        moves = moves + share * (abs(step) - moves) if age > 1 else 0.0
        still = still + 1 if (step == 0.0) & (age > 1) else 0
        value = 100.0 * up / moves if step != 0.0 else value
        out[i] = value if (age > settling) & (still < settling) else np.nan


@njit(cache=True, nogil=True)
def _movement(high: Floats, low: Floats, i: int) -> Any:
    """Compute a row's directional movement up and down: the greater of the two if it is above zero, the other none."""
    up, down = high[i] - high[i - 1], low[i - 1] - low[i]
    return (up if up > max(down, 0.0) else 0.0), (down if down > max(up, 0.0) else 0.0)


@njit(void(COLUMN, COLUMN, COLUMN, int64, int64, int64, RESULT), cache=True, nogil=True)
def directional(high: Floats, low: Floats, close: Floats, n: int, kind: int, settling: int, out: Floats) -> None:
    """Compute Wilder's directional indicators (``PLUS``, ``MINUS``) or their average index (``INDEX``), percent.

    Starts anew after a NaN, is NaN for `settling` rows then, and wherever so
    many rows have no range (an indicator) or no direction (the index).
    """
    plus, minus, reach, index, spread, value, age, still = 0.0, 0.0, 0.0, 0.0, 0.0, np.nan, 0, 0
    for i in range(len(close)):
        age = age + 1 if high[i] + low[i] + close[i] == high[i] + low[i] + close[i] else 0
        if age <= 1:
            plus, minus, reach, index, spread, value, still = 0.0, 0.0, 0.0, 0.0, 0.0, np.nan, 0
        else:
            up, down = _movement(high, low, i)
            true_range = max(high[i], close[i - 1]) - min(low[i], close[i - 1])
            plus, minus, reach = plus - plus / n + up, minus - minus / n + down, reach - reach / n + true_range
            spread = 100.0 * abs(plus - minus) / (plus + minus) if up + down > 0.0 else spread
            index += (spread - index) / n
            moved = up + down > 0.0 if kind == INDEX else true_range > 0.0
            still = 0 if moved else still + 1
            if kind == INDEX:
                value = index
            elif moved:
                value = 100.0 * (plus if kind == PLUS else minus) / reach
        out[i] = value if (age > settling) & (still < settling) else np.nan


@njit(void(COLUMN, COLUMN, int64, RESULT), cache=True, nogil=True)
def adaptive(x: Floats, efficiency: Floats, settling: int, out: Floats) -> None:
    """Compute an exponential average that moves faster the more efficient the path is (Kaufman 1995).

    Starts at the last row without an efficiency, anew after a NaN, and is NaN for `settling` rows then.
    """
    level, age = 0.0, 0
    for i in range(len(x)):
        age = age + 1 if x[i] == x[i] else 0
        share = (efficiency[i] * (_FASTEST - _SLOWEST) + _SLOWEST) ** 2
        level = level + share * (x[i] - level) if share == share else x[i]
        out[i] = level if age > settling else np.nan


@njit(void(COLUMN, int64, RESULT), cache=True, nogil=True)
def deviation(x: Floats, n: int, out: Floats) -> None:
    """Compute the distance from the mean of n rows in mean absolute deviations, over 0.015; NaN where nothing moves.

    Lambert (1980).

    Taken of differences from the present row, so that what is flat is exactly flat.
    """
    out[: n - 1] = np.nan
    for i in range(n - 1, len(x)):
        total, away = 0.0, 0.0
        for k in range(n):
            total += x[i - k] - x[i]
        mean = total / n
        for k in range(n):
            away += abs(x[i - k] - x[i] - mean)
        out[i] = -mean / (0.015 * (away / n)) if away > 0.0 else np.nan
