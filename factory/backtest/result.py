"""What a backtest gives back."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy import float64, int8, int64
from numpy.typing import NDArray

TAKEN, PASSED_OVER, NO_EDGE, DROPPED, RUINED, TOO_SMALL, LAPSED = range(7)
OUTCOMES = ("taken", "passed_over", "no_edge", "dropped", "ruined", "too_small", "lapsed")
"""What became of a decision: traded; met while in a position; not worth its
price; without the prices it needed, or with nobody trading; met when no equity
was left; less than the exchange takes as an order; an order that rested and nothing came to."""

DUST = 1e-9
"""Equity, as a share of the start, below which nothing is left to trade with."""

SETTLED, TAKE, STOP, TIME, SIGNAL, LIQUIDATED, END = range(7)
REASONS = ("settled", "take", "stop", "time", "signal", "liquidated", "end")
"""Why a trade ended; ``end`` is the last bar of the partition."""


@dataclass(frozen=True, slots=True)
class Trades:
    """Closed trades, one array a column, in order of entry.

    Money is in units of the equity at the start, prices are the market's (a stop's
    with its overshoot, all on the contract's tick): spread, fees and slippage are in
    `cost`, so ``net = gross - cost - funding``.

    Parameters
    ----------
    decision : ndarray of int64, shape (n,)
        Position of the decision that made the trade.
    entry_ms, exit_ms : ndarray of int64, shape (n,)
        ms UTC; of a binary the fill and its window's end. An entry waits for a bar in which somebody trades; an exit inside a
        bar is stamped with the bar's end.
    side : ndarray of int8, shape (n,)
        1 long or Up, -1 short or Down.
    size : ndarray of float64, shape (n,)
        Share of equity: notional of a perpetual, all-in stake of a binary.
    price, exit_price : ndarray of float64, shape (n,)
        Of the perpetual, or of the bought share (which ends at 0 or 1).
    p : ndarray of float64, shape (n,)
        Predicted chance of up.
    gross, cost, funding, net : ndarray of float64, shape (n,)
        Cost is never negative; funding only where it is recorded, and more of it was received than paid. A binary's is its
        resting orders' rebate, received.
    unit : ndarray of float64, shape (n,)
        What `payoff` is counted for: shares of a binary, entry notional of a perpetual.
    payoff, unit_cost : ndarray of float64, shape (n,)
        Net and cost of one share of a binary, or of one unit of a perpetual's notional: from
        prices and fees alone, whatever the size and the equity were.
    worst : ndarray of float64, shape (n,)
        Lowest change of equity while the trade was open, as a share of the equity at its entry.
    reason : ndarray of int8, shape (n,)
        Position in :data:`REASONS`.
    contract : ndarray of int8, shape (n,), or None
        Position in the result's `contracts`; None where there is one alone.
    """

    decision: NDArray[int64]
    entry_ms: NDArray[int64]
    exit_ms: NDArray[int64]
    side: NDArray[int8]
    size: NDArray[float64]
    price: NDArray[float64]
    exit_price: NDArray[float64]
    p: NDArray[float64]
    gross: NDArray[float64]
    cost: NDArray[float64]
    funding: NDArray[float64]
    net: NDArray[float64]
    unit: NDArray[float64]
    payoff: NDArray[float64]
    unit_cost: NDArray[float64]
    worst: NDArray[float64]
    reason: NDArray[int8]
    contract: NDArray[int8] | None = None

    def __len__(self) -> int:
        return len(self.decision)

    @property
    def paid(self) -> NDArray[float64]:
        """What one share of a binary cost with spread and fee, a rebate not taken off: its break-even chance, shape (n,)."""
        return self.price + self.unit_cost

    def columns(self) -> dict[str, NDArray[Any]]:
        """Map the columns' names to the columns, not copied."""
        columns = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: column for name, column in columns.items() if column is not None}

    def rows_of(self, contract: int) -> NDArray[int64]:
        """Find the trades of one contract, by its position."""
        return np.flatnonzero(np.ones(len(self), bool) if self.contract is None else self.contract == contract)

    def take(self, rows: NDArray[Any]) -> "Trades":
        """Select some of the trades."""
        return Trades(**{name: column[rows] for name, column in self.columns().items()})


@dataclass(frozen=True, slots=True)
class Daily:
    """Net P&L by UTC day of the trades' exits, days without trades included.

    Parameters
    ----------
    day : ndarray of int64, shape (n,)
        Midnights, ms UTC. An exit at midnight belongs to the day that ends.
    net : ndarray of float64, shape (n,)
        In units of the equity at the start; sums to the total return.
    ret : ndarray of float64, shape (n,)
        `net` as a share of the equity that the day began with.
    """

    day: NDArray[int64]
    net: NDArray[float64]
    ret: NDArray[float64]


@dataclass(frozen=True, slots=True)
class Result:
    """A pipeline's trades on one partition, and the figures made of them.

    Parameters
    ----------
    trades : Trades
        Every trade.
    equity : ndarray of float64, shape (len(trades) + 1,)
        1 at the start, then after each trade, in the order in which they end.
    daily : Daily
        Net P&L by day.
    outcome : ndarray of int8, shape (decisions,)
        Position in :data:`OUTCOMES` of each decision; of several contracts the first of them that any gives it.
    metrics : mapping of str to float
        See :func:`factory.backtest.metrics.figures`; what cannot be computed is not there.
    twins : mapping of str to mapping
        The same figures for the same trades with the side drawn by a ``coin``, and always ``long``.
    twin_trades : mapping of str to Trades
        What these figures are of.
    reliability : ndarray of float64, shape (bins, 3)
        Mean predicted chance, share of ups, and count in equal-count bins; no rows without labels.
    assumed : str
        ``"at an assumed price of 0.50"`` where no price was recorded, else empty.
        Belongs beside every number of this result.
    by_contract : mapping of str to mapping
        Of several contracts what became of the decisions on each, and what it earned; empty where there is one alone.
    """

    trades: Trades
    equity: NDArray[float64]
    daily: Daily
    outcome: NDArray[int8]
    metrics: Mapping[str, float]
    twins: Mapping[str, Mapping[str, float]]
    twin_trades: Mapping[str, Trades]
    reliability: NDArray[float64]
    assumed: str
    by_contract: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @property
    def counts(self) -> dict[str, int]:
        """How many decisions there were, and what became of them."""
        each = np.bincount(self.outcome, minlength=len(OUTCOMES))
        counted = {name: int(count) for name, count in zip(OUTCOMES, each, strict=True)}
        if not counted["lapsed"]:  # where no order rests there is no such word
            del counted["lapsed"]
        return {"decisions": len(self.outcome)} | counted
