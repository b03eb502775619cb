"""Markets without an edge, and what blind trades earn on them."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy import float64, int8
from numpy.typing import NDArray

from factory.backtest import REASONS, Levels, Result, run_backtest
from factory.core.times import HOUR, MINUTE
from factory.market.overshoot import measure_overshoot
from factory.market.series import Series
from factory.market.simulator import simulate
from tests.backtest.market import START, long_or_short, perpetual

BARS = ("open", "high", "low", "close")
FAR = 10.0
"""A barrier that is never met."""
FOUR_HOURS = 240


def drawn(seed: int, days: int = 150) -> Series:
    """A market of the simulator, whose directions are coins."""
    frame = simulate(seed, START, days)["btc"]
    return measured(Series("btc", "bars", MINUTE, 0, frame.time, frame.time + MINUTE, dict(frame.columns)))


def recorded(path: Path, first: str, last: str) -> Series:
    """Real minutes, absent ones missing."""
    when = [("timestamp", ">=", pd.Timestamp(first, tz="UTC")), ("timestamp", "<", pd.Timestamp(last, tz="UTC"))]
    frame = pd.read_parquet(path, filters=when).set_index("timestamp")
    frame = frame.reindex(pd.date_range(first, last, freq="1min", tz="UTC", inclusive="left"))
    time = frame.index.as_unit("ms").asi8
    columns = {name: frame[name].to_numpy(float) for name in (*BARS, "volume")}
    return measured(Series("btc", "bars", MINUTE, 0, time, time + MINUTE, columns))


def measured(series: Series) -> Series:
    return replace(series, overshoot=measure_overshoot(series, int(series.time[-1]) + MINUTE))


def flipped(series: Series, seed: int) -> Series:
    """The same minutes, each reflected in log at its previous close by a fair coin; the measured overshoot stays."""
    columns = {name: np.log(series.columns[name]) for name in BARS}
    before = pd.Series(columns["close"]).ffill().shift().fillna(columns["open"][0]).to_numpy()
    sign = np.random.default_rng(seed).choice([-1.0, 1.0], len(series))
    move = {name: sign * (column - before) for name, column in columns.items()}
    base = columns["open"][0] + np.concatenate([[0.0], np.nancumsum(move["close"])[:-1]])
    ends = np.where(sign > 0, move["high"], move["low"]), np.where(sign > 0, move["low"], move["high"])
    turned = dict(zip(BARS, (move["open"], *ends, move["close"]), strict=True))
    prices = {name: np.exp(base + column) for name, column in turned.items()}
    return replace(series, columns=prices | {"volume": series.columns["volume"]})


@dataclass(frozen=True)
class Blind:
    """Trades on coins, without any cost but the overshoot.

    `gross` is what each earned, a share of its notional; `excess` how much better its exit was than the close of the
    bar that it happened in, which is as fair as its entry was.
    """

    gross: NDArray[float64]
    excess: NDArray[float64]
    reason: NDArray[int8]

    def count(self, reason: str) -> int:
        return int((self.reason == REASONS.index(reason)).sum())


def blind(series: Series, exit: dict[str, str | float], stop: float = FAR, take: float = FAR, side: int = 0, **size: float) -> Blind:  # fmt: skip
    """Enter every 17 minutes where nothing is held, on the given side or on a coin; distances in four-hour deviations."""
    rows = np.arange(FOUR_HOURS + 60, len(series) - FOUR_HOURS, 17)
    moves = pd.Series(np.log(series.columns["close"])).diff()
    spread = moves.rolling(FOUR_HOURS, min_periods=200).std().to_numpy()[rows - 1] * np.sqrt(FOUR_HOURS)
    kept = spread > 0
    rows, spread = rows[kept], spread[kept]
    p = np.random.default_rng(len(rows)).choice([0.4, 0.6], len(rows)) if side == 0 else np.full(len(rows), 0.5 + 0.1 * side)
    near, far = (distance if distance == FAR else distance * spread for distance in (stop, take))
    up, down = np.where(p > 0.5, far, near), np.where(p > 0.5, near, far)
    result = run_backtest(
        long_or_short(exit, **size), perpetual(minimum_notional=1e-9), series, series.time[rows], p,
        start=int(series.time[0]), end=int(series.time[-1]) + MINUTE, horizon_ms=4 * HOUR,
        barriers=Levels(up, down, 4 * HOUR), volatility=np.full(len(rows), 0.6),
    )  # fmt: skip
    return Blind(result.trades.payoff, _excess(series, result), result.trades.reason)


def _excess(series: Series, result: Result) -> NDArray[float64]:
    trades = result.trades
    inside = ~np.isin(trades.reason, [REASONS.index("time"), REASONS.index("signal")])
    close = series.columns["close"][np.searchsorted(series.time, trades.exit_ms - MINUTE)]
    return np.where(inside, trades.side * (trades.exit_price - close) / trades.price, 0.0)


def mean(values: NDArray[float64]) -> tuple[float, float]:
    """Mean and its standard error, in basis points."""
    return float(values.mean() * 1e4), float(values.std() / np.sqrt(len(values)) * 1e4)


def thin(series: Series, seed: int, share: float = 0.25) -> Series:
    """The same market where only a share of the minutes is traded: the others repeat the last price and have no volume."""
    traded = np.random.default_rng(seed).random(len(series)) < share
    traded[0] = True
    last = pd.Series(np.where(traded, series.columns["close"], np.nan)).ffill().to_numpy()
    prices = {name: np.where(traded, series.columns[name], last) for name in BARS}
    return replace(series, columns=prices | {"volume": np.where(traded, 1.0, 0.0)})
