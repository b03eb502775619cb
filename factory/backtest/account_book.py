"""What an account of several contracts did: its trades, equity and drawdown, and what each contract had of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy import bool_, float64, int8, int64
from numpy.typing import NDArray

from factory.backtest.account import COST, ENTRY, FUNDING, GROSS, PAYOFF, PRICE, TOLL, WORST, Account, Leg, Position
from factory.backtest.kernel import NEVER
from factory.backtest.result import (
    DROPPED,
    DUST,
    LIQUIDATED,
    NO_EDGE,
    OUTCOMES,
    PASSED_OVER,
    RUINED,
    TAKEN,
    TOO_SMALL,
    Trades,
)

OF_A_DECISION = (TAKEN, PASSED_OVER, TOO_SMALL, RUINED, DROPPED, NO_EDGE)
"""What became of a decision over all contracts: the first of these that any of them gives."""


@dataclass(frozen=True)
class Book:
    """All that the account did.

    Parameters
    ----------
    trades : Trades
        In order of entry, contracts in their order where several enter at once.
    equity : ndarray of float64, shape (trades + 1,)
        1, then after each trade in the order in which they end.
    outcome : ndarray of int8, shape (contracts, decisions)
        Position in :data:`~factory.backtest.result.OUTCOMES`.
    is_cut : ndarray of bool, shape (trades,)
        Trades that margin left less room than was wished.
    drawdown : float
        Greatest, every position at its worst price in each bar.
    """

    trades: Trades
    equity: NDArray[float64]
    outcome: NDArray[int8]
    is_cut: NDArray[bool_]
    drawdown: float


def trade_together(legs: Sequence[Leg], p: NDArray[float64]) -> Book:
    """Trade several perpetuals in one account.

    Parameters
    ----------
    legs : sequence of Leg
        Of the same decisions.
    p : ndarray of float64, shape (decisions,)
        Chance of up at each.
    """
    account = Account(legs)
    account.run()
    positions = sorted((one for one, _ in account.closed), key=lambda one: (one.entry_ms, one.leg))
    trades = _list_trades(account, positions, p)
    equity = np.array([1.0, *(after for _, after in account.closed)])
    return Book(
        trades=trades,
        equity=equity,
        outcome=np.array([_outcomes(account, k) for k in range(len(legs))]),
        is_cut=np.array([one.is_cut for one in positions], bool),
        drawdown=_find_drawdown(account, positions, equity),
    )


def replace_leg_sides(legs: Sequence[Leg], trades: Trades, side: NDArray[int8]) -> list[Leg]:
    """Take the decisions of some trades anew, on other sides, of the same sizes and for the same time."""
    turned = []
    for k, leg in enumerate(legs):
        mine = trades.rows_of(k)
        orders = leg.orders.replace_sides(trades.decision[mine], side[mine], trades.size[mine], trades.exit_ms[mine])
        turned.append(replace(leg, orders=orders))
    return turned


def count_by_contract(names: Sequence[str], book: Book) -> dict[str, dict[str, float]]:
    """Count what became of the decisions on each contract, and sum what it earned.

    Returns
    -------
    dict of str to dict
        By contract the counts of :data:`~factory.backtest.result.OUTCOMES`, cut (trades that margin left less room than was
        wished), liquidated, net in units of the equity at the start and, with trades, mean_net.
    """
    counted = {}
    for k, name in enumerate(names):
        mine = book.trades.rows_of(k)
        each = np.bincount(book.outcome[k], minlength=len(OUTCOMES))
        earned = {"mean_net": float(book.trades.payoff[mine].mean())} if len(mine) else {}
        counted[name] = {
            **{outcome: float(count) for outcome, count in zip(OUTCOMES, each, strict=True)},
            "cut": float(book.is_cut[mine].sum()),
            "liquidated": float((book.trades.reason[mine] == LIQUIDATED).sum()),
            "net": float(book.trades.net[mine].sum()),
            **earned,
        }
    return counted


def _list_trades(account: Account, positions: Sequence[Position], p: NDArray[float64]) -> Trades:
    """Put positions into columns."""
    money = np.array([one.money for one in positions], float64).reshape(-1, 8)
    before = np.array([one.before for one in positions], float64)
    leg, decision = (np.array([getattr(one, name) for one in positions], int64) for name in ("leg", "decision"))
    size, side = np.empty(len(leg)), np.empty(len(leg), int8)
    for k in range(len(account.legs)):
        mine, taken = leg == k, account.decisions[k].of(decision[leg == k])
        size[mine], side[mine] = taken.size, taken.side
    return Trades(
        decision=decision,
        entry_ms=np.array([one.entry_ms for one in positions], int64),
        exit_ms=np.array([one.exit_ms for one in positions], int64),
        side=side,
        size=size,
        price=money[:, ENTRY],
        exit_price=money[:, PRICE],
        p=p[decision],
        gross=money[:, GROSS] * before,
        cost=money[:, COST] * before,
        funding=money[:, FUNDING] * before,
        net=(money[:, GROSS] - money[:, COST] - money[:, FUNDING]) * before,
        unit=size * before,
        payoff=money[:, PAYOFF],
        unit_cost=money[:, TOLL],
        worst=money[:, WORST],
        reason=np.array([one.reason for one in positions], int8),
        contract=leg.astype(int8),
    )


def _outcomes(account: Account, k: int) -> NDArray[int8]:
    """Tell what became of each decision on one contract."""
    leg = account.legs[k]
    decisions, time = leg.orders.decisions, leg.orders.decisions.time
    outcome = np.where((decisions.side == 0) | (decisions.size <= 0), NO_EDGE, DROPPED).astype(int8)
    outcome[leg.orders.is_too_small] = TOO_SMALL
    outcome[account.too_small[k]] = TOO_SMALL
    if account.equity < DUST:
        outcome[time >= max(one.exit_ms for one, _ in account.closed)] = RUINED
    for one in (one for one, _ in account.closed if one.leg == k):
        outcome[one.decision + 1 : np.searchsorted(time, one.exit_ms)] = PASSED_OVER
        outcome[one.decision] = TAKEN
    return outcome


def _find_drawdown(account: Account, positions: Sequence[Position], equity: NDArray[float64]) -> float:
    """Find the greatest fall from a peak of the realised equity, every position at its worst price in each bar.

    Positions that end together are booked together: their order is no course of the account.
    """
    ended = np.array([one.exit_ms for one, _ in account.closed], int64)
    last = np.flatnonzero(np.diff(ended, append=NEVER))
    ended, equity = ended[last], equity[np.append(0, last + 1)]
    peak = np.maximum.accumulate(equity)
    marks, is_held = np.zeros(len(account.grid)), np.zeros(len(account.grid), bool)
    for one in positions:
        places = slice(*np.searchsorted(account.grid, [one.entry_ms, one.exit_ms]))
        row = account.row_at[one.leg][places] - one.row
        marks[places] += one.course[np.minimum(row, len(one.course) - 1)] * one.before
        is_held[places] = True
    after = np.searchsorted(ended, account.grid[is_held], side="right")
    held = 1 - np.maximum(equity[after] + marks[is_held], 0.0) / peak[after]
    return float(max(held.max(initial=0.0), (1 - equity / peak).max()))


def combine_outcomes(outcome: NDArray[int8]) -> NDArray[int8]:
    """Tell what became of each decision over all contracts, of shape (contracts, decisions): see :data:`OF_A_DECISION`."""
    rank = np.argsort(OF_A_DECISION)
    return np.asarray(np.array(OF_A_DECISION, int8)[rank[outcome].min(axis=0)])
