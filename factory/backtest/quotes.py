"""What either side of a binary contract costs at a decision: assumed, or as the recorded book gave it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy import float64, int64
from numpy.typing import NDArray

from factory.backtest.kernel import ON_TICK
from factory.core.errors import FlowError
from factory.core.times import to_ms
from factory.learning.sampling import find_beginnings
from factory.market.contracts import LAST_MOMENTS, Binary
from factory.market.series import Series
from factory.market.series_kinds.odds import TICK
from factory.pipeline.parts.trades import MARKET, Limit, Order

ASK, BID, ASK_SIZE, BID_SIZE = "ask", "bid", "ask_size", "bid_size"
"""Columns of recorded odds: the best prices for a share of Up, and the shares offered at each."""
FEE, MINIMUM_SIZE, QUOTE_AGE = "fee", "minimum_size", "quote_age"
"""Columns of a window's own terms, and the seconds by which a quote is older than its stamp."""
NOT_FILLED = -1
"""In the place of a moment: an order that rests in vain."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What a share of one side costs, for an order sent at each decision; every array has shape (n,).

    Parameters
    ----------
    price : ndarray of float64
        Before half the contract's spread and the fee, NaN where nobody offered one; of an order that rests, its limit.
    paid : ndarray of float64
        With both, a rebate not taken off: the chance that it breaks even at.
    size : ndarray of float64
        Shares that can be had; infinite where nobody recorded it.
    rebate : ndarray of float64
        Received for a share.
    filled : ndarray of int64
        When the order is filled, ms UTC, or :data:`NOT_FILLED`.
    """

    price: NDArray[float64]
    paid: NDArray[float64]
    size: NDArray[float64]
    rebate: NDArray[float64]
    filled: NDArray[int64]


@dataclass(frozen=True, slots=True)
class Quotes:
    """What shares cost at some decisions; every array has shape (n,).

    Parameters
    ----------
    start : ndarray of int64
        Of the windows that run, ms UTC.
    mid : ndarray of float64
        Price of Up between both sides; NaN where none was recorded.
    up, down : Offer
        Of either side.
    age : ndarray of int64
        Milliseconds from the quote to the decision or its fill, 0 where there is none.
    least : ndarray of float64
        Fewest shares of an order by the window's own terms, 0 where they say none.
    rests : bool
        Whether orders rest, and what is offered is had in parts.
    """

    start: NDArray[int64]
    mid: NDArray[float64]
    up: Offer
    down: Offer
    age: NDArray[int64]
    least: NDArray[float64]
    rests: bool = False


def assume_quotes(contract: Binary, bars: Series, times: NDArray[int64]) -> Quotes:
    """Assume the contract's price at some decisions on its bars.

    Raises
    ------
    FlowError
        If its prices are recorded.
    """
    if contract.odds is not None:
        raise FlowError(f"trade.contract: the recorded prices of series '{contract.odds}' did not come")
    price, any_size, nothing = np.full(len(times), contract.price), np.full(len(times), np.inf), np.zeros(len(times))
    up, down = (Offer(side, all_in_price(contract, side), any_size, nothing, times) for side in (price, 1 - price))
    start = find_beginnings(bars, to_ms(contract.window), times)
    return Quotes(start, price, up, down, np.zeros(len(times), int64), nothing)


def read_quotes(contract: Binary, series: Mapping[str, Series], times: NDArray[int64], order: Order = MARKET) -> Quotes:
    """Read the quotes in effect at the contract's delay after some decisions, or assume its price.

    Where the best ask and bid were recorded, a share costs the ask where that is more than half the contract's spread above
    the middle: Up is bought at its ask, and Down, whose ask is what is left of the bid for Up, at that. No more is bought
    than was offered there. A side that nobody offered is not bought.

    An order that rests does so at the best bid for its side in that quote. It is filled where a later quote of the window
    offers the side at its price or below, for a share of what is offered there, and never in the last moments.

    Raises
    ------
    FlowError
        If orders are to rest and no bid and ask were recorded.
    """
    if contract.odds is None:
        return assume_quotes(contract, series[contract.of], times)
    start = find_beginnings(series[contract.of], to_ms(contract.window), times)
    book, at = _Book(series[contract.odds], to_ms(contract.window)), times + contract.delay_ms
    row = book.find_in_effect(at, start)
    mid = book.read("up", row)
    if isinstance(order, Limit):
        if not book.has_sides:
            raise FlowError(f"trade.order: {contract.odds} has no bid and ask to rest between; write order: {{use: market}}")
        up, down = (_rest(contract, book, row, at, start, side) for side in (1, -1))
    else:
        up, down = _cross(contract, book, row, at, mid)
    age = np.where(row >= 0, at - book.quoted[row], 0)
    return Quotes(start, mid, up, down, age, np.nan_to_num(book.read(MINIMUM_SIZE, row)), isinstance(order, Limit))


class _Book:
    """Recorded odds by columns, all of which are there.

    Parameters
    ----------
    source : Series
        Of odds.
    window : int
        Of the contract, ms.
    """

    def __init__(self, source: Series, window: int) -> None:
        self.time, self.period, self.window, self.held = source.time, source.period, window, {*source.columns}
        self._columns = {name: np.asarray(values) for name, values in source.columns.items()}
        # An empty side is written as 0, or as 1 of the other: nobody offers a share there.
        for name in self.held & {"up", ASK, BID}:
            price = self._columns[name]
            self._columns[name] = np.where((price > 0) & (price < 1), price, np.nan)
        age = np.nan_to_num(self._columns.get(QUOTE_AGE, np.zeros(len(source))))
        self.quoted = self.time - (1_000 * np.maximum(age, 0.0)).astype(int64)

    @property
    def has_sides(self) -> bool:
        """Whether both the best bid and ask were recorded."""
        return {ASK, BID} <= self.held

    def find_in_effect(self, at: NDArray[int64], start: NDArray[int64]) -> NDArray[int64]:
        """Find the row in effect at each moment of a window, -1 where there is none, it is too old, or it is too late."""
        row = np.searchsorted(self.time, at, side="right") - 1
        young = (at - self.time[row] < self.period) & (at - self.quoted[row] <= self.period)
        in_time = (at == start) | (at <= start + self.window - LAST_MOMENTS)
        return np.where((row >= 0) & (self.time[row] >= start) & young & in_time, row, -1)

    def read(self, name: str, row: NDArray[int64], otherwise: float = np.nan) -> NDArray[float64]:
        """Read a column at some rows: NaN where there is no row, and a given number where nobody recorded the column."""
        if name not in self.held:
            return np.full(len(row), otherwise)
        return np.where(row >= 0, self._columns[name][row], np.nan)

    def find_touches(self, side: int, limit: NDArray[float64], after: NDArray[int64], last: NDArray[int64]) -> NDArray[int64]:
        """Find the first row stamped in (after, last] that offers a side at a limit or below, -1 where none does, shape (n,).

        It must have been quoted after the order was there, too.
        """
        asked = self._columns[ASK] if side > 0 else 1 - self._columns[BID]
        first, end = (np.searchsorted(self.time, at, side="right") for at in (after, last))
        rows = np.full(len(limit), -1, int64)
        for i in np.flatnonzero(np.isfinite(limit) & (first < end)):
            there = slice(first[i], end[i])
            touched = np.flatnonzero((asked[there] <= limit[i] + ON_TICK) & (self.quoted[there] > after[i]))
            rows[i] = first[i] + touched[0] if len(touched) else -1
        return rows


def _cross(
    contract: Binary, book: _Book, row: NDArray[int64], at: NDArray[int64], mid: NDArray[float64]
) -> tuple[Offer, Offer]:
    """Offer both sides at what is asked for them."""
    half, fee, tick = contract.half_spread, book.read(FEE, row), book.read(TICK, row)
    up = np.maximum(book.read(ASK, row) - half, mid) if ASK in book.held else mid
    down = np.maximum(1 - book.read(BID, row) - half, 1 - mid) if BID in book.held else 1 - mid
    up_size, down_size = (book.read(name, row, np.inf) for name in (ASK_SIZE, BID_SIZE))
    nothing = np.zeros(len(row))
    return (
        Offer(up, all_in_price(contract, up, fee, tick), up_size, nothing, at),
        Offer(down, all_in_price(contract, down, fee, tick), down_size, nothing, at),
    )


def _rest(contract: Binary, book: _Book, row: NDArray[int64], at: NDArray[int64], start: NDArray[int64], side: int) -> Offer:
    """Offer one side at its best bid, as far as what was offered later came to it."""
    limit = book.read(BID, row) if side > 0 else 1 - book.read(ASK, row)
    touched = book.find_touches(side, limit, at, start + book.window - LAST_MOMENTS)
    size = contract.touched * book.read(ASK_SIZE if side > 0 else BID_SIZE, touched, np.inf)
    fee = _or_else(book.read(FEE, row), contract.fee)
    filled = np.where((touched >= 0) & (size > 0), book.time[touched], NOT_FILLED)
    return Offer(limit, limit, np.where(filled >= 0, size, 0.0), contract.rebate * fee * limit * (1 - limit), filled)


def all_in_price(
    contract: Binary,
    price: NDArray[float64],
    fee: NDArray[float64] | None = None,
    tick: NDArray[float64] | None = None,
) -> NDArray[float64]:
    """Compute what a share costs with half the spread and the taker fee: its break-even chance.

    Source: Polymarket's taker fee, ``shares * fee * p * (1 - p)``, at the price paid.

    Parameters
    ----------
    price : ndarray of float64, shape (n,)
        Before both.
    fee, tick : ndarray of float64, shape (n,), optional
        Of each window itself, NaN where it is the contract's.
    """
    step = np.full(len(price), contract.tick) if tick is None else np.where(tick > 0, tick, contract.tick)
    rate = contract.fee if fee is None else _or_else(fee, contract.fee)
    ask = _round_up(price + contract.half_spread, step)
    return ask + rate * ask * np.maximum(1 - ask, 0.0)


def _or_else(own: NDArray[float64], contract: float) -> NDArray[float64]:
    """Take the contract's number where a window has none of its own; one below 0 is none."""
    return np.where(own >= 0, own, contract)


def _round_up(price: NDArray[float64], tick: NDArray[float64]) -> NDArray[float64]:
    """Round prices up to their ticks, where there are some."""
    stepped = tick > 0
    steps = price / np.where(stepped, tick, 1.0)
    off = stepped & (np.abs(steps - np.round(steps)) >= ON_TICK)
    return np.where(off, np.ceil(steps) * tick, price)
