"""A drawn market whose windows are quoted each minute at their chance, given how far the price has come, and a hidden tip."""

from pathlib import Path

import numpy as np
from scipy.special import ndtr

from factory.core.times import DAY, MINUTE
from tests.market.bars import START, csv

WINDOW, STEP = 5, 5e-4
SPEC = """\
dataset: running
confirmed: true
series:
  btc: {kind: bars, underlying: BTCUSDT, period: 1m, source: {use: files, files: btc.csv}}
  pm: {kind: odds, underlying: PM-BTC-5M, period: 1m, source: {use: files, files: pm.csv}}
  tip: {kind: values, underlying: TIP, period: 5m, delay: 0, source: {use: files, files: tip.csv}}
contracts:
  up: {use: binary, of: btc, window: 5m, odds: pm, fee: 0.07, half_spread: 0.005}
split:
  train: [2024-01-01, 2024-01-13]
  validation: [2024-01-13, 2024-01-21]
  sealed: [2024-01-21, 2024-01-29]
baseline: pm.up
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


def draw_windows(folder: Path, days: int = 28, edge: float = 0.0, seed: int = 1) -> None:
    """Write bars, quotes and tips: the walk of a window drifts by `edge` steps a minute to the side that its tip names.

    Quotes are the chances of those who do not know the tip, a cent wide, on whole cents, a hundred shares a side.
    """
    rng, count = np.random.default_rng(seed), days * DAY // MINUTE
    tip = rng.choice([-1.0, 1.0], count // WINDOW)
    log = np.cumsum(STEP * (rng.standard_normal(count) + edge * np.repeat(tip, WINDOW)))
    close, opened = 100 * np.exp(log), 100 * np.exp(np.concatenate([[0.0], log[:-1]]))
    time, minute = START + MINUTE * np.arange(count), np.arange(count) % WINDOW
    volume = np.ones(count)
    high, low = np.maximum(opened, close), np.minimum(opened, close)
    csv(
        folder / "btc.csv",
        {"timestamp": time, "open": opened, "high": high, "low": low, "close": close, "volume": volume},
    )
    lead = np.log(opened / np.repeat(opened[::WINDOW], WINDOW))
    fair = ndtr(lead / (STEP * np.sqrt(WINDOW - minute)))
    bid, ask = np.clip(np.floor(100 * fair) / 100, 0, 0.99), np.clip(np.floor(100 * fair) / 100 + 0.01, 0.01, 1)
    bid, ask = np.where(bid < 0.01, 0.0, bid), np.where(ask > 0.99, 1.0, ask)
    sizes = np.full(count, 100.0)
    csv(
        folder / "pm.csv",
        {"timestamp": time, "up": np.clip(fair, 1e-4, 1 - 1e-4), "bid": bid, "ask": ask, "bid_size": sizes, "ask_size": sizes},
    )
    csv(folder / "tip.csv", {"timestamp": time[::WINDOW], "value": tip})
