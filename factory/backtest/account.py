"""Perpetuals of several contracts in one account: sizes, margin and ruin are shared.

Each decision is filled by the kernel on its contract's own bars, at its share of the equity that is realised when it enters.
What is assumed where several positions are open:

- The margin of a position is its notional at entry over its contract's greatest leverage. All margins together never exceed
  the realised equity: an entry is cut down to the room that it finds.
- In each bar every position is marked at its worst price, all of them at once. Where what is left of the account then is no
  more than the maintenance of all, all are liquidated there.
- Where a position that ends leaves less equity than the margin of the others, these are liquidated at their next open.
- A liquidation pays what a stop pays, and keeps no funding that was received. No loss is greater than the account.

A position that is alone is liquidated as the kernel says, so that none is ever liquidated later than it would be alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy import float64, int64
from numpy.typing import NDArray

from factory.backtest import sizing
from factory.backtest.kernel import NEVER, charge_funding, liquidate, trade_one, trade_some
from factory.backtest.perpetual import Orders
from factory.backtest.result import (
    DUST,
    LIQUIDATED,
    STOP,
)
from factory.market.contracts import Perpetual

PRICE, GROSS, COST, FUNDING, WORST, ENTRY, PAYOFF, TOLL = range(8)
"""Places of what the kernel counts of a trade."""
AHEAD = 512
"""Trades of one contract that the kernel makes at a time."""


@dataclass(frozen=True)
class Leg:
    """One contract of the account.

    Parameters
    ----------
    name : str
        Of the contract.
    contract : Perpetual
    orders : Orders
        What is wanted of it at each decision.
    """

    name: str
    contract: Perpetual
    orders: Orders

    @cached_property
    def eligible(self) -> NDArray[int64]:
        """Decisions that are traded where nothing stands in the way."""
        decisions, traded = self.orders.decisions, np.append(self.orders.bars.traded, False)
        return np.flatnonzero((decisions.side != 0) & (decisions.size > 0) & (decisions.row >= 0) & traded[decisions.row])


@dataclass
class Position:
    """One trade; the account may end it before the kernel would.

    Parameters
    ----------
    leg, decision : int
        Positions of its contract, and of the decision.
    row, left : int
        Bars in which it begins and ends.
    entry_ms, exit_ms, reason : int
    before : float
        Realised equity at its entry.
    margin : float
        What it binds of the equity.
    money : list of float
        As the kernel counts it, in shares of `before`.
    course : ndarray of float64
        Worst change in each bar that it lives through, as a share of `before`.
    is_cut : bool
        Whether margin left less room than was wished.
    """

    leg: int
    decision: int
    row: int
    left: int
    entry_ms: int
    exit_ms: int
    reason: int
    before: float
    margin: float
    money: list[float]
    course: NDArray[float64]
    is_cut: bool

    @property
    def net(self) -> float:
        """What it earns, in units of the equity at the start."""
        return (self.money[GROSS] - self.money[COST] - self.money[FUNDING]) * self.before


Traded = tuple[int, int, int, list[float], NDArray[float64]]
"""Exit moment, reason, the bar of the exit, what was counted, and the worst change in each bar."""


class Account:
    """An account while decisions are taken in the order of their fills.

    Parameters
    ----------
    legs : sequence of Leg
        In the order in which they find room where several enter at once.
    """

    def __init__(self, legs: Sequence[Leg]) -> None:
        self.legs, self.equity, self.now = legs, 1.0, 0
        self.held: list[Position] = []
        self.closed: list[tuple[Position, float]] = []
        """With the equity after each."""
        self.too_small: list[list[int]] = [[] for _ in legs]
        orders = [leg.orders for leg in legs]
        stamps = np.sort(np.concatenate([one.bars.time for one in orders]), kind="stable")
        self.grid = stamps[np.diff(stamps, prepend=-1) > 0]
        self.row_at = [np.searchsorted(one.bars.time, self.grid, side="right") - 1 for one in orders]
        # Sizes are cut here; what was wished stays as it was.
        self.decisions = [one.decisions._replace(size=one.decisions.size.copy()) for one in orders]
        self._times = [one.decisions.time[leg.eligible] for leg, one in zip(legs, orders, strict=True)]
        self._courses = [np.full(len(one.bars.time), np.nan) for one in orders]
        self._ahead: list[dict[int, Traded]] = [{} for _ in legs]
        self._next = [0] * len(legs)

    def run(self) -> None:
        """Take every decision that finds room."""
        while True:
            entry, k, i = self._find_entry()
            if self._advance(entry):
                continue  # a contract that was liquidated is free for an earlier decision
            if i < 0:
                return
            if self.equity >= DUST:
                self._enter(k, i, entry)

    def _find_entry(self) -> tuple[int, int, int]:
        """Find the next fill: its moment, contract and decision; one that never comes where nothing is left."""
        fills = [(NEVER, -1, -1)]
        for k, leg in enumerate(self.legs if self.equity >= DUST else ()):
            if self._next[k] < len(leg.eligible):
                i = int(leg.eligible[self._next[k]])
                fills.append((int(leg.orders.bars.time[leg.orders.decisions.row[i]]), k, i))
        return min(fills)

    def _enter(self, k: int, i: int, entry: int) -> None:
        """Open a position, as large as margin leaves room for."""
        leg, decisions, bars = self.legs[k], self.decisions[k], self.legs[k].orders.bars
        row, size = int(decisions.row[i]), float(decisions.size[i])
        room = (self.equity - sum(one.margin for one in self.held)) / self.equity * leg.contract.leverage
        is_cut = size > room * (1 + sizing.ROUNDING)
        if is_cut:
            size = float(sizing.round_to_orders(np.array([room]), bars.open[row : row + 1], leg.contract)[0])
        if not size > 0:
            self.too_small[k].append(i)
            self._next[k] += 1
            return
        decisions.size[i] = size
        exit_ms, reason, left, money, course = self._trade_alone(k, i) if is_cut else self._trade_ahead(k, i)
        lived = _carry(course)
        if reason in (STOP, LIQUIDATED):
            lived[-1] = size * money[PAYOFF]
        margin = size * self.equity / leg.contract.leverage
        position = Position(k, i, row, left, entry, exit_ms, reason, self.equity, margin, money, lived, is_cut)
        self.held.append(position)
        self._next[k] = int(np.searchsorted(self._times[k], exit_ms))

    def _trade_ahead(self, k: int, i: int) -> Traded:
        """Find what comes of a decision of the wished size; the next ones of its contract are traded with it."""
        ahead, orders, course = self._ahead[k], self.legs[k].orders, self._courses[k]
        if i not in ahead:
            row = int(self.decisions[k].row[i])
            course[row:] = np.nan
            chosen = self.legs[k].eligible[self._next[k] :]
            whole, money = trade_some(orders.bars, self.decisions[k], orders.terms, orders.rates, chosen, AHEAD, course)
            rows = self.decisions[k].row[whole[:, 0]].tolist()
            ahead.clear()
            for (place, *ended, left), counted, begun in zip(whole.tolist(), money.tolist(), rows, strict=True):
                ahead[place] = (*ended, left, counted, course[begun : left + 1])
        return ahead.pop(i)

    def _trade_alone(self, k: int, i: int) -> Traded:
        """Find what comes of a decision that was cut."""
        orders, decisions = self.legs[k].orders, self.decisions[k]
        course, row = np.full(len(orders.bars.time), np.nan), int(decisions.row[i])
        exit_ms, reason, left, money = trade_one(orders.bars, decisions, orders.terms, orders.rates, i, course)
        return exit_ms, reason, left, list(money), course[row : left + 1]

    def _advance(self, until: int) -> bool:
        """Close what ends by a moment, up to the first liquidation of several positions; check whether one came."""
        while self.held:
            ends = min(one.exit_ms for one in self.held)
            moment = min(ends, until)
            place = self._find_breach(self.now, moment)
            if place is not None:
                self._liquidate_all(place, moment)
                return True
            self.now = moment
            if ends > until:
                return False
            self._close([one for one in self.held if one.exit_ms == moment])
            if self._call_margin():
                return True
        self.now = until
        return False

    def _close(self, ended: list[Position]) -> None:
        """Book what positions that end together earned, gains first; no loss is greater than the account."""
        gains = self.equity + sum(max(one.net, 0.0) for one in ended)
        losses = -sum(min(one.net, 0.0) for one in ended)
        if losses > gains:
            for one in ended:
                if one.net < 0:
                    self._lose(one, gains / losses)
        for one in sorted(ended, key=lambda one: one.net < 0):
            self.equity = max(self.equity + one.net, 0.0)
            self.held.remove(one)
            self.closed.append((one, self.equity))

    def _lose(self, one: Position, part: float) -> None:
        """Leave a position at the price at which it loses a part of what it would have lost."""
        decisions = self.decisions[one.leg]
        side, size = int(decisions.side[one.decision]), float(decisions.size[one.decision])
        net, money = one.net / one.before * part, one.money
        money[GROSS] = net + money[COST] + money[FUNDING]
        money[PAYOFF] = net / size
        money[PRICE] = money[ENTRY] * (1 + side * money[GROSS] / size)

    def _find_breach(self, first: int, moment: int) -> int | None:
        """Find the first place of the grid in [first, moment) at which the account is worth no more than it must keep."""
        if len(self.held) == 1 and self.equity >= self.held[0].before:
            return None
        if self.equity + sum(float(self._left_of(one, one.money[WORST])) for one in self.held) > 0:
            return None
        places = slice(*np.searchsorted(self.grid, [first, moment]))
        left = np.full(len(self.grid[places]), self.equity)
        for one in self.held:
            left += self._left_of(one, one.course[np.minimum(self.row_at[one.leg][places] - one.row, len(one.course) - 1)])
        breached = np.flatnonzero(left <= 0)
        return places.start + int(breached[0]) if len(breached) else None

    def _left_of(self, one: Position, change: float | NDArray[float64]) -> float | NDArray[float64]:
        """Compute what a change of a position leaves to the account, less the maintenance of what it then is worth."""
        kept = self.legs[one.leg].contract.maintenance
        size = float(self.decisions[one.leg].size[one.decision])
        return change * one.before * (1 + kept) - kept * size * one.before

    def _liquidate_all(self, place: int, moment: int) -> None:
        """Liquidate all positions in the bars of a place of the grid, at their worst prices."""
        rows = [int(self.row_at[one.leg][place]) for one in self.held]
        when = min(moment, *(int(self.legs[one.leg].orders.bars.end[row]) for one, row in zip(self.held, rows, strict=True)))
        for one, row in zip(self.held, rows, strict=True):
            bars = self.legs[one.leg].orders.bars
            is_over = row == one.left and one.reason in (STOP, LIQUIDATED)
            worst = bars.low if self.decisions[one.leg].side[one.decision] > 0 else bars.high
            traded = one.row + int(np.flatnonzero(bars.traded[one.row : row + 1])[-1])
            if not is_over:
                self._leave(one, traded, float(worst[traded]), int(bars.end[row]))
            one.exit_ms = when
            self._free(one)
        self.now = when
        self._close([*self.held])

    def _call_margin(self) -> bool:
        """Liquidate what is left at its next open where less equity is left than it binds; check whether anything was."""
        if sum(one.margin for one in self.held) <= self.equity * (1 + sizing.ROUNDING):
            return False
        for one in self.held:
            bars = self.legs[one.leg].orders.bars
            row = int(np.searchsorted(bars.time, self.now))
            while row < len(bars.time) and not bars.traded[row]:
                row += 1
            if row < len(bars.time) and bars.time[row] < one.exit_ms:
                self._leave(one, row, float(bars.open[row]), int(bars.time[row]) + 1)
                one.exit_ms = int(bars.time[row])
                self._free(one)
        self._close([one for one in self.held if one.exit_ms == self.now])
        return True

    def _leave(self, one: Position, row: int, price: float, before: int) -> None:
        """End a position in a bar at a price of the market, as a liquidation that pays what is due before a moment."""
        orders, decisions = self.legs[one.leg].orders, self.decisions[one.leg]
        lived = one.course[: row - one.row]
        funding = charge_funding(orders.bars, decisions, orders.terms, orders.rates, one.decision, row, before)
        worst = float(lived.min(initial=0.0))
        one.money = list(liquidate(orders.bars, decisions, orders.terms, one.decision, price, funding, worst, row))
        one.course = np.append(lived, one.money[WORST])
        one.left, one.reason = row, LIQUIDATED

    def _free(self, one: Position) -> None:
        """Let the contract of a position take decisions from its end on."""
        self._next[one.leg] = int(np.searchsorted(self._times[one.leg], one.exit_ms))


def _carry(course: NDArray[float64]) -> NDArray[float64]:
    """Fill places that nobody traded in with what was known last; nothing is lost before the first."""
    known = np.where(np.isfinite(course), np.arange(len(course)), -1)
    return np.append(course, 0.0)[np.maximum.accumulate(known)]
