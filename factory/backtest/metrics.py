"""The figures of a backtest. What cannot be computed is left out, never NaN."""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy import float64, int8, int64
from numpy.typing import NDArray

from factory.backtest.result import DUST, Daily, Trades
from factory.market.contracts import Binary, Contract
from factory.statistics import calibration, ranking
from factory.statistics.blocks import LEAST_BLOCKS, block_length, block_mean
from factory.statistics.intervals import binomial_tail, break_even, wilson
from factory.statistics.sharpe import mertens_error, moments, psr
from factory.times import DAY

DAYS_A_YEAR = 365


@dataclass(frozen=True, slots=True)
class Clock:
    """How time enters the figures, all in ms.

    Parameters
    ----------
    start, end : int
        Bounds of the partition.
    period : int
        Of the bars that fill.
    horizon : int
        Of the label.
    """

    start: int
    end: int
    period: int
    horizon: int


def figures(contract: Contract, trades: Trades, equity: NDArray[float64], daily: Daily, clock: Clock) -> dict[str, float]:
    """What the trades earned.

    Returns
    -------
    dict of str to float
        Always: trades, total_return, max_drawdown (both shares of equity; the
        drawdown looks inside trades), turnover (times equity a year), exposure
        (share of time in a position), costs and funding (in units of the
        starting equity).

        With trades: win_rate, win_low, win_high (Wilson, 95 %), break_even,
        mean_net (per share of a binary or unit of notional), mean_cost (the
        same, funding apart); mean_low, mean_high and p_value (one-sided, for a mean
        above 0) where there are enough: the exact binomial tail where one price holds,
        else a t on block means.

        With varying days, unless ruined: sharpe (yearly) and, from 30 blocks on, sharpe_error
        and psr (the chance that the true one is above 0).
    """
    known = {
        "trades": float(len(trades)),
        "total_return": float(equity[-1] - 1),
        "max_drawdown": _drawdown(trades, equity),
        "turnover": _turnover(contract, trades) * DAYS_A_YEAR * DAY / (clock.end - clock.start),
        "exposure": float((trades.exit_ms - trades.entry_ms).sum()) / (clock.end - clock.start),
        "costs": float(trades.cost.sum()),
        "funding": float(trades.funding.sum()),
    }
    life = int((trades.exit_ms - trades.entry_ms).max()) if len(trades) else 0
    block = block_length(clock.period, clock.horizon, life)
    return (
        known
        | (_payoffs(contract, trades, block) if len(trades) else {})
        | (_sharpe(daily, block) if equity[-1] > DUST else {})
    )


@dataclass(frozen=True, slots=True)
class Forecast:
    """How good the chances were, whatever was traded on them; see :func:`forecast`."""

    metrics: dict[str, float]
    reliability: NDArray[float64]


def forecast(
    times: NDArray[int64], p: NDArray[float64], y: NDArray[int8] | None, clock: Clock, base_rate: float | None
) -> Forecast:
    """Score the chances against the labels.

    Returns
    -------
    Forecast
        Metrics labelled, auc, auc_low, auc_high (DeLong where labels do not overlap, else by
        blocks), brier, brier_skill (against `base_rate`), log_loss, slope and intercept
        of the recalibration; and the reliability table.
    """
    rows = np.flatnonzero(y >= 0) if y is not None else np.empty(0, int64)
    if y is None or not len(rows):
        return Forecast({}, np.empty((0, 3)))
    times, p, y = times[rows], p[rows], y[rows]
    metrics = {"labelled": float(len(rows)), "brier": calibration.brier(y, p), "log_loss": calibration.log_loss(y, p)}
    if base_rate is not None and 0 < base_rate < 1:
        metrics["brier_skill"] = calibration.skill(y, p, base_rate)
    if fitted := calibration.recalibration(y, p):
        metrics["slope"], metrics["intercept"] = fitted
    ranked = ranking.auc(y, p)
    if ranked:
        metrics["auc"] = ranked.value
        apart = len(times) < 2 or int(np.diff(times).min()) >= clock.horizon
        block = block_length(clock.period, clock.horizon, 0)
        interval = ranking.delong(y, ranked)[1:] if apart else ranking.block_interval(y, ranked, times, block)
        if interval:
            metrics["auc_low"], metrics["auc_high"] = interval
    return Forecast(metrics, calibration.reliability(y, p, order=ranked.order if ranked else None))


def _drawdown(trades: Trades, equity: NDArray[float64]) -> float:
    peak = np.maximum.accumulate(equity)[:-1]
    lowest = np.maximum(equity[:-1] * (1 + trades.worst), 0.0)
    return float(np.max(1 - lowest / peak, initial=0.0))


def _turnover(contract: Contract, trades: Trades) -> float:
    """Traded amounts over the equity at entry: a binary is bought, a perpetual bought and sold."""
    if isinstance(contract, Binary):
        return float(trades.size.sum())
    return float((trades.size * (1 + trades.exit_price / trades.price)).sum())


def _payoffs(contract: Contract, trades: Trades, block: int) -> dict[str, float]:
    payoff, n = trades.payoff, len(trades)
    cost = trades.cost / trades.unit
    won = payoff > 0
    wins = int(won.sum())
    low, high = wilson(wins, n)
    known = {"win_rate": wins / n, "win_low": low, "win_high": high}
    known |= {"mean_net": float(payoff.mean()), "mean_cost": float(cost.mean())}
    mean = block_mean(payoff, trades.entry_ms, block)
    if mean:
        known |= {"mean_low": mean.low, "mean_high": mean.high, "p_value": mean.p_value}
    if isinstance(contract, Binary):
        paid = trades.price + cost
        known["break_even"] = float(paid.mean())
        if np.ptp(paid) < 1e-12:
            known["p_value"] = binomial_tail(wins, n, known["break_even"])
    elif 0 < wins < n:
        known["break_even"] = break_even(float(payoff[won].mean()), float(-payoff[~won].mean()))
    return known


def _sharpe(daily: Daily, block: int) -> dict[str, float]:
    """Yearly, from days; its error from blocks of days that hold the longest position and four horizons."""
    of_days = moments(daily.ret)
    if of_days is None:
        return {}
    known = {"sharpe": of_days.sharpe * sqrt(DAYS_A_YEAR)}
    days = -(-block // DAY)
    whole = len(daily.ret) // days * days
    of_blocks = moments(daily.ret[:whole].reshape(-1, days).sum(axis=1))
    if of_blocks and of_blocks.n >= LEAST_BLOCKS:
        error = mertens_error(of_blocks)
        known |= {"sharpe_error": error * sqrt(DAYS_A_YEAR / days), "psr": psr(of_blocks.sharpe, error)}
    return known
