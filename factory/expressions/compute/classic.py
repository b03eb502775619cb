"""Classic indicators: TA-Lib's own where they remember or sum up, the kernels where a window is enough."""

from collections.abc import Callable

import numpy as np
import talib

from factory.expressions.compute.market import true_range, typical_price
from factory.expressions.compute.window import change_over, ratio, window_mean, window_moments, window_place, window_sum
from factory.expressions.gap_runs import on_stretches
from factory.expressions.kernels import apply_kernel, memory, ordered, rows, windows
from factory.expressions.operators import OPERATORS
from factory.expressions.signature import Literals
from factory.expressions.time_axis import Compute, Floats, TimeAxis

Columns = tuple[Floats, ...]


def _indicator(name: str, function: Callable[..., Floats]) -> Compute:
    """Make an operator of a TA-Lib function of its columns and whole-number literals."""

    def compute(x: Columns, k: Literals, on: TimeAxis) -> Floats:
        whole = [int(value) for value in k]
        return on_stretches(lambda *parts: function(*parts, *whole), x, OPERATORS[name].rows(k))

    return compute


def _macd(name: str, line: int) -> Compute:
    def compute(x: Columns, k: Literals, on: TimeAxis) -> Floats:
        fast, slow = sorted(k[:2])
        shares = (2.0 / (n + 1.0) for n in (fast, slow, k[2]))
        return apply_kernel(rows.convergence, x[0], *shares, line, OPERATORS[name].rows(k))

    return compute


def _band_position(x: Columns, k: Literals, on: TimeAxis) -> Floats:
    n, width = k
    position = window_moments(x[0], n, on, windows.ZSCORE)
    position *= np.sqrt(n / (n - 1.0)) / (2.0 * width)
    position += 0.5
    return position


def _strength(name: str, x: Columns, k: Literals) -> Floats:
    return apply_kernel(memory.strength, x[0], int(k[0]), OPERATORS[name].rows(k))


def _momentum(x: Columns, k: Literals, on: TimeAxis) -> Floats:
    """Compute Chande's momentum oscillator: the RSI from -100 to 100."""
    momentum = _strength("cmo", x, k)
    momentum *= 2.0
    momentum -= 100.0
    return momentum


def _stoch_rsi(x: Columns, k: Literals, on: TimeAxis) -> Floats:
    strength = apply_kernel(memory.strength, x[0], int(k[0]), OPERATORS["stoch_rsi"].rows(k) - int(k[1]) + 1)
    place = window_place(strength, strength, strength, k[1])
    place *= 100.0
    return place


def _ppo(x: Floats, fast: int, slow: int) -> Floats:
    slow, fast = max(fast, slow), min(fast, slow)
    calm = talib.EMA(x, slow)
    share = ratio(talib.EMA(x, fast) - calm, calm)
    share *= 100.0
    return share


def _stochastic_k(x: Columns, k: Literals, on: TimeAxis) -> Floats:
    place = window_place(x[2], x[1], x[0], k[0])
    place *= 100.0
    return window_mean(place, k[1], on)


def _williams_r(x: Columns, k: Literals, on: TimeAxis) -> Floats:
    high, low, close = x
    place = window_place(close, low, high, k[0])
    place -= 1.0
    place *= 100.0
    return place


def _aroon(x: Columns, k: Literals, on: TimeAxis) -> Floats:
    n = int(k[0])
    since_high, since_low = (
        apply_kernel(ordered.extreme_age, x[0], n + 1, 1.0),
        apply_kernel(ordered.extreme_age, x[1], n + 1, -1.0),
    )
    oscillator: Floats = 100.0 * (since_low - since_high) / n
    return oscillator


def _money_flow_index(x: Columns, k: Literals, on: TimeAxis) -> Floats:
    up, moved = np.empty_like(x[0]), np.empty_like(x[0])
    rows.flows(*x, up, moved)
    share = ratio(window_sum(up, k[0], on), window_sum(moved, k[0], on))
    share *= 100.0
    return share


def _ultimate(x: Columns, k: Literals, on: TimeAxis) -> Floats:
    """Compute the ultimate oscillator of Williams (1985): buying pressure over true range, of three windows."""
    high, low, close = x
    pressure, reach = close - np.minimum(low, change_over(close, 1, rows.LAG)), true_range(high, low, close)
    a, b, c = (ratio(window_sum(pressure, n, on), window_sum(reach, n, on)) for n in sorted(k))
    oscillator: Floats = 100.0 * (4.0 * a + 2.0 * b + c) / 7.0
    return oscillator


def _natr(high: Floats, low: Floats, close: Floats, n: int) -> Floats:
    share = ratio(talib.ATR(high, low, close, n), close)
    share *= 100.0
    return share


def _directional(name: str, kind: int) -> Compute:
    return lambda x, k, on: apply_kernel(memory.directional, x[0], x[1], x[2], int(k[0]), kind, OPERATORS[name].rows(k))


CLASSIC: dict[str, Compute] = {
    "rsi": lambda x, k, on: _strength("rsi", x, k),
    "cmo": _momentum,
    "stoch_rsi": _stoch_rsi,
    "macd": _macd("macd", 0),
    "macd_signal": _macd("macd_signal", 1),
    "macd_hist": _macd("macd_hist", 2),
    "ppo": _indicator("ppo", _ppo),
    "bollinger_upper": lambda x, k, on: window_moments(x[0], k[0], on, windows.BAND, k[1]),
    "bollinger_lower": lambda x, k, on: window_moments(x[0], k[0], on, windows.BAND, -k[1]),
    "bollinger_position": _band_position,
    "bollinger_width": lambda x, k, on: window_moments(x[0], k[0], on, windows.SPREAD, 2.0 * k[1]),
    "stochastic_k": _stochastic_k,
    "stochastic_d": lambda x, k, on: window_mean(_stochastic_k(x, k, on), k[2], on),
    "williams_r": _williams_r,
    "cci": lambda x, k, on: apply_kernel(memory.deviation, typical_price(*x), int(k[0])),
    "mfi": _money_flow_index,
    "ultimate": _ultimate,
    "adx": _directional("adx", memory.INDEX),
    "plus_di": _directional("plus_di", memory.PLUS),
    "minus_di": _directional("minus_di", memory.MINUS),
    "aroon": _aroon,
    "atr": _indicator("atr", talib.ATR),
    "natr": _indicator("natr", _natr),
}
