"""A binary contract at work: shares bought at or inside a window, settled at its end."""

from dataclasses import dataclass, replace

import numpy as np
from numpy import bool_, float64, int8, int64
from numpy.typing import NDArray

from factory.backtest import sizing
from factory.backtest.fills import Fills, Turn, fillable_bars
from factory.backtest.kernel import locate, settle
from factory.backtest.quotes import Quotes
from factory.backtest.result import DROPPED, LAPSED, NO_EDGE, PASSED_OVER, SETTLED, TAKEN, TOO_SMALL
from factory.core.errors import FlowError
from factory.core.times import to_ms
from factory.learning.sampling import find_beginnings
from factory.market.contracts import Binary
from factory.market.series import Partition, Series
from factory.market.settlement import Outcomes, measure_lead, settle_windows
from factory.pipeline.parts.trades import UpOrDown


@dataclass(frozen=True, slots=True)
class Orders:
    """What a pipeline would buy at each decision, whatever it holds; every array has shape (n,).

    Parameters
    ----------
    side : ndarray of int8
        1 Up, -1 Down.
    price, paid : ndarray of float64
        Of a share, before costs and with them; NaN where nobody offered one.
    worth : ndarray of bool
        Whether its chance is worth that.
    stake : ndarray of float64
        Share of equity that is bought, 0 where the order is less than is taken, or rests in vain.
    lapsed : ndarray of bool
        Whether the order rests in vain.
    rebate : ndarray of float64
        Received for a share.
    filled : ndarray of int64
        When, ms UTC.
    """

    side: NDArray[int8]
    price: NDArray[float64]
    paid: NDArray[float64]
    worth: NDArray[bool_]
    stake: NDArray[float64]
    lapsed: NDArray[bool_]
    rebate: NDArray[float64]
    filled: NDArray[int64]


def place_orders(trade: UpOrDown, contract: Binary, p: NDArray[float64], quotes: Quotes) -> Orders:
    """Choose at each decision the side that is priced too low, and how much of it is bought of what is offered."""
    up, down = quotes.up, quotes.down
    side = choose_side(p, up.paid, down.paid)
    price, paid, size, rebate = (
        np.where(side > 0, getattr(up, name), getattr(down, name)) for name in ("price", "paid", "size", "rebate")
    )
    filled = np.where(side > 0, up.filled, down.filled)
    win = np.where(side > 0, p, 1 - p)
    wished = sizing.share_of_equity(
        trade.size, sizing.Chances(win, gain=(1 - paid) / paid, loss=np.ones(len(p)), volatility=None)
    )
    offered, least = size * paid / contract.equity, quotes.least * paid / contract.equity
    ordered = sizing.round_to_orders(wished if quotes.rests else np.minimum(wished, offered), paid, contract)
    ordered = np.where(ordered < least * (1 - sizing.ROUNDING), 0.0, ordered)
    worth = (win - paid >= trade.edge) & (wished > 0) & (paid < 1)
    lapsed = worth & (ordered > 0) & (filled < 0)
    return Orders(side, price, paid, worth, np.minimum(ordered, offered) if quotes.rests else ordered, lapsed, rebate, filled)


def fill(
    trade: UpOrDown,
    contract: Binary,
    times: NDArray[int64],
    p: NDArray[float64],
    quotes: Quotes,
    outcomes: Outcomes,
) -> tuple[NDArray[int8], Fills, Turn]:
    """Buy the side that is priced too low, once in a window, no more of it than was offered, and hold it to the window's end.

    A window of which nobody knows how it ended is dropped; so is a moment without a recorded price. The first decision of a
    window whose order is sent is its trade, even if it lapses; later ones are passed over.

    Parameters
    ----------
    quotes, outcomes : Quotes, Outcomes
        Of the window that runs at each decision.

    Returns
    -------
    outcome : ndarray of int8, shape (decisions,)
    fills : Fills
    turn : Turn

    Raises
    ------
    FlowError
        If a decision is inside a window and its price is assumed.
    """
    if contract.odds is None and (quotes.start != times).any():
        raise FlowError(f"sample: a decision off the contract's windows; decide at multiples of {contract.window}")
    orders, up = place_orders(trade, contract, p, quotes), outcomes.up
    placed = np.where(orders.lapsed, LAPSED, np.where(orders.stake > 0, TAKEN, TOO_SMALL))
    missing = np.isnan(orders.paid) | (orders.worth & ~orders.lapsed & np.isnan(up))
    outcome = np.where(missing, DROPPED, np.where(orders.worth, placed, NO_EDGE)).astype(int8)
    sent = find_sent(orders)
    outcome[np.setdiff1d(sent, choose_first(quotes.start, sent))] = PASSED_OVER

    def refill(decision: NDArray[int64], side: NDArray[int8]) -> Fills:
        return _settle_orders(
            contract, decision, _replace_sides(orders, quotes, decision, side), quotes.start[decision], up[decision]
        )

    taken = np.flatnonzero(outcome == TAKEN)
    return outcome, refill(taken, orders.side[taken]), refill


def find_sent(orders: Orders) -> NDArray[int64]:
    """Find the orders that would be sent to the exchange: worth their price, and not less than it takes."""
    return np.flatnonzero(orders.worth & np.isfinite(orders.paid) & (orders.lapsed | (orders.stake > 0)))


def choose_first(start: NDArray[int64], rows: NDArray[int64]) -> NDArray[int64]:
    """Choose of some decisions, in their order, the first of each window."""
    return rows[np.unique(start[rows], return_index=True)[1]]


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


def settle_running(contract: Binary, partition: Partition, times: NDArray[int64]) -> Outcomes:
    """Settle the windows that run at some moments, with what was over of each one's move by then, shape (n,)."""
    start = find_beginnings(partition.series[contract.of], to_ms(contract.window), times)
    starts, running = np.unique(start, return_inverse=True)
    told = settle_all(contract, partition, starts)
    each = Outcomes(told.up[running], told.tied[running], told.known[running], told.lead[running])
    inside = times > start
    if not inside.any():
        return each
    lead = each.lead.copy()
    lead[inside] = measure_lead(contract, partition.series, start[inside], times[inside])
    return replace(each, lead=lead)


def choose_side(p: NDArray[float64], up: NDArray[float64], down: NDArray[float64]) -> NDArray[int8]:
    """Choose the side, 1 Up and -1 Down, whose chance exceeds its all-in price by more; one without a price is never it."""
    dear_up, dear_down = (np.where(np.isnan(price), np.inf, price) for price in (up, down))
    return np.where(p - dear_up >= 1 - p - dear_down, 1, -1).astype(int8)


def _replace_sides(orders: Orders, quotes: Quotes, decision: NDArray[int64], side: NDArray[int8]) -> Orders:
    """Take some orders with sides of their own; one that rests, or that nobody offered, costs what is left of the other."""
    same = side == orders.side[decision]
    price, paid = (
        np.where(side > 0, getattr(quotes.up, name)[decision], getattr(quotes.down, name)[decision])
        for name in ("price", "paid")
    )
    left = ~same & (np.isnan(paid) | quotes.rests)
    rest, toll = 1 - orders.price[decision], (orders.paid - orders.price)[decision]
    return Orders(
        side=side,
        price=np.where(same, orders.price[decision], np.where(left, rest, price)),
        paid=np.where(same, orders.paid[decision], np.where(left, rest + toll, paid)),
        worth=orders.worth[decision],
        stake=orders.stake[decision],
        lapsed=orders.lapsed[decision],
        rebate=orders.rebate[decision],
        filled=orders.filled[decision],
    )


def _settle_orders(
    contract: Binary, decision: NDArray[int64], orders: Orders, start: NDArray[int64], up: NDArray[float64]
) -> Fills:
    shares, price, paid = orders.stake / orders.paid, orders.price, orders.paid
    won = np.where(orders.side > 0, up, 1 - up)
    return Fills(
        decision=decision,
        entry_ms=orders.filled,
        exit_ms=start + to_ms(contract.window),
        side=orders.side,
        size=orders.stake,
        price=price,
        exit_price=won,
        gross=shares * (won - price),
        cost=shares * (paid - price),
        funding=0.0 - shares * orders.rebate,
        unit=shares,
        payoff=won - paid + orders.rebate,
        unit_cost=paid - price,
        worst=-orders.stake,
        reason=np.full(len(decision), SETTLED, int8),
    )
