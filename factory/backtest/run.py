"""From probabilities to P&L, for every kind of contract."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy import bool_, float64, int8, int64
from numpy.typing import NDArray

from factory.backtest import binary, perpetual
from factory.backtest.account import Leg
from factory.backtest.account_book import Book, combine_outcomes, count_by_contract, replace_leg_sides, trade_together
from factory.backtest.baselines import twin_sides
from factory.backtest.fills import Fills, Turn, compound, mark_ruined, sum_by_day
from factory.backtest.kernel import Funding
from factory.backtest.metrics import Forecast, TimeScale, class_metrics, forecast, performance_metrics
from factory.backtest.perpetual import Levels
from factory.backtest.quotes import Quotes, assume_quotes
from factory.backtest.result import DROPPED, Daily, Result, Trades
from factory.core.errors import FlowError
from factory.core.times import to_ms
from factory.market.contracts import Binary, Contract, Perpetual
from factory.market.series import Series
from factory.market.settlement import Outcomes
from factory.pipeline.parts.trades import LongOrShort, Trade, UpOrDown


def run_backtest(
    trade: Trade,
    contract: Contract,
    series: Series,
    times: NDArray[int64],
    p: NDArray[float64],
    *,
    start: int,
    end: int,
    horizon_ms: int,
    y: NDArray[int8] | None = None,
    base_rate: float | None = None,
    barriers: Levels | None = None,
    volatility: NDArray[float64] | None = None,
    quotes: Quotes | None = None,
    outcomes: Outcomes | None = None,
    moves: NDArray[float64] | None = None,
    flat: NDArray[bool_] | None = None,
    half_spread: NDArray[float64] | None = None,
    funding: Funding | None = None,
    seed: int = 0,
) -> Result:
    """Trade a contract on predicted chances of up.

    Parameters
    ----------
    trade, contract : Trade, Contract
        What is done, and what it costs at least; ``up_or_down`` trades a binary, ``long_or_short`` a perpetual.
    series : Series
        Bars of ``contract.of``; a fill is the open of the bar that starts at the decision, or of the next
        in which somebody trades, at most :data:`~factory.backtest.perpetual.WAIT` bars later.
    times : ndarray of int64, shape (n,)
        Decisions, ms UTC, strictly increasing.
    p : ndarray of float64, shape (n,)
        Chance of up at each, never NaN; of three classes among up and down.
    start, end : int
        The partition's bounds, ms UTC: decisions lie in them, and days are counted over them.
    horizon_ms : int
        The label's horizon: how far neighbouring decisions share an outcome.
    y : ndarray of int8, shape (n,), optional
        Label of each decision, -1 where there is none or it is flat; scores the chances, never the P&L.
    base_rate : float, optional
        Share of ups in train, which a forecast without skill would predict.
    barriers : Levels, optional
        For an exit at barriers.
    volatility : ndarray of float64, shape (n,), optional
        Realised yearly volatility at each decision, for sizes that look at it (see :func:`needs_volatility`).
    quotes : Quotes, optional
        Of a binary: what either side cost at each decision, as far as it was recorded.
    outcomes : Outcomes, optional
        How the window of each decision ended, of a binary that other rows than its bars settle.
    moves : ndarray of float64, shape (n,), optional
        Of three classes: chance that the outcome is not flat.
    flat : ndarray of bool, shape (n,), optional
        Whether a decision's label is flat; comes with `moves`.
    half_spread : ndarray of float64, shape (bars,), optional
        Half the recorded spread at the open of each bar, as a share of the price, where the contract's is recorded.
    funding : Funding, optional
        Recorded payments, where the contract's are recorded.
    seed : int
        Of the coin-flip twin.

    Returns
    -------
    Result
        Trades and figures; the same for the same input, bit for bit.

    Raises
    ------
    FlowError
        If the trade does not fit the contract, or something that it needs did not come.
    """
    _check_chances(times, p, moves, start, end)
    outcome, fills, turn = _filled(
        trade, contract, series, times, p, end, barriers, volatility, quotes, outcomes, horizon_ms, moves, half_spread, funding
    )
    clock = TimeScale(start, end, series.period, horizon_ms)

    def account(fills: Fills) -> Accounted:
        trades, equity = compound(fills, p)
        daily = sum_by_day(trades, start, end)
        return Accounted(trades, equity, daily, performance_metrics(contract, trades, equity, daily, clock))

    own = account(fills)
    twins = {name: account(turn(own.trades.decision, side)) for name, side in twin_sides(own.trades, seed).items()}
    more = {} if moves is None else class_metrics(p, moves, y, flat)
    chances = forecast(times, p, y, clock, base_rate), more | count_unsettled(contract, outcome, quotes, end)
    return _make_result(own, twins, chances, mark_ruined(outcome, own.trades, own.equity), describe_assumed_price(contract))


def run_account(
    legs: Sequence[Leg],
    times: NDArray[int64],
    p: NDArray[float64],
    *,
    start: int,
    end: int,
    horizon_ms: int,
    y: NDArray[int8] | None = None,
    base_rate: float | None = None,
    moves: NDArray[float64] | None = None,
    flat: NDArray[bool_] | None = None,
    seed: int = 0,
) -> Result:
    """Trade several perpetuals in one account on the same chances of up; see :mod:`factory.backtest.account`.

    Parameters
    ----------
    legs : sequence of Leg
        In the order in which they find room where several enter at once.
    times, p, start, end, horizon_ms, y, base_rate, moves, flat, seed
        As for :func:`run_backtest`.

    Returns
    -------
    Result
        Of the whole account, with what each contract earned.
    """
    _check_chances(times, p, moves, start, end)
    clock = TimeScale(start, end, max(leg.orders.bars.period for leg in legs), horizon_ms)

    def account(legs: Sequence[Leg]) -> tuple[Accounted, Book]:
        book = trade_together(legs, p)
        daily = sum_by_day(book.trades, start, end)
        earned = performance_metrics(legs[0].contract, book.trades, book.equity, daily, clock, book.drawdown)
        return Accounted(book.trades, book.equity, daily, earned), book

    own, book = account(legs)
    twins = {name: account(replace_leg_sides(legs, own.trades, side))[0] for name, side in twin_sides(own.trades, seed).items()}
    chances = forecast(times, p, y, clock, base_rate), {} if moves is None else class_metrics(p, moves, y, flat)
    result = _make_result(own, twins, chances, combine_outcomes(book.outcome), "")
    return replace(result, by_contract=count_by_contract([leg.name for leg in legs], book))


class Accounted(NamedTuple):
    """Trades, the equity after each, days and figures of one account."""

    trades: Trades
    equity: NDArray[float64]
    daily: Daily
    metrics: dict[str, float]


def _make_result(
    own: Accounted,
    twins: Mapping[str, Accounted],
    chances: tuple[Forecast, dict[str, float]],
    outcome: NDArray[int8],
    assumed: str,
) -> Result:
    scored, classes = chances
    return Result(
        trades=own.trades,
        equity=own.equity,
        daily=own.daily,
        outcome=outcome,
        metrics=own.metrics | scored.metrics | classes,
        twins={name: twin.metrics for name, twin in twins.items()},
        twin_trades={name: twin.trades for name, twin in twins.items()},
        reliability=scored.reliability,
        assumed=assumed,
    )


def _check_chances(times: NDArray[int64], p: NDArray[float64], moves: NDArray[float64] | None, start: int, end: int) -> None:
    if len(times) and (np.any(np.diff(times) <= 0) or times[0] < start or times[-1] >= end):
        raise FlowError("sample: decisions must be in order and inside the partition")
    if np.isnan(p).any() or (moves is not None and np.isnan(moves).any()):
        raise FlowError("meta: a predicted chance is missing; drop decisions with missing features first")


def count_unsettled(contract: Contract, outcome: NDArray[int8], quotes: Quotes | None, end: int) -> dict[str, float]:
    """Count the windows that were wanted as offered and of which nobody knows how they ended; nothing of none.

    A look counts them as lost, so that it is planned with them.
    """
    if not isinstance(contract, Binary) or quotes is None:
        return {}
    offered = np.isfinite(quotes.up.paid) | np.isfinite(quotes.down.paid)
    wanted = (outcome == DROPPED) & offered & (quotes.start + to_ms(contract.window) <= end)
    lost = len(np.unique(quotes.start[wanted]))
    return {"unsettled": float(lost)} if lost else {}


def describe_assumed_price(contract: Contract) -> str:
    """Say what must stand beside every number where no price was recorded; nothing where one was."""
    if not isinstance(contract, Binary) or contract.odds:
        return ""
    decimals = max(2, len(f"{contract.price}") - 2)
    return f"at an assumed price of {contract.price:.{decimals}f}"


def _filled(
    trade: Trade,
    contract: Contract,
    series: Series,
    times: NDArray[int64],
    p: NDArray[float64],
    end: int,
    barriers: Levels | None,
    volatility: NDArray[float64] | None,
    quotes: Quotes | None,
    outcomes: Outcomes | None,
    horizon_ms: int,
    moves: NDArray[float64] | None,
    half_spread: NDArray[float64] | None,
    funding: Funding | None,
) -> tuple[NDArray[int8], Fills, Turn]:
    match trade, contract:
        case UpOrDown(), Binary():
            offered = quotes or assume_quotes(contract, series, times)
            settled = outcomes or binary.settle_by_bars(contract, series, offered.start, end)
            return binary.fill(trade, contract, times, p, offered, settled)
        case LongOrShort(), Perpetual():
            orders = perpetual.plan_orders(
                trade, contract, series, times, p, end, barriers, volatility, horizon_ms, moves, half_spread, funding
            )
            return perpetual.fill(orders)
    fitting = "up_or_down" if isinstance(contract, Binary) else "long_or_short"
    raise FlowError(f"trade.use: '{trade.use}' does not fit a {contract.use} contract; use '{fitting}'")
