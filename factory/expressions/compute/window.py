"""Changes, windows and smoothing, through the kernels."""

from collections.abc import Callable

import numpy as np
import talib

from factory.expressions.gap_runs import on_stretches
from factory.expressions.kernels import apply_kernel, memory, ordered, rows, windows
from factory.expressions.operators import OPERATORS
from factory.expressions.time_axis import Compute, Floats, TimeAxis


def window_sum(x: Floats, n: float, on: TimeAxis) -> Floats:
    """Compute the sum of n rows."""
    total = apply_kernel(windows.fold, x, int(n), on.phase, 1.0)
    rows.flatten(x, int(n), n, total)
    return total


def window_mean(x: Floats, n: float, on: TimeAxis) -> Floats:
    """Compute the mean of n rows."""
    mean = apply_kernel(windows.fold, x, int(n), on.phase, 1.0 / n)
    rows.flatten(x, int(n), 1.0, mean)
    return mean


def window_var(x: Floats, n: float, on: TimeAxis) -> Floats:
    """Compute the variance (n - 1) of n rows."""
    return window_moments(x, n, on, windows.VAR)


def window_moments(x: Floats, n: float, on: TimeAxis, kind: int, width: float = 0.0) -> Floats:
    """Run :func:`factory.expressions.kernels.windows.moments` on a column."""
    return apply_kernel(windows.moments, x, int(n), on.phase, kind, width)


def window_least(x: Floats, n: float) -> Floats:
    """Compute the least of n rows."""
    return apply_kernel(windows.extreme, x, int(n), -1.0)


def window_most(x: Floats, n: float) -> Floats:
    """Compute the greatest of n rows."""
    return apply_kernel(windows.extreme, x, int(n), 1.0)


def window_place(x: Floats, low: Floats, high: Floats, n: float) -> Floats:
    """Compute the place between the least low and the greatest high of n rows, 0..1; NaN where they are equal."""
    place = window_least(low, n)
    rows.within(x, place, window_most(high, n))
    return place


def change_over(x: Floats, n: float, kind: int) -> Floats:
    """Compute the change over n rows: ``rows.LAG``, ``DIFF``, ``RET`` or ``LOG``."""
    return apply_kernel(rows.change, x, int(n), kind)


def fractional_weights(d: float, n: int) -> Floats:
    """Compute the first n binomial weights of (1 - B)^d (Hosking 1981), the present row's first."""
    k = np.arange(1, n)
    return np.concatenate(([1.0], np.cumprod((k - 1 - d) / k)))


def ratio(a: Floats, b: Floats) -> Floats:
    """Divide a by b, NaN where b is zero."""
    return np.divide(a, np.where(b == 0.0, np.nan, b))


def _index(x: Floats) -> Floats:
    return np.arange(len(x), dtype=np.float64)


def _std(x: Floats, n: float, on: TimeAxis) -> Floats:
    var = window_var(x, n, on)
    return np.sqrt(var, out=var)


def _over(x: Floats, extreme: Floats) -> Floats:
    """Compute x over an extreme, less 1, in the extreme's own place; NaN where that is zero."""
    extreme[extreme == 0.0] = np.nan
    np.divide(x, extreme, out=extreme)
    return np.subtract(extreme, 1.0, out=extreme)


def _weighted_mean(x: Floats, n: float) -> Floats:
    """Compute the mean of n rows with linearly growing weights."""
    mean = apply_kernel(rows.weigh, x, np.arange(n, 0, -1) / (n * (n + 1) / 2))
    rows.flatten(x, int(n), 1.0, mean)
    return mean


def efficiency(x: Floats, n: float, on: TimeAxis) -> Floats:
    """Compute the net move over n rows divided by the path's length; NaN where nothing moves."""
    return ratio(np.abs(change_over(x, n, rows.DIFF)), window_sum(np.abs(change_over(x, 1, rows.DIFF)), n, on))


def _speed(x: Floats, n: float, on: TimeAxis) -> Floats:
    """Compute the efficiency, and 1 where nothing moves, as TA-Lib: the average goes there as fast as it can."""
    path = window_sum(np.abs(change_over(x, 1, rows.DIFF)), n, on)
    return np.where(path == 0.0, 1.0, efficiency(x, n, on))


def _settled(name: str, function: Callable[[Floats, int], Floats]) -> Compute:
    return lambda x, k, on: on_stretches(lambda part: function(part, int(k[0])), x, OPERATORS[name].rows(k))


def _trix(x: Floats, n: int) -> Floats:
    change = apply_kernel(rows.change, talib.EMA(talib.EMA(talib.EMA(x, n), n), n), 1, rows.RET)
    change *= 100.0
    return change


WINDOW: dict[str, Compute] = {
    "lag": lambda x, k, on: change_over(x[0], k[0], rows.LAG),
    "diff": lambda x, k, on: change_over(x[0], k[0], rows.DIFF),
    "ret": lambda x, k, on: change_over(x[0], k[0], rows.RET),
    "log_ret": lambda x, k, on: change_over(x[0], k[0], rows.LOG),
    "fracdiff": lambda x, k, on: apply_kernel(rows.weigh, x[0], fractional_weights(k[0], int(k[1]))),
    "sum": lambda x, k, on: window_sum(x[0], k[0], on),
    "mean": lambda x, k, on: window_mean(x[0], k[0], on),
    "std": lambda x, k, on: _std(x[0], k[0], on),
    "var": lambda x, k, on: window_var(x[0], k[0], on),
    "zscore": lambda x, k, on: window_moments(x[0], k[0], on, windows.ZSCORE),
    "skew": lambda x, k, on: apply_kernel(windows.shape, x[0], int(k[0]), on.phase, windows.SKEW),
    "kurt": lambda x, k, on: apply_kernel(windows.shape, x[0], int(k[0]), on.phase, windows.KURT),
    "min": lambda x, k, on: window_least(x[0], k[0]),
    "max": lambda x, k, on: window_most(x[0], k[0]),
    "position": lambda x, k, on: window_place(x[0], x[0], x[0], k[0]),
    "drawdown": lambda x, k, on: _over(x[0], window_most(x[0], k[0])),
    "runup": lambda x, k, on: _over(x[0], window_least(x[0], k[0])),
    "median": lambda x, k, on: apply_kernel(ordered.ordered, x[0], int(k[0]), 0.5),
    "quantile": lambda x, k, on: apply_kernel(ordered.ordered, x[0], int(k[0]), k[1]),
    "rank": lambda x, k, on: apply_kernel(ordered.ordered, x[0], int(k[0]), ordered.RANK),
    "since_max": lambda x, k, on: apply_kernel(ordered.extreme_age, x[0], int(k[0]), 1.0),
    "since_min": lambda x, k, on: apply_kernel(ordered.extreme_age, x[0], int(k[0]), -1.0),
    "count": lambda x, k, on: window_sum(np.where(np.isnan(x[0]), np.nan, x[0] != 0.0), k[0], on),
    "since": lambda x, k, on: apply_kernel(ordered.since, x[0], int(k[0])),
    "slope": lambda x, k, on: apply_kernel(windows.slope, x[0], int(k[0]), on.phase),
    "trend": lambda x, k, on: apply_kernel(windows.comoments, x[0], _index(x[0]), int(k[0]), on.phase, windows.CORR),
    "corr": lambda x, k, on: apply_kernel(windows.comoments, x[0], x[1], int(k[0]), on.phase, windows.CORR),
    "cov": lambda x, k, on: apply_kernel(windows.comoments, x[0], x[1], int(k[0]), on.phase, windows.COV),
    "beta": lambda x, k, on: apply_kernel(windows.comoments, x[0], x[1], int(k[0]), on.phase, windows.BETA),
    "autocorr": lambda x, k, on: apply_kernel(
        windows.comoments, x[0], change_over(x[0], k[1], rows.LAG), int(k[0]), on.phase, windows.CORR
    ),
    "efficiency": lambda x, k, on: efficiency(x[0], k[0], on),
    "wma": lambda x, k, on: _weighted_mean(x[0], k[0]),
    "ema": lambda x, k, on: apply_kernel(rows.smooth, x[0], 2.0 / (k[0] + 1.0), OPERATORS["ema"].rows(k)),
    "wilder": lambda x, k, on: apply_kernel(rows.smooth, x[0], 1.0 / k[0], OPERATORS["wilder"].rows(k)),
    "dema": _settled("dema", talib.DEMA),
    "tema": _settled("tema", talib.TEMA),
    "trix": _settled("trix", _trix),
    "kama": lambda x, k, on: apply_kernel(memory.adaptive, x[0], _speed(x[0], k[0], on), OPERATORS["kama"].rows(k)),
}
