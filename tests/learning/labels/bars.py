"""A seeded random walk in minutes, for labels and events."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy import float64
from numpy.typing import NDArray

from factory.core.times import MINUTE
from factory.market.series import Series

START = 1_700_000_040_000


def walk(n: int, seed: int = 0, step: float = 0.001) -> Series:
    """`n` consistent bars, each opening near the close before."""
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(rng.standard_t(4, n)) * step)
    open_ = np.concatenate([[100.0], close[:-1]]) * np.exp(rng.normal(size=n) * step / 10)
    reach = np.exp(np.abs(rng.normal(size=(2, n))) * step / 2)
    high, low = np.maximum(open_, close) * reach[0], np.minimum(open_, close) / reach[1]
    return series({"open": open_, "high": high, "low": low, "close": close})


def flat(prices: list[float]) -> Series:
    """Bars whose four prices are the same."""
    price = np.array(prices)
    return series({name: price.copy() for name in ("open", "high", "low", "close")})


def series(columns: Mapping[str, NDArray[float64]], delay: int = 0) -> Series:
    """Minute bars from their columns."""
    time = START + MINUTE * np.arange(len(columns["close"]))
    return Series("btc", "bars", MINUTE, delay, time, time + MINUTE + delay, columns)


def changed(of: Series, rows: NDArray[np.bool_], factor: float) -> Series:
    """The same rows with the chosen ones' numbers multiplied; NaN makes them missing."""
    return replace(of, columns={name: np.where(rows, values * factor, values) for name, values in of.columns.items()})


def book_of(bars: Series, spread: float = 0.01) -> Series:
    """A book of one level around the closes of bars, with some updates a row."""
    close = np.asarray(bars.columns["close"])
    sizes = np.ones(len(close))
    columns = {"ask_px_1": close + spread / 2, "ask_qty_1": sizes, "bid_px_1": close - spread / 2, "bid_qty_1": sizes}
    return replace(bars, name="book", kind="depth", columns=columns | {"events": 1.0 + np.arange(len(close)) % 3})
