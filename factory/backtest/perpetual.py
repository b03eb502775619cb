"""A perpetual future at work: fills at bar opens, exits at barriers, times or signals."""

from dataclasses import dataclass, replace

import numpy as np
from numpy import bool_, float64, int8, int64
from numpy.typing import NDArray

from factory.backtest import sizing
from factory.backtest.fills import Fills, Turn, fillable_bars
from factory.backtest.funding import assume_funding
from factory.backtest.kernel import NEVER, Bars, Decisions, Funding, Terms, await_trading, locate, walk
from factory.backtest.result import NO_EDGE, TOO_SMALL
from factory.core.errors import FlowError
from factory.core.times import DAY, DAYS_A_YEAR, to_ms
from factory.market.contracts import Perpetual
from factory.market.series import Series
from factory.pipeline.parts import trades as parts

TIE = 1e-12
WAIT = 5
"""Bars that an order waits for somebody to trade: as long as the shortest windows that are traded on minutes."""


@dataclass(frozen=True, slots=True)
class Levels:
    """The label's barriers: the same two prices whichever side is taken.

    A long takes its profit at the upper and stops at the lower one; a short the other way round.

    Parameters
    ----------
    up, down : ndarray of float64, shape (decisions,)
        Distance above and below the fill, as a share of it; a decision where either is
        missing or not positive, which has no label, is dropped.
    horizon_ms : int
        The position is closed at the first open at or after the entry plus this.
    """

    up: NDArray[float64]
    down: NDArray[float64]
    horizon_ms: int


@dataclass(frozen=True, slots=True)
class Orders:
    """What is wanted of a perpetual at each decision, on its own bars and terms.

    Parameters
    ----------
    bars, decisions, terms, rates
        As the kernel takes them.
    wished : ndarray of float64, shape (decisions,)
        Share of equity before it was rounded to what an exchange takes.
    """

    bars: Bars
    decisions: Decisions
    terms: Terms
    rates: Funding
    wished: NDArray[float64]

    @property
    def is_too_small(self) -> NDArray[bool_]:
        """Whether less than the exchange takes as an order was left of what was wished, shape (decisions,)."""
        return np.asarray((self.decisions.side != 0) & (self.wished > 0) & (self.decisions.size <= 0))

    def replace_sides(
        self, decision: NDArray[int64], side: NDArray[int8], size: NDArray[float64], until: NDArray[int64]
    ) -> "Orders":
        """Take some decisions alone, on other sides, of some sizes, each until a moment."""
        none = self.decisions._replace(
            side=np.zeros(len(self.wished), int8), size=np.zeros(len(self.wished)), deadline=self.decisions.deadline.copy()
        )
        none.side[decision], none.size[decision], none.deadline[decision] = side, size, until
        return replace(self, decisions=none, terms=self.terms._replace(keep=-1.0), wished=none.size)


def fill(orders: Orders) -> tuple[NDArray[int8], Fills, Turn]:
    """Go long or short at each decision that is sure enough, one position at a time.

    Nothing is filled in a bar without volume; an exit waits until somebody trades.

    Returns
    -------
    outcome : ndarray of int8, shape (decisions,)
    fills : Fills
    turn : Turn
    """
    outcome, fills = _walked(orders)
    outcome[(outcome == NO_EDGE) & orders.is_too_small] = TOO_SMALL

    def refill(decision: NDArray[int64], side: NDArray[int8]) -> Fills:
        until = fills.exit_ms[np.searchsorted(fills.decision, decision)]
        return _walked(orders.replace_sides(decision, side, orders.decisions.size[decision], until))[1]

    return outcome, fills, refill


def plan_orders(
    trade: parts.LongOrShort,
    contract: Perpetual,
    series: Series,
    times: NDArray[int64],
    p: NDArray[float64],
    end: int,
    barriers: Levels | None,
    volatility: NDArray[float64] | None,
    horizon_ms: int,
    moves: NDArray[float64] | None = None,
    half_spread: NDArray[float64] | None = None,
    funding: Funding | None = None,
) -> Orders:
    """Choose side, size, fill and exit of each decision, whatever else is held.

    An entry waits for the next bar with volume, at most :data:`WAIT` bars, and is dropped after that.

    Raises
    ------
    FlowError
        If the exit needs barriers, the size a volatility, or the contract a recorded funding, that did not come.
    """
    bars = fillable_bars(series, end, half_spread)
    rates = assume_funding(contract, bars) if funding is None else funding
    long, short = (p, 1 - p) if moves is None else (moves * p, moves * (1 - p))
    likelier = np.where(long >= short - 2 * TIE, 1, -1)
    side = np.where(np.maximum(long, short) >= trade.enter - TIE, likelier, 0).astype(int8)
    up, down, hold = _exit(trade.exit, barriers, len(p))
    terms = kernel_terms(trade, contract, series)
    row = await_trading(bars, locate(bars.time, times), WAIT)
    win = np.where(side > 0, long, short)
    wished = _size(trade, contract, series, terms, win, side, up, down, volatility, horizon_ms)
    size = sizing.round_to_orders(wished, np.where(row < 0, np.nan, bars.open[row]), contract)
    deadline = np.full(len(p), NEVER) if hold is None else find_deadlines(series, bars.time[row], hold)
    decisions = Decisions(times, row, long, short, side, size, up, down, deadline)
    return Orders(bars, decisions, terms, rates, wished)


def find_deadlines(series: Series, entry: NDArray[int64], hold: int) -> NDArray[int64]:
    """Find the moments, ms UTC, from which on positions that are held for some time are left at the next open.

    Of a market that closes that is the open after the last bar that ends within the time.
    """
    if series.sessions is None:
        return entry + hold
    return np.append(series.time, NEVER)[np.searchsorted(series.ends, entry + hold, side="right")]


def kernel_terms(trade: parts.LongOrShort, contract: Perpetual, series: Series) -> Terms:
    """Collect what the kernel needs to know of a contract on its series, and of the trade's exit."""
    return Terms(
        market=contract.taker + contract.slippage,
        slippage=contract.slippage,
        maker=contract.maker,
        maintenance=contract.maintenance,
        keep=trade.exit.keep if isinstance(trade.exit, parts.Signal) else -1.0,
        stop=contract.taker + max(contract.slippage - series.overshoot, 0.0),
        overshoot=series.overshoot,
        tick=contract.tick,
    )


def _walked(orders: Orders) -> tuple[NDArray[int8], Fills]:
    bars, decisions = orders.bars, orders.decisions
    outcome, whole, money = walk(bars, decisions, orders.terms, orders.rates)
    taken = whole[:, 0]
    return outcome, Fills(
        decision=taken,
        entry_ms=bars.time[decisions.row[taken]],
        exit_ms=whole[:, 1],
        side=decisions.side[taken],
        size=decisions.size[taken],
        price=money[:, 5],
        exit_price=money[:, 0],
        gross=money[:, 1],
        cost=money[:, 2],
        funding=money[:, 3],
        unit=decisions.size[taken],
        payoff=money[:, 6],
        unit_cost=money[:, 7],
        worst=money[:, 4],
        reason=whole[:, 2].astype(int8),
    )


def _exit(
    leave: parts.Barriers | parts.After | parts.Signal, barriers: Levels | None, n: int
) -> tuple[NDArray[float64], NDArray[float64], int | None]:
    """Choose the distances of the barriers, and the longest time a position is held."""
    none = np.full(n, np.nan)
    match leave:
        case parts.Barriers():
            if barriers is None:
                raise FlowError("trade.exit.use: barriers needs a triple_barrier label; allowed: after, signal")
            return barriers.up, barriers.down, barriers.horizon_ms
        case parts.After():
            return none, none, to_ms(leave.hold)
        case parts.Signal():
            return none, none, None


def _trading_year(series: Series, hold: int) -> float:
    """Compute the ms of a year in which a price moves; of a market that closes those of trading, for what is left that day."""
    if series.sessions is None or hold >= DAY:
        return DAYS_A_YEAR * DAY
    pace = series.sessions.measure_pace()
    return DAYS_A_YEAR * DAY * pace.trading / pace.every


def needs_volatility(trade: parts.Trade) -> bool:
    """Check whether the trade's size looks at the realised volatility of what is held."""
    if isinstance(trade, parts.UpOrDown) or isinstance(trade.size, parts.Fixed):
        return False
    return isinstance(trade.size, parts.Volatility) or not isinstance(trade.exit, parts.Barriers)


def _size(
    trade: parts.LongOrShort,
    contract: Perpetual,
    series: Series,
    terms: Terms,
    win: NDArray[float64],
    side: NDArray[int8],
    up: NDArray[float64],
    down: NDArray[float64],
    volatility: NDArray[float64] | None,
    horizon_ms: int,
) -> NDArray[float64]:
    """Compute the wished share of equity.

    Without barriers, a move of one deviation over the holding time is won or lost. Of three classes a flat
    outcome counts as lost, which stakes less than it must.
    """
    if needs_volatility(trade) and volatility is None:
        raise FlowError(f"trade.size.use: {trade.size.use} needs the volatility of series '{contract.of}', which did not come")
    spread = np.full(len(win), np.nan) if volatility is None else volatility
    if not isinstance(trade.exit, parts.Barriers):
        hold = to_ms(trade.exit.hold) if isinstance(trade.exit, parts.After) else horizon_ms
        up = down = spread * np.sqrt(hold / _trading_year(series, hold))
    costs = 2 * terms.market
    beyond = terms.stop + terms.overshoot - terms.market if isinstance(trade.exit, parts.Barriers) else 0.0
    gain, loss = np.where(side > 0, up, down) - costs, np.where(side > 0, down, up) + costs + beyond
    share = sizing.share_of_equity(trade.size, sizing.Chances(win, gain, loss, spread))
    if isinstance(trade.exit, parts.Barriers):
        share = np.where((up > 0) & (down > 0), share, np.nan)
    return np.minimum(share, contract.leverage)
