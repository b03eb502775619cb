"""Classic indicators: TA-Lib's own where they remember or sum up, the kernels where a window is enough."""

from collections.abc import Callable

import numpy as np
import talib

from factory.expressions.compute_window import window_mean, window_moments, window_place, window_sum
from factory.expressions.kernels import ordered, rows, run, windows
from factory.expressions.operators import OPERATORS
from factory.expressions.rows import Compute, Floats, Rows
from factory.expressions.signature import Literals
from factory.expressions.stretches import on_stretches

Columns = tuple[Floats, ...]


def _indicator(name: str, function: Callable[..., Floats]) -> Compute:
    """An operator that is a TA-Lib function of its columns and whole-number literals."""

    def compute(x: Columns, k: Literals, on: Rows) -> Floats:
        whole = [int(value) for value in k]
        return on_stretches(lambda *parts: function(*parts, *whole), x, OPERATORS[name].rows(k))

    return compute


def _macd(name: str, line: int) -> Compute:
    def compute(x: Columns, k: Literals, on: Rows) -> Floats:
        fast, slow = sorted(k[:2])
        shares = (2.0 / (n + 1.0) for n in (fast, slow, k[2]))
        return run(rows.convergence, x[0], *shares, line, OPERATORS[name].rows(k))

    return compute


def _band_position(x: Columns, k: Literals, on: Rows) -> Floats:
    n, width = k
    position = window_moments(x[0], n, on, windows.ZSCORE)
    position *= np.sqrt(n / (n - 1.0)) / (2.0 * width)
    position += 0.5
    return position


def _place(high: Floats, low: Floats, close: Floats, n: float) -> Floats:
    """Place of the close between the window's low and high, percent; 0 where they are equal, as TA-Lib."""
    place = window_place(close, low, high, n, 0.0)
    place *= 100.0
    return place


def _stochastic_k(x: Columns, k: Literals, on: Rows) -> Floats:
    return window_mean(_place(x[0], x[1], x[2], k[0]), k[1], on)


def _williams_r(x: Columns, k: Literals, on: Rows) -> Floats:
    high, low, close = x
    place = window_place(close, low, high, k[0], 1.0)
    place -= 1.0
    place *= 100.0
    return place


def _aroon(x: Columns, k: Literals, on: Rows) -> Floats:
    n = int(k[0])
    since_high, since_low = run(ordered.extreme_age, x[0], n + 1, 1.0), run(ordered.extreme_age, x[1], n + 1, -1.0)
    oscillator: Floats = 100.0 * (since_low - since_high) / n
    return oscillator


def _money_flow_index(x: Columns, k: Literals, on: Rows) -> Floats:
    """0 where less than 1 was traded in all, as TA-Lib."""
    up, moved = np.empty_like(x[0]), np.empty_like(x[0])
    rows.flows(*x, up, moved)
    up, moved = window_sum(up, k[0], on), window_sum(moved, k[0], on)
    np.divide(up, moved, out=up)
    up *= 100.0
    up[moved < 1.0] = 0.0
    return up


CLASSIC: dict[str, Compute] = {
    "rsi": lambda x, k, on: run(rows.strength, x[0], int(k[0]), OPERATORS["rsi"].rows(k)),
    "cmo": _indicator("cmo", talib.CMO),
    "stoch_rsi": _indicator("stoch_rsi", lambda x, n, k: talib.STOCHRSI(x, n, k, 1)[0]),
    "macd": _macd("macd", 0),
    "macd_signal": _macd("macd_signal", 1),
    "macd_hist": _macd("macd_hist", 2),
    "ppo": _indicator("ppo", lambda x, fast, slow: talib.PPO(x, fast, slow, 1)),
    "bollinger_upper": lambda x, k, on: window_moments(x[0], k[0], on, windows.BAND, k[1]),
    "bollinger_lower": lambda x, k, on: window_moments(x[0], k[0], on, windows.BAND, -k[1]),
    "bollinger_position": _band_position,
    "bollinger_width": lambda x, k, on: window_moments(x[0], k[0], on, windows.SPREAD, 2.0 * k[1]),
    "stochastic_k": _stochastic_k,
    "stochastic_d": lambda x, k, on: window_mean(_stochastic_k(x, k, on), k[2], on),
    "williams_r": _williams_r,
    "cci": _indicator("cci", talib.CCI),
    "mfi": _money_flow_index,
    "ultimate": _indicator("ultimate", talib.ULTOSC),
    "adx": _indicator("adx", talib.ADX),
    "plus_di": _indicator("plus_di", talib.PLUS_DI),
    "minus_di": _indicator("minus_di", talib.MINUS_DI),
    "aroon": _aroon,
    "atr": _indicator("atr", talib.ATR),
    "natr": _indicator("natr", talib.NATR),
}
