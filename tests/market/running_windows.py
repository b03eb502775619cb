"""A drawn market whose windows are quoted each minute at their chance, given how far the price has come, and a hidden tip."""

from pathlib import Path

import numpy as np
from scipy.special import ndtr

from factory.core.times import DAY, MINUTE
from factory.market.contracts import Binary
from factory.market.series import Partition, Series
from tests.market.bars import START, csv

WINDOW, STEP = 5, 5e-4
SPEC = """\
dataset: running
confirmed: true
series:
  btc: {kind: bars, underlying: BTCUSDT, period: 1m, source: {use: files, files: btc.csv}}
  pm: {kind: odds, underlying: PM-BTC-5M, period: 1m, window: 5m, source: {use: files, files: pm.csv}}
  tip: {kind: values, underlying: TIP, period: 5m, delay: 0, source: {use: files, files: tip.csv}}
contracts:
  up: {use: binary, of: btc, window: 5m, odds: pm, fee: 0.07, half_spread: 0.005}
split:
  train: [2024-01-01, 2024-01-13]
  validation: [2024-01-13, 2024-01-21]
  sealed: [2024-01-21, 2024-01-29]
"""
PIPELINE = """\
pipeline: running
data: running
features: {price: pm.up, tip: tip.value}
sample: {use: clock, every: 1m}
label: {use: window_end, of: btc, horizon: 5m}
experts:
  line: {use: logistic, see: [price, tip]}
meta: {use: forest, see: [line, price, tip], trees: 20, leaf: 200, calibrate: sigmoid}
trade: {use: up_or_down, contract: up, edge: 0.02, size: {use: fixed, share: 0.001}}
"""


Columns = dict[str, np.ndarray]


def draw_columns(days: int, edge: float = 0.0, seed: int = 1) -> dict[str, Columns]:
    """Draw bars, quotes and tips: the walk of a window drifts by `edge` steps a minute to the side that its tip names.

    Quotes are the chances of those who do not know the tip, a cent wide, on whole cents, a hundred shares a side.
    """
    rng, count = np.random.default_rng(seed), days * DAY // MINUTE
    tip = rng.choice([-1.0, 1.0], count // WINDOW)
    log = np.cumsum(STEP * (rng.standard_normal(count) + edge * np.repeat(tip, WINDOW)))
    close, opened = 100 * np.exp(log), 100 * np.exp(np.concatenate([[0.0], log[:-1]]))
    time, minute, ones = START + MINUTE * np.arange(count), np.arange(count) % WINDOW, np.ones(count)
    lead = np.log(opened / np.repeat(opened[::WINDOW], WINDOW))
    fair = ndtr(lead / (STEP * np.sqrt(WINDOW - minute)))
    bid, ask = np.floor(100 * fair) / 100, np.minimum(np.floor(100 * fair) / 100 + 0.01, 1.0)
    return {
        "btc": {
            "timestamp": time, "open": opened, "high": np.maximum(opened, close), "low": np.minimum(opened, close),
            "close": close, "volume": ones,
        },
        "pm": {
            "timestamp": time, "up": np.clip(fair, 1e-4, 1 - 1e-4), "bid": bid, "ask": ask,
            "bid_size": 100 * ones, "ask_size": 100 * ones,
        },
        "tip": {"timestamp": time[::WINDOW], "value": tip},
    }  # fmt: skip


def draw_windows(folder: Path, days: int = 28, edge: float = 0.0, seed: int = 1) -> None:
    """Write a drawn market as files: see :func:`draw_columns`."""
    for name, columns in draw_columns(days, edge, seed).items():
        csv(folder / f"{name}.csv", columns)


def draw_partition(contract: Binary, days: int, seed: int) -> Partition:
    """The same in memory."""
    periods = {"btc": ("bars", MINUTE), "pm": ("odds", MINUTE), "tip": ("values", WINDOW * MINUTE)}
    series = {}
    for name, columns in draw_columns(days, 0.0, seed).items():
        (kind, period), time = periods[name], columns.pop("timestamp")
        series[name] = Series(name, kind, period, 0, time, time + (MINUTE if kind == "bars" else 0), columns)
    return Partition("running", "validation", START, START + days * DAY, series, str(seed), {"up": contract})
