"""A binary contract at work: shares bought at a window's start, settled at its end."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy import float64, int8, int64
from numpy.typing import NDArray

from factory.backtest import sizing
from factory.backtest.fills import Fills, Turn, fillable_bars
from factory.backtest.kernel import ON_TICK, locate, settle
from factory.backtest.result import DROPPED, NO_EDGE, SETTLED, TAKEN, TOO_SMALL
from factory.core.errors import FlowError
from factory.core.times import to_ms
from factory.learning.sampling import list_beginnings
from factory.market.contracts import Binary
from factory.market.series import Partition, Series, read_at_stamps
from factory.market.settlement import Outcomes, settle_windows
from factory.pipeline.parts.trades import UpOrDown

ASK, BID, ASK_SIZE, BID_SIZE = "ask", "bid", "ask_size", "bid_size"
"""Columns of recorded odds: the best prices for a share of Up, and the shares offered at each."""


@dataclass(frozen=True, slots=True)
class Quotes:
    """What shares cost as each window starts; every array has shape (n,).

    Parameters
    ----------
    mid : ndarray of float64
        Price of Up between both sides; NaN where none was recorded.
    up, down : ndarray of float64
        Price of a share of either side before half the contract's spread, which is paid on top.
    up_size, down_size : ndarray of float64
        Shares of either side that were offered; infinite where nobody recorded it.
    """

    mid: NDArray[float64]
    up: NDArray[float64]
    down: NDArray[float64]
    up_size: NDArray[float64]
    down_size: NDArray[float64]


def assume_quotes(contract: Binary, n: int) -> Quotes:
    """Assume the contract's price at each of n decisions.

    Raises
    ------
    FlowError
        If its prices are recorded.
    """
    if contract.odds is not None:
        raise FlowError(f"trade.contract: the recorded prices of series '{contract.odds}' did not come")
    price, any_size = np.full(n, contract.price), np.full(n, np.inf)
    return Quotes(price, price, 1 - price, any_size, any_size)


def read_quotes(contract: Binary, series: Mapping[str, Series], times: NDArray[int64]) -> Quotes:
    """Read what was quoted at these very moments, or assume the contract's price.

    Where the best ask and bid were recorded, a share costs the ask where that is more than half the contract's spread above
    the middle: Up is bought at its ask, and Down, whose ask is what is left of the bid for Up, at that. No more is bought
    than was offered there. A side that nobody offered is not bought.
    """
    if contract.odds is None:
        return assume_quotes(contract, len(times))
    source, half = series[contract.odds], contract.half_spread
    mid = read_at_stamps(source, "up", times)
    mid = np.where((mid > 0) & (mid < 1), mid, np.nan)
    held = {name: read_at_stamps(source, name, times) for name in (ASK, BID, ASK_SIZE, BID_SIZE) if name in source.columns}
    # An empty side is written as 0, or as 1 of the other: nobody offers a share there.
    held |= {name: np.where((held[name] > 0) & (held[name] < 1), held[name], np.nan) for name in (ASK, BID) if name in held}
    up = np.maximum(held[ASK] - half, mid) if ASK in held else mid
    down = np.maximum(1 - held[BID] - half, 1 - mid) if BID in held else 1 - mid
    any_size = np.full(len(times), np.inf)
    return Quotes(mid, up, down, held.get(ASK_SIZE, any_size), held.get(BID_SIZE, any_size))


def fill(
    trade: UpOrDown,
    contract: Binary,
    series: Series,
    times: NDArray[int64],
    p: NDArray[float64],
    quotes: Quotes,
    outcomes: Outcomes,
) -> tuple[NDArray[int8], Fills, Turn]:
    """Buy the side that is priced too low at each decision, no more of it than was offered, and hold it to the window's end.

    A window of which nobody knows how it ended is dropped; so is a moment without a recorded price.

    Returns
    -------
    outcome : ndarray of int8, shape (decisions,)
    fills : Fills
    turn : Turn

    Raises
    ------
    FlowError
        If a decision is not at a window's start.
    """
    window = to_ms(contract.window)
    if len(times) and not np.isin(times, list_beginnings(series, window, int(times[0]), int(times[-1]) + 1)).all():
        raise FlowError(f"sample: a decision off the contract's windows; decide at multiples of {contract.window}")
    up = outcomes.up
    paid, paid_down = all_in_price(contract, quotes.up), all_in_price(contract, quotes.down)
    side = choose_side(p, paid, paid_down)
    win, paid = np.where(side > 0, p, 1 - p), np.where(side > 0, paid, paid_down)
    wished = sizing.share_of_equity(
        trade.size, sizing.Chances(win, gain=(1 - paid) / paid, loss=np.ones(len(p)), volatility=None)
    )
    offered = np.where(side > 0, quotes.up_size, quotes.down_size) * paid / contract.equity
    stake = sizing.round_to_orders(np.minimum(wished, offered), paid, contract)
    worth = (win - paid >= trade.edge) & (wished > 0)
    placed = np.where(stake > 0, TAKEN, TOO_SMALL)
    outcome = np.where(np.isnan(paid) | (worth & np.isnan(up)), DROPPED, np.where(worth, placed, NO_EDGE)).astype(int8)

    def refill(decision: NDArray[int64], side: NDArray[int8]) -> Fills:
        bought = np.where(side > 0, quotes.up[decision], quotes.down[decision])
        return _settled(contract, decision, times[decision], side, stake[decision], bought, up[decision])

    taken = np.flatnonzero(outcome == TAKEN)
    return outcome, refill(taken, side[taken]), refill


def settle_by_bars(contract: Binary, series: Series, starts: NDArray[int64], end: int) -> Outcomes:
    """Settle windows by the bars that a contract is on.

    A window with a missing bar, or with nobody trading in its first or last, does not tell how it ended.
    """
    bars, window = fillable_bars(series, end), to_ms(contract.window)
    rows = locate(bars.time, starts)
    up = settle(bars, rows, window)
    settled = np.flatnonzero(up >= 0)
    first, tied = rows[settled], np.zeros(len(starts), bool)
    tied[settled] = bars.close[first + window // series.period - 1] == bars.open[first]
    return Outcomes(np.where(up < 0, np.nan, up), tied, starts + window + series.delay, np.zeros(len(starts)))


def settle_all(contract: Binary, partition: Partition, starts: NDArray[int64]) -> Outcomes:
    """Settle windows of a partition by whatever a contract says."""
    if contract.settles_by_bars:
        return settle_by_bars(contract, partition.series[contract.of], starts, partition.end)
    return settle_windows(contract, partition.series, starts, partition.end)


def choose_side(p: NDArray[float64], up: NDArray[float64], down: NDArray[float64]) -> NDArray[int8]:
    """Choose the side, 1 Up and -1 Down, whose chance exceeds its all-in price by more; one without a price is never it."""
    dear_up, dear_down = (np.where(np.isnan(price), np.inf, price) for price in (up, down))
    return np.where(p - dear_up >= 1 - p - dear_down, 1, -1).astype(int8)


def all_in_price(contract: Binary, price: NDArray[float64]) -> NDArray[float64]:
    """Compute what a share costs with half the spread and the taker fee: its break-even chance.

    Source: Polymarket's taker fee, ``shares * fee * p * (1 - p)``, at the price paid.
    """
    ask = _upper(price + contract.half_spread, contract.tick)
    return ask + contract.fee * ask * np.maximum(1 - ask, 0.0)


def _upper(price: NDArray[float64], tick: float) -> NDArray[float64]:
    """Round prices up to the tick."""
    if not tick:
        return price
    steps = price / tick
    return np.where(np.abs(steps - np.round(steps)) < ON_TICK, price, np.ceil(steps) * tick)


def _settled(
    contract: Binary,
    decision: NDArray[int64],
    entry_ms: NDArray[int64],
    side: NDArray[int8],
    stake: NDArray[float64],
    price: NDArray[float64],
    up: NDArray[float64],
) -> Fills:
    paid = all_in_price(contract, price)
    shares = stake / paid
    won = np.where(side > 0, up, 1 - up)
    return Fills(
        decision=decision,
        entry_ms=entry_ms,
        exit_ms=entry_ms + to_ms(contract.window),
        side=side,
        size=stake,
        price=price,
        exit_price=won,
        gross=shares * (won - price),
        cost=shares * (paid - price),
        funding=np.zeros(len(decision)),
        unit=shares,
        payoff=won - paid,
        unit_cost=paid - price,
        worst=-stake,
        reason=np.full(len(decision), SETTLED, int8),
    )
