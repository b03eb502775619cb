"""From the fills of one contract to trades, equity and days."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy import float64, int8, int64
from numpy.typing import NDArray

from factory.backtest.kernel import Bars
from factory.backtest.result import DUST, RUINED, Daily, Trades
from factory.core.errors import FlowError
from factory.core.times import DAY
from factory.market.series import Series
from factory.market.series_kinds import name_traded_kinds, series_kind


@dataclass(frozen=True, slots=True)
class Fills:
    """Trades in units of the equity at their entry; columns as in :class:`~factory.backtest.result.Trades`."""

    decision: NDArray[int64]
    entry_ms: NDArray[int64]
    exit_ms: NDArray[int64]
    side: NDArray[int8]
    size: NDArray[float64]
    price: NDArray[float64]
    exit_price: NDArray[float64]
    gross: NDArray[float64]
    cost: NDArray[float64]
    funding: NDArray[float64]
    unit: NDArray[float64]
    payoff: NDArray[float64]
    unit_cost: NDArray[float64]
    worst: NDArray[float64]
    reason: NDArray[int8]


Turn = Callable[[NDArray[int64], NDArray[int8]], Fills]
"""Fills the trades of some decisions anew, on other sides, at the same sizes, for the same time."""


def fillable_bars(series: Series, end: int, half_spread: NDArray[float64] | None = None) -> Bars:
    """Select the bars that can fill: those that are over by `end`.

    Parameters
    ----------
    half_spread : ndarray of float64, shape (bars,), optional
        Half the recorded spread at each bar's open, as a share of the price.

    Raises
    ------
    FlowError
        If the series is of a kind that nothing trades by.
    """
    if not series_kind(series.kind).is_traded:
        raise FlowError(
            f"trade.contract: series '{series.name}' is {series.kind}; only {name_traded_kinds()} can fill or settle"
        )
    ends = series.ends
    n = int(np.searchsorted(ends, end, side="right"))
    opened, high, low, close = (np.ascontiguousarray(series.columns[name][:n]) for name in ("open", "high", "low", "close"))
    spread = np.zeros(n) if half_spread is None else np.ascontiguousarray(half_spread[:n])
    time = np.ascontiguousarray(series.time[:n])
    return Bars(time, opened, high, low, close, series.period, series.traded[:n], spread, np.ascontiguousarray(ends[:n]))


def compound(fills: Fills, p: NDArray[float64]) -> tuple[Trades, NDArray[float64]]:
    """Compound the equity from trade to trade, up to the one that leaves nothing.

    Returns
    -------
    trades : Trades
        In units of the starting equity.
    equity : ndarray of float64, shape (trades + 1,)
        1, then after each trade.
    """
    ret = fills.gross - fills.cost - fills.funding
    equity = np.concatenate([[1.0], np.cumprod(np.maximum(1 + ret, 0.0))])
    gone = np.flatnonzero(equity < DUST)
    n = int(gone[0]) if len(gone) else len(ret)
    before, decision = equity[:n], fills.decision[:n]
    trades = Trades(
        decision=decision,
        entry_ms=fills.entry_ms[:n],
        exit_ms=fills.exit_ms[:n],
        side=fills.side[:n],
        size=fills.size[:n],
        price=fills.price[:n],
        exit_price=fills.exit_price[:n],
        p=p[decision],
        gross=fills.gross[:n] * before,
        cost=fills.cost[:n] * before,
        funding=fills.funding[:n] * before,
        net=ret[:n] * before,
        unit=fills.unit[:n] * before,
        payoff=fills.payoff[:n],
        unit_cost=fills.unit_cost[:n],
        worst=fills.worst[:n],
        reason=fills.reason[:n],
    )
    return trades, equity[: n + 1]


def mark_ruined(outcome: NDArray[int8], trades: Trades, equity: NDArray[float64]) -> NDArray[int8]:
    """Mark the decisions after the trade that left nothing."""
    if equity[-1] >= DUST:
        return outcome
    marked = outcome.copy()
    marked[trades.decision[-1] + 1 :] = RUINED
    return marked


def sum_by_day(trades: Trades, start: int, end: int) -> Daily:
    """Sum net P&L by the UTC day of the exit, over every day that [start, end) touches."""
    first, last = start // DAY, (end - 1) // DAY
    count = int(last - first) + 1
    net = np.bincount((trades.exit_ms - 1) // DAY - first, weights=trades.net, minlength=count).astype(float64)
    opening = 1 + np.concatenate([[0.0], np.cumsum(net)[:-1]])
    ret = np.divide(net, opening, out=np.zeros(count), where=opening >= DUST)
    return Daily(np.arange(first, last + 1, dtype=int64) * DAY, net, ret)
