"""A small market for the laws: minutes of btc and eth, hours of gold, an order book."""

import numpy as np
from numpy.typing import NDArray

from factory.market.series import Partition, Series

START = 1_704_067_200_000 + 17 * 60_000
"""2024-01-01T00:17Z: in the middle of an hour."""


def _bars(rng: np.random.Generator, rows: int) -> dict[str, NDArray[np.float64]]:
    steps = rng.standard_t(5, rows) * 6e-4
    close = 40_000 * np.exp(np.cumsum(steps))
    start = np.concatenate(([40_000.0], close[:-1])) * (1 + rng.normal(0, 1e-5, rows))
    high = np.maximum(start, close) * (1 + rng.exponential(2e-4, rows))
    low = np.minimum(start, close) * (1 - rng.exponential(2e-4, rows))
    volume = rng.lognormal(1, 0.8, rows)
    return {
        "open": start,
        "high": high,
        "low": low,
        "close": close,
        "volume": volume,
        "taker_buy_volume": volume * rng.beta(5, 5, rows),
        "number_of_trades": np.ceil(volume * 20),
    }


def _book(rng: np.random.Generator, rows: int) -> dict[str, NDArray[np.float64]]:
    mid = 40_000 + np.cumsum(rng.integers(-1, 2, rows)) * 0.1
    columns = {}
    for level in range(1, 11):
        columns[f"ask_px_{level}"] = mid + 0.1 * level
        columns[f"bid_px_{level}"] = mid - 0.1 * level
        columns[f"ask_qty_{level}"] = rng.exponential(2, rows)
        columns[f"bid_qty_{level}"] = rng.exponential(2, rows)
    for level in range(1, 11):
        columns[f"ofi_{level}"] = rng.normal(0, 2, rows)
    return columns | {
        "events": rng.poisson(3, rows) * 1.0,
        "buy_qty": rng.exponential(2, rows),
        "sell_qty": rng.exponential(2, rows),
    }


def is_volume(name: str) -> bool:
    """Whether a column counts coins."""
    return "volume" in name or "qty" in name or name.startswith("ofi_")


def series(name: str, kind: str, period: int, delay: int, start: int, columns: dict[str, NDArray[np.float64]]) -> Series:
    time = start + np.arange(len(next(iter(columns.values()))), dtype=np.int64) * period
    return Series(name, kind, period, delay, time, time + period + delay, columns)


def market(rows: int = 9_000, seed: int = 7) -> Partition:
    """A partition without gaps."""
    rng = np.random.default_rng(seed)
    hour = START // 3_600_000 * 3_600_000
    every = {
        "btc": series("btc", "bars", 60_000, 0, START, _bars(rng, rows)),
        "eth": series("eth", "bars", 60_000, 0, START, _bars(rng, rows)),
        "gold": series("gold", "bars", 3_600_000, 120_000, hour, _bars(rng, rows // 60)),
        "book": series("book", "depth", 100, 0, START, _book(rng, rows)),
    }
    return partition(every, START + rows * 60_000)


DEAD = ((1_500, 1_700, 0.0), (2_200, 2_900, 1.0), (4_000, 4_013, 1.0), (5_000, 5_700, 0.0), (6_100, 6_103, 1.0))
"""First row, end, and share of the volume left, of stretches in which no price moves."""
STILL = (7_000, 7_400)
"""First row and end of a stretch of bars that are all the same and have a range."""


def in_units(price: float, volume: float, rows: int = 9_000) -> Partition:
    """A market with dead stretches, its prices and volumes told in other units."""
    whole = market(rows)
    every = {}
    for name, s in whole.series.items():
        columns = {key: values.copy() for key, values in s.columns.items()}
        _deaden(columns)
        for key, values in columns.items():
            values *= volume if is_volume(key) else 1.0 if key in ("number_of_trades", "events") else price
        every[name] = Series(s.name, s.kind, s.period, s.delay, s.time, s.known, columns)
    return partition(every, whole.end)


def _deaden(columns: dict[str, NDArray[np.float64]]) -> None:
    """Let all columns stand at the value before each stretch; volumes are none in some."""
    for key, values in columns.items():
        for first, end, share in DEAD:
            if is_volume(key):
                values[first:end] *= share
            else:
                values[first:end] = columns.get("close", values)[first - 1 : first]
        values[STILL[0] : STILL[1]] = values[STILL[0] - 1 : STILL[0]]


def partition(every: dict[str, Series], end: int) -> Partition:
    return Partition("test", "train", START, end, every, f"{len(every)}-{end}")


def cut(whole: Partition, first: int, last: int) -> Partition:
    """Rows stamped at or after `first` and known at or before `last`, ms."""
    every = {}
    for name, s in whole.series.items():
        keep = (s.time >= first) & (s.known <= last)
        every[name] = Series(
            s.name, s.kind, s.period, s.delay, s.time[keep], s.known[keep], {k: v[keep] for k, v in s.columns.items()}
        )
    return Partition(whole.dataset, whole.name, whole.start, last, every, f"{first}-{last}")


def with_gap(whole: Partition, name: str, first: int, rows: int) -> Partition:
    """Without some rows of one series: all their columns are NaN."""
    s = whole.series[name]
    columns = {key: values.copy() for key, values in s.columns.items()}
    for values in columns.values():
        values[first : first + rows] = np.nan
    changed = Series(s.name, s.kind, s.period, s.delay, s.time, s.known, columns)
    return Partition(whole.dataset, whole.name, whole.start, whole.end, {**whole.series, name: changed}, "gap")
