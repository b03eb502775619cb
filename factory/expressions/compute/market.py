"""Volatility from bars, order flow and the clock."""

from math import log, pi

import numpy as np

from factory.core.times import DAY, HOUR, MINUTE
from factory.expressions.compute.window import change_over, ratio, window_mean, window_most, window_sum, window_var
from factory.expressions.kernels import apply_kernel, rows
from factory.expressions.signature import Literals
from factory.expressions.time_axis import Compute, Floats, TimeAxis

Columns = tuple[Floats, ...]


def true_range(high: Floats, low: Floats, close: Floats) -> Floats:
    """Compute the true range: the greatest of high - low and both distances from the close before."""
    before = change_over(close, 1, rows.LAG)
    return np.subtract(np.maximum(high, before), np.minimum(low, before))


def typical_price(high: Floats, low: Floats, close: Floats) -> Floats:
    """Compute the mean of a bar's high, low and close.

    Without a range it is exactly the close, which a third of its treble may miss.
    """
    return np.where(high == low, close, (high + low + close) / 3.0)


def _parkinson(x: Columns, k: Literals, on: TimeAxis) -> Floats:
    """Estimate volatility from highs and lows: Parkinson (1980)."""
    return np.sqrt(window_mean(np.log(x[0] / x[1]) ** 2, k[0], on) / (4.0 * log(2.0)))


def _garman_klass(x: Columns, k: Literals, on: TimeAxis) -> Floats:
    """Estimate volatility from all four prices: Garman and Klass (1980), without the opening jump."""
    start, high, low, close = x
    square = 0.5 * np.log(high / low) ** 2 - (2.0 * log(2.0) - 1.0) * np.log(close / start) ** 2
    return np.sqrt(window_mean(square, k[0], on))


def _rogers_satchell_square(x: Columns) -> Floats:
    start, high, low, close = x
    square: Floats = np.log(high / close) * np.log(high / start) + np.log(low / close) * np.log(low / start)
    return square


def _rogers_satchell(x: Columns, k: Literals, on: TimeAxis) -> Floats:
    """Estimate volatility whatever the drift: Rogers and Satchell (1991)."""
    return np.sqrt(window_mean(_rogers_satchell_square(x), k[0], on))


def _yang_zhang(x: Columns, k: Literals, on: TimeAxis) -> Floats:
    """Estimate volatility with opening jumps and whatever the drift: Yang and Zhang (2000)."""
    n, start, close = k[0], x[0], x[3]
    share = 0.34 / (1.34 + (n + 1.0) / (n - 1.0))
    jump = window_var(np.log(start / change_over(close, 1, rows.LAG)), n, on)
    inside = window_var(np.log(close / start), n, on)
    return np.sqrt(jump + share * inside + (1.0 - share) * window_mean(_rogers_satchell_square(x), n, on))


def _bipower(x: Columns, k: Literals, on: TimeAxis) -> Floats:
    """Estimate volatility without jumps by bipower variation: Barndorff-Nielsen and Shephard (2004)."""
    size = np.abs(x[0])
    return np.sqrt(pi / 2.0 * window_mean(size * change_over(size, 1, rows.LAG), k[0], on))


def _downside(x: Columns, k: Literals, on: TimeAxis) -> Floats:
    return np.sqrt(window_mean(np.minimum(x[0], 0.0) ** 2, k[0], on))


def _weighted(value: Floats, weight: Floats, n: float, on: TimeAxis) -> Floats:
    """Compute the weighted mean of n rows; NaN where the weights sum to zero."""
    mean = ratio(window_sum(value * weight, n, on), window_sum(weight, n, on))
    flat = mean.copy()
    rows.flatten(value, int(n), 1.0, flat)
    return np.where(np.isnan(mean), mean, flat)


def _vwap_day(x: Columns, k: Literals, on: TimeAxis) -> Floats:
    """Compute the volume-weighted average price since midnight, or since the session began.

    It is summed from differences to the day's first price, so that a day without movement has exactly that price.
    """
    price, volume, time = typical_price(*x[:3]), x[3], on.day_time
    first = price[np.maximum.accumulate(np.where(time % DAY == 0, np.arange(len(price)), 0))]
    away = apply_kernel(rows.since_midnight, (price - first) * volume, time, DAY)
    return first + ratio(away, apply_kernel(rows.since_midnight, volume, time, DAY))


def _obv(x: Columns, k: Literals, on: TimeAxis) -> Floats:
    """Compute on-balance volume over a window."""
    return _weighted(np.sign(change_over(x[0], 1, rows.DIFF)), x[1], k[0], on)


def _money_flow(x: Columns, k: Literals, on: TimeAxis) -> Floats:
    """Compute the Chaikin money flow: a bar without range counts as closed in its middle; NaN where no bar has any."""
    high, low, close, volume = x
    reach = high - low
    place = ((close - low) - (high - close)) / np.where(reach == 0.0, 1.0, reach)
    return np.where(window_most(reach, k[0]) == 0.0, np.nan, _weighted(place, volume, k[0], on))


def _amihud(x: Columns, k: Literals, on: TimeAxis) -> Floats:
    """Compute the illiquidity of Amihud (2002), as a ratio of sums so that a row without trades does no harm."""
    close, volume = x
    return ratio(window_sum(np.abs(change_over(close, 1, rows.RET)), k[0], on), window_sum(close * volume, k[0], on))


def _day_angle(on: TimeAxis) -> Floats:
    return (on.known % DAY).astype(np.float64) * (2.0 * pi / DAY)


MARKET: dict[str, Compute] = {
    "true_range": lambda x, k, on: true_range(*x),
    "parkinson": _parkinson,
    "garman_klass": _garman_klass,
    "rogers_satchell": _rogers_satchell,
    "yang_zhang": _yang_zhang,
    "bipower": _bipower,
    "downside": _downside,
    "vwap": lambda x, k, on: _weighted(typical_price(*x[:3]), x[3], k[0], on),
    "vwap_day": _vwap_day,
    "obv": _obv,
    "money_flow": _money_flow,
    "force": lambda x, k, on: window_mean(change_over(x[0], 1, rows.RET) * x[1], k[0], on),
    "amihud": _amihud,
    "taker_share": lambda x, k, on: ratio(window_sum(x[1], k[0], on), window_sum(x[0], k[0], on)),
    "trade_imbalance": lambda x, k, on: 2.0 * ratio(window_sum(x[1], k[0], on), window_sum(x[0], k[0], on)) - 1.0,
    "trade_size": lambda x, k, on: ratio(window_sum(x[0], k[0], on), window_sum(x[1], k[0], on)),
    "hour": lambda x, k, on: (on.known % DAY // HOUR).astype(np.float64),
    "weekday": lambda x, k, on: ((on.known // DAY + 3) % 7).astype(np.float64),
    "minute_of_day": lambda x, k, on: (on.known % DAY // MINUTE).astype(np.float64),
    "hour_sin": lambda x, k, on: np.sin(_day_angle(on)),
    "hour_cos": lambda x, k, on: np.cos(_day_angle(on)),
    "elapsed": lambda x, k, on: on.known % int(k[0]) / k[0],
}
