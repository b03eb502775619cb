"""Classic indicators: TA-Lib's own where they remember or sum up, the kernels where a window is enough."""

from collections.abc import Callable

import numpy as np
import talib

from factory.expressions.compute_window import ratio, window_least, window_mean, window_most, window_var
from factory.expressions.kernels import ordered
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


def _macd(line: int) -> Callable[..., Floats]:
    def one(x: Floats, fast: int, slow: int, signal: int) -> Floats:
        lines: tuple[Floats, ...] = talib.MACD(x, fast, slow, signal)
        return lines[line]

    return one


def _bands(x: Columns, k: Literals, on: Rows) -> tuple[Floats, Floats, Floats]:
    n, width = k
    mean = window_mean(x[0], n, on)
    half = width * np.sqrt(window_var(x[0], n, on) * ((n - 1.0) / n))
    return mean - half, mean, mean + half


def _band_position(x: Columns, k: Literals, on: Rows) -> Floats:
    lower, _, upper = _bands(x, k, on)
    return ratio(x[0] - lower, upper - lower)


def _band_width(x: Columns, k: Literals, on: Rows) -> Floats:
    lower, mean, upper = _bands(x, k, on)
    return (upper - lower) / mean


def _place(high: Floats, low: Floats, close: Floats, n: float, on: Rows) -> Floats:
    """Place of the close between the window's low and high, 0..1; 0 where they are equal, as TA-Lib."""
    least, most = window_least(low, n, on), window_most(high, n, on)
    place = (close - least) / (most - least)
    return np.where(most == least, np.where(np.isnan(close), np.nan, 0.0), place)


def _stochastic_k(x: Columns, k: Literals, on: Rows) -> Floats:
    return window_mean(100.0 * _place(x[0], x[1], x[2], k[0], on), k[1], on)


def _williams_r(x: Columns, k: Literals, on: Rows) -> Floats:
    least, most = window_least(x[1], k[0], on), window_most(x[0], k[0], on)
    return np.where(most == least, 0.0, -100.0 * (most - x[2]) / (most - least))


def _aroon(x: Columns, k: Literals, on: Rows) -> Floats:
    n = int(k[0])
    since_high, since_low = ordered.extreme_age(x[0], n + 1, 1.0), ordered.extreme_age(x[1], n + 1, -1.0)
    oscillator: Floats = 100.0 * (since_low - since_high) / n
    return oscillator


CLASSIC: dict[str, Compute] = {
    "rsi": _indicator("rsi", talib.RSI),
    "cmo": _indicator("cmo", talib.CMO),
    "stoch_rsi": _indicator("stoch_rsi", lambda x, n, k: talib.STOCHRSI(x, n, k, 1)[0]),
    "macd": _indicator("macd", _macd(0)),
    "macd_signal": _indicator("macd_signal", _macd(1)),
    "macd_hist": _indicator("macd_hist", _macd(2)),
    "ppo": _indicator("ppo", lambda x, fast, slow: talib.PPO(x, fast, slow, 1)),
    "bollinger_upper": lambda x, k, on: _bands(x, k, on)[2],
    "bollinger_lower": lambda x, k, on: _bands(x, k, on)[0],
    "bollinger_position": _band_position,
    "bollinger_width": _band_width,
    "stochastic_k": _stochastic_k,
    "stochastic_d": lambda x, k, on: window_mean(_stochastic_k(x, k, on), k[2], on),
    "williams_r": _williams_r,
    "cci": _indicator("cci", talib.CCI),
    "mfi": _indicator("mfi", talib.MFI),
    "ultimate": _indicator("ultimate", talib.ULTOSC),
    "adx": _indicator("adx", talib.ADX),
    "plus_di": _indicator("plus_di", talib.PLUS_DI),
    "minus_di": _indicator("minus_di", talib.MINUS_DI),
    "aroon": _aroon,
    "atr": _indicator("atr", talib.ATR),
    "natr": _indicator("natr", talib.NATR),
}
