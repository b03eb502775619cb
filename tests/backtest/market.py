"""Small markets and legal trades for the tests of this room."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
from pydantic import BaseModel, TypeAdapter
from ruamel.yaml import YAML

from factory.backtest import Levels, Result, run_backtest
from factory.core.times import HOUR, MINUTE
from factory.market.contracts import Binary, Contract, Perpetual
from factory.market.series import Series
from factory.pipeline.parts.trades import EXITS, SIZES, TRADES, Trade, Volatility

START = 1_704_067_200_000
NAN = float("nan")
Bar = tuple[float, float, float, float]

CONTRACTS: dict[str, Contract] = {
    "up_or_down": Binary(use="binary", of="btc", window="5m", fee=0.07, half_spread=0.005),
    "long_or_short": Perpetual(
        use="perpetual", of="btc", taker=0.0005, maker=0.0002, slippage=0.0001, funding=0.0001, leverage=5
    ),
}


def example(part: type[BaseModel], **changes: Any) -> dict[str, Any]:
    """A part's own example as a dict, with changes."""
    return dict(YAML(typ="safe").load(part.example)) | changes  # type: ignore[attr-defined]


def parse(trade: dict[str, Any]) -> Trade:
    return TypeAdapter(Trade).validate_python(trade)


def every_trade() -> Iterator[Trade]:
    """Each registered trade with each registered size and exit that it takes."""
    for part, size, leave in product(TRADES, SIZES, EXITS):
        changes: dict[str, Any] = {"size": example(size)}
        if "exit" in part.model_fields:
            changes["exit"] = example(leave)
        elif leave is not EXITS[0] or size is Volatility:
            continue
        yield parse(example(part, **changes))


def spelled(trade: Trade) -> str:
    """A short name for a test's parameter."""
    leave = getattr(trade, "exit", None)
    return "-".join(part.use for part in (trade, trade.size, leave) if part)


def bars(rows: Sequence[Bar], start: int = START) -> Series:
    """A series of minutes from (open, high, low, close)."""
    table = np.array(rows, float).reshape(-1, 4)
    time = start + np.arange(len(rows), dtype=np.int64) * MINUTE
    columns = {name: np.ascontiguousarray(table[:, i]) for i, name in enumerate(("open", "high", "low", "close"))}
    return Series("btc", "bars", MINUTE, 0, time, time + MINUTE, columns)


def flat(*opens: float) -> Series:
    """Minutes that stand still and jump between bars."""
    return bars([(price, price, price, price) for price in opens])


def wander(seed: int, minutes: int, missing: float = 0.0, step: float = 1e-3) -> Series:
    """A random walk of minutes, some of them missing."""
    rng = np.random.default_rng(seed)
    close = 40_000 * np.exp(np.cumsum(rng.standard_normal(minutes) * step))
    opened = np.concatenate([[40_000.0], close[:-1]])
    wick = 1 + np.abs(rng.standard_normal((2, minutes))) * step / 2
    rows = np.column_stack([opened, np.maximum(opened, close) * wick[0], np.minimum(opened, close) / wick[1], close])
    rows[rng.random(minutes) < missing] = NAN
    return bars([tuple(row) for row in rows])


def without(series: Series, rows: Iterable[int]) -> Series:
    """The same series with some minutes missing."""
    columns = {name: column.copy() for name, column in series.columns.items()}
    for column in columns.values():
        column[list(rows)] = NAN
    return Series(series.name, series.kind, series.period, series.delay, series.time, series.known, columns)


def with_volume(series: Series, *volume: float) -> Series:
    """The same series with a volume of each minute; the last one holds for the rest."""
    told = np.array([*volume, *[volume[-1]] * (len(series) - len(volume))], float)
    return replace(series, columns={**series.columns, "volume": told})


def after(minutes: Iterable[int]) -> np.ndarray:
    """Moments so many minutes after the start."""
    return START + np.array(list(minutes), np.int64) * MINUTE


def perpetual(**changes: Any) -> Perpetual:
    """A perpetual that costs nothing but what is said."""
    terms = {"taker": 0, "maker": 0, "slippage": 0, "funding": 0, "leverage": 100, "maintenance": 0.005} | changes
    return Perpetual(use="perpetual", of="btc", **terms)


def long_or_short(leave: dict[str, Any], share: float = 0.5, enter: float = 0.55, **size: Any) -> Trade:
    return parse(
        {
            "use": "long_or_short",
            "contract": "x",
            "enter": enter,
            "exit": leave,
            "size": size or {"use": "fixed", "share": share},
        }
    )


def up_or_down(edge: float = 0.0, share: float = 0.1, **size: Any) -> Trade:
    return parse({"use": "up_or_down", "contract": "x", "edge": edge, "size": size or {"use": "fixed", "share": share}})


def play(trade: Trade, contract: Contract, series: Series, minutes: Sequence[int], p: Sequence[float], **more: Any) -> Result:
    """Run over all of a short series."""
    given: dict[str, Any] = {"start": START, "end": int(series.time[-1]) + MINUTE, "horizon_ms": 5 * MINUTE} | more
    return run_backtest(trade, contract, series, after(minutes), np.array(p, float), **given)


def play_wander(trade: Trade, series: Series, p: np.ndarray, **more: Any) -> Result:
    """Decide every five minutes on a long series, with all that any trade may need."""
    times = series.time[::5][: len(p)]
    distance = np.full(len(times), 0.004)
    given: dict[str, Any] = {
        "start": START,
        "end": int(series.time[-1]) + MINUTE,
        "horizon_ms": HOUR,
        "barriers": Levels(distance, distance, HOUR),
        "volatility": np.full(len(times), 0.7),
    } | more
    return run_backtest(trade, CONTRACTS[trade.use], series, times, p[: len(times)], **given)
