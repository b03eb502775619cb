"""Prices around a trade: what its chart on a page is drawn from, compact."""

from typing import Any

import numpy as np
from numpy import float64, int64
from numpy.typing import NDArray

from factory.backtest.result import REASONS
from factory.core.times import iso
from factory.market.contracts import Binary
from factory.report.trial import RecordedTrial

POINTS = 40
"""Of a window, at most: bars beyond that are joined."""
LEAST_BARS = 10
"""Before the entry and after the exit; half the holding time where that is more."""
SCALE = 1e6
"""Prices are whole numbers: millionths of the entry price above or below it."""


def read_window(trial: RecordedTrial, i: int) -> dict[str, Any]:
    """Read the prices around a trade, and what is marked among them.

    Returns
    -------
    dict
        ``start`` and ``step`` in ms: the end of the first step, and its length; ``price``, of the entry bar's open; ``close``,
        ``high`` and ``low`` of each step as whole
        millionths from it, None where no price is known; ``entry``, ``exit`` in ms; ``leaves``, the price there; ``side``,
        ``reason``; ``above`` and ``below``, where there are barriers, in millionths.
    """
    own, bars = trial.trades, trial.bars_of(i)
    entry, out = int(own["entry_ms"][i]), int(own["exit_ms"][i])
    period = int(np.diff(bars.time).min())
    spare = max((out - entry) // 2, LEAST_BARS * period)
    first, end = (int(np.searchsorted(bars.time, moment)) for moment in (entry - spare, out + spare))
    place = (bars.time[first:end] - bars.time[first]) // period  # no bar stands in a night
    joined = -(-int(place[-1] + 1) // POINTS)
    at = min(int(np.searchsorted(bars.time, entry)), len(bars.time) - 1)
    price = float(bars.open[at])
    is_binary = isinstance(trial.contract, Binary)
    last = min(int(np.searchsorted(bars.time, out)), len(bars.time)) - 1
    window: dict[str, Any] = {
        "start": int(bars.time[first]) + joined * period, "step": joined * period, "price": float(f"{price:.8g}"),
        "close": _join(bars.close[first:end], place, joined, "last", price),
        "high": _join(bars.high[first:end], place, joined, "max", price),
        "low": _join(bars.low[first:end], place, joined, "min", price),
        "entry": entry, "exit": out, "side": "up" if own["side"][i] > 0 else "down", "reason": REASONS[int(own["reason"][i])],
        "leaves": _number(float(bars.close[last] if is_binary else own["exit_price"][i]) / price - 1),
        "won": bool(own["payoff"][i] > 0), "says": _tell(trial, i),
    }  # fmt: skip
    if "above" in own and np.isfinite(own["above"][i]):
        window |= {"above": _number(float(own["above"][i])), "below": _number(-float(own["below"][i]))}
    return window


def _join(values: NDArray[float64], place: NDArray[int64], joined: int, how: str, price: float) -> list[int | None]:
    """Join neighbouring bars into one, and write each as millionths from a price."""
    whole = np.full(-(-int(place[-1] + 1) // joined) * joined, np.nan)
    whole[place] = values
    return [_number(_pick(row[~np.isnan(row)], how) / price - 1) for row in whole.reshape(-1, joined)]


def _pick(known: NDArray[float64], how: str) -> float:
    if not len(known):
        return float("nan")
    return float(known[-1] if how == "last" else known.max() if how == "max" else known.min())


def _number(share: float) -> int | None:
    return round(share * SCALE) if np.isfinite(share) else None


def _tell(trial: RecordedTrial, i: int) -> str:
    """Say what a trade was and what it came to."""
    own = trial.trades
    side = ("Up" if own["side"][i] > 0 else "Down") if trial.is_binary else ("long" if own["side"][i] > 0 else "short")
    moments = f"{iso(int(own['entry_ms'][i]))} to {iso(int(own['exit_ms'][i]))}"
    fate = f"exit: {REASONS[int(own['reason'][i])]}, payoff {own['payoff'][i]:+.4g}"
    of = f"{own['contract'][i]} " if "contract" in own else ""
    return f"{of}{side} at {own['price'][i]:.6g}, {moments}, chance of up {own['p'][i]:.4g}; {fate}"
