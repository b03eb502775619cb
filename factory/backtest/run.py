"""From probabilities to P&L, for every kind of contract."""

import numpy as np
from numpy import bool_, float64, int8, int64
from numpy.typing import NDArray

from factory.backtest import binary, perpetual
from factory.backtest.baselines import twin_sides
from factory.backtest.binary import Quotes
from factory.backtest.fills import Fills, Turn, compound, mark_ruined, sum_by_day
from factory.backtest.kernel import Funding
from factory.backtest.metrics import TimeScale, class_metrics, forecast, performance_metrics
from factory.backtest.perpetual import Levels
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
    if len(times) and (np.any(np.diff(times) <= 0) or times[0] < start or times[-1] >= end):
        raise FlowError("sample: decisions must be in order and inside the partition")
    if np.isnan(p).any() or (moves is not None and np.isnan(moves).any()):
        raise FlowError("meta: a predicted chance is missing; drop decisions with missing features first")
    outcome, fills, turn = _filled(
        trade, contract, series, times, p, end, barriers, volatility, quotes, outcomes, horizon_ms, moves, half_spread, funding
    )
    clock = TimeScale(start, end, series.period, horizon_ms)

    def account(fills: Fills) -> tuple[Trades, NDArray[float64], Daily, dict[str, float]]:
        trades, equity = compound(fills, p)
        daily = sum_by_day(trades, start, end)
        return trades, equity, daily, performance_metrics(contract, trades, equity, daily, clock)

    trades, equity, daily, earned = account(fills)
    scored = forecast(times, p, y, clock, base_rate)
    twins = {name: account(turn(trades.decision, side)) for name, side in twin_sides(trades, seed).items()}
    classes = {} if moves is None else class_metrics(p, moves, y, flat)
    return Result(
        trades=trades,
        equity=equity,
        daily=daily,
        outcome=mark_ruined(outcome, trades, equity),
        metrics=earned | scored.metrics | classes | count_unsettled(contract, times, outcome, quotes, end),
        twins={name: twin[3] for name, twin in twins.items()},
        twin_trades={name: twin[0] for name, twin in twins.items()},
        reliability=scored.reliability,
        assumed=describe_assumed_price(contract),
    )


def count_unsettled(
    contract: Contract, times: NDArray[int64], outcome: NDArray[int8], quotes: Quotes | None, end: int
) -> dict[str, float]:
    """Count the windows that were wanted at a known price and of which nobody knows how they ended; nothing of none.

    A look counts them as lost, so that it is planned with them.
    """
    if not isinstance(contract, Binary) or quotes is None:
        return {}
    wanted = (outcome == DROPPED) & np.isfinite(quotes.mid) & (times + to_ms(contract.window) <= end)
    return {"unsettled": float(wanted.sum())} if wanted.any() else {}


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
            settled = outcomes or binary.settle_by_bars(contract, series, times, end)
            return binary.fill(trade, contract, series, times, p, quotes or binary.assume_quotes(contract, len(p)), settled)
        case LongOrShort(), Perpetual():
            return perpetual.fill(
                trade, contract, series, times, p, end, barriers, volatility, horizon_ms, moves, half_spread, funding
            )
    fitting = "up_or_down" if isinstance(contract, Binary) else "long_or_short"
    raise FlowError(f"trade.use: '{trade.use}' does not fit a {contract.use} contract; use '{fitting}'")
