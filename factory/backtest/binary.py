"""A binary contract at work: shares bought at a window's start, settled at its end."""

import numpy as np
from numpy import float64, int8, int64
from numpy.typing import NDArray

from factory.backtest import sizing
from factory.backtest.fills import Fills, Turn, bars_of
from factory.backtest.kernel import locate, settle
from factory.backtest.result import DROPPED, NO_EDGE, SETTLED, TAKEN
from factory.errors import FlowError
from factory.market.contracts import Binary
from factory.market.series import Series
from factory.parts.trades import UpOrDown
from factory.times import to_ms


def fill(
    trade: UpOrDown,
    contract: Binary,
    series: Series,
    times: NDArray[int64],
    p: NDArray[float64],
    end: int,
    odds: NDArray[float64] | None,
) -> tuple[NDArray[int8], Fills, Turn]:
    """Buy the side that is priced too low at each decision, and hold it to the window's end.

    A window with a missing bar, or a moment without a recorded price, is dropped.

    Returns
    -------
    outcome : ndarray of int8, shape (decisions,)
    fills : Fills
    turn : Turn

    Raises
    ------
    FlowError
        If a decision is not at a window's start, or the contract's recorded prices did not come.
    """
    window = to_ms(contract.window)
    if np.any(times % window):
        raise FlowError(f"sample: a decision off the contract's windows; decide at multiples of {contract.window}")
    price = _up_price(contract, odds, len(p))
    bars = bars_of(series, end)
    up = settle(bars, locate(bars.time, times), window)
    paid, paid_down = all_in(contract, price), all_in(contract, 1 - price)
    side = np.where(p - paid >= 1 - p - paid_down, 1, -1).astype(int8)
    win, paid = np.where(side > 0, p, 1 - p), np.where(side > 0, paid, paid_down)
    stake = sizing.share(trade.size, sizing.Chances(win, gain=(1 - paid) / paid, loss=np.ones(len(p)), volatility=None))
    worth = (win - paid >= trade.edge) & (stake > 0)
    outcome = np.where(np.isnan(paid) | (worth & (up < 0)), DROPPED, np.where(worth, TAKEN, NO_EDGE)).astype(int8)

    def turn(decision: NDArray[int64], side: NDArray[int8]) -> Fills:
        bought = np.where(side > 0, price[decision], 1 - price[decision])
        return _settled(contract, decision, times[decision] + window, side, stake[decision], bought, up[decision])

    taken = np.flatnonzero(outcome == TAKEN)
    return outcome, turn(taken, side[taken]), turn


def all_in(contract: Binary, price: NDArray[float64]) -> NDArray[float64]:
    """What a share costs with half the spread and the taker fee: its break-even chance.

    Source: Polymarket's taker fee, ``shares * fee * p * (1 - p)``, at the price paid.
    """
    ask = price + contract.half_spread
    return ask + contract.fee * ask * np.maximum(1 - ask, 0.0)


def _up_price(contract: Binary, odds: NDArray[float64] | None, n: int) -> NDArray[float64]:
    if contract.odds is None:
        return np.full(n, contract.price)
    if odds is None:
        raise FlowError(f"trade.contract: the recorded prices of series '{contract.odds}' did not come")
    return np.where((odds > 0) & (odds < 1), odds, np.nan)


def _settled(
    contract: Binary,
    decision: NDArray[int64],
    exit_ms: NDArray[int64],
    side: NDArray[int8],
    stake: NDArray[float64],
    price: NDArray[float64],
    up: NDArray[int8],
) -> Fills:
    paid = all_in(contract, price)
    shares = stake / paid
    won = ((up > 0) == (side > 0)).astype(float64)
    return Fills(
        decision=decision,
        exit_ms=exit_ms,
        side=side,
        size=stake,
        price=price,
        exit_price=won,
        gross=shares * (won - price),
        cost=shares * (paid - price),
        funding=np.zeros(len(decision)),
        unit=shares,
        worst=-stake,
        reason=np.full(len(decision), SETTLED, int8),
    )
