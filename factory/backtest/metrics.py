"""The figures of a backtest. What cannot be computed is left out, never NaN."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy import bool_, float64, int8, int64
from numpy.typing import NDArray

from factory.backtest.result import DUST, Daily, Trades
from factory.core.times import DAY, DAYS_A_YEAR
from factory.learning.chances import nest_chances
from factory.market.contracts import Binary, Contract
from factory.statistics import calibration, roc_auc
from factory.statistics.blocks import LEAST_BLOCKS, block_length, block_mean, count_blocks
from factory.statistics.intervals import break_even
from factory.statistics.sharpe import mertens_error, moments, psr


@dataclass(frozen=True, slots=True)
class TimeScale:
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


def performance_metrics(
    contract: Contract,
    trades: Trades,
    equity: NDArray[float64],
    daily: Daily,
    clock: TimeScale,
    drawdown: float | None = None,
) -> dict[str, float]:
    """Compute what the trades earned.

    Parameters
    ----------
    contract : Contract
        Any of the account's, which are of one kind.
    drawdown : float, optional
        Greatest, where several positions were open at once.

    Returns
    -------
    dict of str to float
        Always: trades, total_return, max_drawdown (both shares of equity; the
        drawdown looks inside trades), turnover (times equity a year), exposure
        (share of time in a position), costs and funding (in units of the
        starting equity).

        With trades: win_rate, break_even, mean_net (per share of a binary or unit of notional), mean_cost (the
        same, funding apart; a stop's overshoot is in its price) and blocks, how many stretches of time hold
        trades; from 30 of them on, unless all payoffs are the same, mean_error, mean_low, mean_high and p_value
        (one-sided, for a mean above 0), by one t on block means, and win_low and win_high, of a binary the same interval.

        With varying days, unless ruined: sharpe (yearly, of blocks of days) and, from 30 blocks on, of the same blocks
        sharpe_error, sharpe_luck (the error without any edge) and psr (the chance that the true one is above 0).
    """
    known = {
        "trades": float(len(trades)),
        "total_return": float(equity[-1] - 1),
        "max_drawdown": _drawdown(trades, equity) if drawdown is None else drawdown,
        "turnover": _turnover(contract, trades) * DAYS_A_YEAR * DAY / (clock.end - clock.start),
        "exposure": _time_held(trades) / (clock.end - clock.start),
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
    times: NDArray[int64], p: NDArray[float64], y: NDArray[int8] | None, clock: TimeScale, base_rate: float | None
) -> Forecast:
    """Score the chances against the labels.

    Returns
    -------
    Forecast
        Metrics one_chance, where all chances are the same; with labels: labelled, auc, auc_low, auc_high (DeLong where
        labels do not overlap, else by blocks), brier, brier_skill (against `base_rate`), log_loss, slope and intercept
        of the recalibration; and the reliability table.
    """
    alike = {"one_chance": float(p[0])} if len(p) and np.ptp(p) < 1e-12 else {}
    rows = np.flatnonzero(y >= 0) if y is not None else np.empty(0, int64)
    if y is None or not len(rows):
        return Forecast(alike, np.empty((0, 3)))
    times, p, y = times[rows], p[rows], y[rows]
    metrics = alike | {"labelled": float(len(rows)), "brier": calibration.brier(y, p), "log_loss": calibration.log_loss(y, p)}
    if base_rate is not None and 0 < base_rate < 1:
        metrics["brier_skill"] = calibration.skill(y, p, base_rate)
    if fitted := calibration.recalibration(y, p):
        metrics["slope"], metrics["intercept"] = fitted
    ranked = roc_auc.auc(y, p)
    if ranked:
        metrics["auc"] = ranked.value
        apart = len(times) < 2 or int(np.diff(times).min()) >= clock.horizon
        block = block_length(clock.period, clock.horizon, 0)
        interval = roc_auc.delong(y, ranked)[1:] if apart else roc_auc.block_interval(y, ranked, times, block)
        if interval:
            metrics["auc_low"], metrics["auc_high"] = interval
    return Forecast(metrics, calibration.reliability(y, p, order=ranked.order if ranked else None))


def class_metrics(
    p: NDArray[float64], moves: NDArray[float64], y: NDArray[int8] | None, flat: NDArray[bool_] | None
) -> dict[str, float]:
    """Score chances of three classes, beside what :func:`forecast` says of the direction of what moved.

    Returns
    -------
    dict of str to float
        flat_share, class_log_loss, base_class_log_loss (of the shares with which the classes came: a forecast without
        skill does no better) and macro_f1; nothing without labels.
    """
    if y is None or flat is None or not (known := flat | (y >= 0)).any():
        return {}
    classes = np.where(flat, 1, 2 * y)[known]
    chances = nest_chances(moves[known], p[known])
    shares = np.bincount(classes, minlength=3) / len(classes)
    return {
        "flat_share": float(shares[1]),
        "class_log_loss": calibration.multiclass_log_loss(classes, chances),
        "base_class_log_loss": calibration.multiclass_log_loss(classes, np.tile(shares, (len(classes), 1))),
        "macro_f1": calibration.macro_f1(classes, chances),
    }


def _drawdown(trades: Trades, equity: NDArray[float64]) -> float:
    peak = np.maximum.accumulate(equity)[:-1]
    lowest = np.maximum(equity[:-1] * (1 + trades.worst), 0.0)
    return float(np.max(1 - lowest / peak, initial=0.0))


def _time_held(trades: Trades) -> float:
    """Sum the ms in which any position was open."""
    begun = np.maximum(trades.entry_ms, np.append(0, np.maximum.accumulate(trades.exit_ms)[:-1]) if len(trades) else 0)
    return float(np.maximum(trades.exit_ms - begun, 0).sum())


def _turnover(contract: Contract, trades: Trades) -> float:
    """Sum the traded amounts over the equity at entry: a binary is bought, a perpetual bought and sold."""
    if isinstance(contract, Binary):
        return float(trades.size.sum())
    return float((trades.size * (1 + trades.exit_price / trades.price)).sum())


def _payoffs(contract: Contract, trades: Trades, block: int) -> dict[str, float]:
    payoff = trades.payoff
    # A share of a void window pays one half: of a cheap one that is a gain, and of none a win.
    won = trades.exit_price > 0.5 if isinstance(contract, Binary) else payoff > 0
    known = {"win_rate": float(won.mean()), "mean_net": float(payoff.mean()), "mean_cost": float(trades.unit_cost.mean())}
    known["blocks"] = float(count_blocks(trades.entry_ms, block))
    mean = block_mean(payoff, trades.entry_ms, block)
    if mean:
        known |= {"mean_error": mean.error, "mean_low": mean.low, "mean_high": mean.high, "p_value": mean.p_value}
    if isinstance(contract, Binary):
        known["break_even"] = float((trades.price + trades.unit_cost).mean())
        return known | wins_of_binary(known)
    if won.any() and not won.all():
        known["break_even"] = break_even(float(payoff[won].mean()), float(-payoff[~won].mean()))
    rate = block_mean(won.astype(float64), trades.entry_ms, block)
    return known | ({"win_low": max(0.0, rate.low), "win_high": min(1.0, rate.high)} if rate else {})


def wins_of_binary(known: Mapping[str, float]) -> dict[str, float]:
    """Compute the interval of a binary's win rate.

    It is that of the mean net payoff, which is the win rate less what was paid.
    """
    if "mean_low" not in known:
        return {}
    even = known["break_even"]
    return {"win_low": max(0.0, even + known["mean_low"]), "win_high": min(1.0, even + known["mean_high"])}


def _sharpe(daily: Daily, block: int) -> dict[str, float]:
    """Compute the yearly Sharpe ratio with its errors.

    All of the same blocks of days, which hold the longest position and four horizons.
    """
    days = -(-block // DAY)
    whole = len(daily.ret) // days * days
    of = moments(daily.ret[:whole].reshape(-1, days).sum(axis=1))
    if of is None:
        return {}
    yearly = sqrt(DAYS_A_YEAR / days)
    known = {"sharpe": of.sharpe * yearly}
    if of.n >= LEAST_BLOCKS:
        error = mertens_error(of)
        known |= {"sharpe_error": error * yearly, "sharpe_luck": yearly / sqrt(of.n - 1), "psr": psr(of.sharpe, error)}
    return known
