"""Trades by hour, weekday, month, side, confidence and volatility."""

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy import float64
from numpy.typing import NDArray

from factory.core.times import DAY, HOUR
from factory.statistics.blocks import block_length, block_mean

BINS = 5
MOST_DIGITS = 10
"""Of an edge of a bin: what differs behind them is rounding."""
NOISE = 1e-12
"""Share of the greatest of some numbers below which their mean is what rounding left where they cancel."""
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
FIRST_WEEKDAY = 3
"""1970-01-01 was a Thursday."""

Trades = Mapping[str, NDArray[Any]]
Split = tuple[list[str], NDArray[np.intp]]


class Group(NamedTuple):
    """Some trades.

    Parameters
    ----------
    name : str
    trades : int
    win_rate : float
        Share whose net payoff is above 0.
    low, high : float or None
        Its 95 % interval by one t on block means, as all intervals of a trial; None with trades in fewer than 30 blocks.
    mean_net : float
        Per share of a binary or unit of notional.
    """

    name: str
    trades: int
    win_rate: float
    low: float | None
    high: float | None
    mean_net: float


def find_block(trades: Trades, period: int, horizon: int) -> int:
    """Compute the length of the blocks by which a trial's errors are taken, in ms.

    Parameters
    ----------
    trades : mapping of str to ndarray
    period, horizon : int
        Of the traded bars and of the label, in ms.
    """
    life = int((trades["exit_ms"] - trades["entry_ms"]).max(initial=0))
    return block_length(period, horizon, life)


def group_trades(trades: Trades, by: str, block: int) -> list[Group]:
    """Group trades by one of :data:`GROUPINGS` or :data:`BY_CONTRACT`, in its order, without groups that hold none.

    Parameters
    ----------
    trades : mapping of str to ndarray
        Columns of :class:`~factory.backtest.result.Trades`, contracts by name, and ``volatility``.
    by : str
    block : int
        As :func:`find_block` computes it.
    """
    return group_by(trades, (GROUPINGS | BY_CONTRACT)[by](trades), block)


def group_by(trades: Trades, split: Split, block: int) -> list[Group]:
    """Group trades by the names of groups and the group of each trade, without groups that hold none."""
    names, group = split
    payoff = trades["net"] / trades["unit"]
    groups = []
    for i, name in enumerate(names):
        mine = payoff[group == i]
        if len(mine):
            won = (mine > 0).astype(float64)
            rate = block_mean(won, trades["entry_ms"][group == i], block)
            low, high = (max(0.0, rate.low), min(1.0, rate.high)) if rate else (None, None)
            groups.append(Group(name, len(mine), float(won.mean()), low, high, mean_payoff(mine)))
    return groups


def mean_payoff(values: NDArray[float64]) -> float:
    """Compute the mean of at least one number; 0 where they cancel."""
    mean = float(values.mean())
    return mean if abs(mean) > NOISE * float(np.abs(values).max()) else 0.0


def _by_hour(trades: Trades) -> Split:
    return [f"{hour:02d}" for hour in range(24)], ((trades["entry_ms"] % DAY) // HOUR).astype(np.intp)


def _by_weekday(trades: Trades) -> Split:
    return [*WEEKDAYS], ((trades["entry_ms"] // DAY + FIRST_WEEKDAY) % 7).astype(np.intp)


def _by_month(trades: Trades) -> Split:
    months, group = np.unique(trades["entry_ms"].astype("datetime64[ms]").astype("datetime64[M]"), return_inverse=True)
    return [str(month) for month in months], group


def _by_side(trades: Trades) -> Split:
    return ["down", "up"], (trades["side"] > 0).astype(np.intp)


def split_evenly(measured: NDArray[float64], bins: int = BINS) -> Split:
    """Split values into bins of about equal count.

    What is missing, as a day's volatility after a gap, is a group of its own.
    """
    known = ~np.isnan(measured)
    group = np.full(len(measured), bins)
    if not known.any():
        return ["unknown"], group - bins
    edges = np.quantile(measured[known], np.linspace(0, 1, bins + 1))
    group[known] = np.clip(np.searchsorted(edges, measured[known], side="right") - 1, 0, bins - 1)
    ends = _spell_edges(edges)
    names = [low if low == high else f"{low}..{high}" for low, high in pairwise(ends)]
    return [*names, "unknown"], group


def _spell_edges(edges: NDArray[float64]) -> list[str]:
    """Spell edges with the fewest digits, three at least, at which those that differ read differently."""
    spelled: list[str] = []
    for digits in range(3, MOST_DIGITS + 1):
        spelled = [f"{edge:.{digits}g}" for edge in edges]
        if len({*spelled}) == len(np.unique(edges)):
            break
    return spelled


def split_by_value(measured: NDArray[float64], most: int = 2 * BINS) -> Split:
    """Split values by what they are, or into bins of about equal count where they are more than some number."""
    values, group = np.unique(np.round(measured, 6), return_inverse=True)
    return ([f"{value:.4g}" for value in values], group) if len(values) <= most else split_evenly(measured, most)


def _by_contract(trades: Trades) -> Split:
    names, group = np.unique(trades["contract"], return_inverse=True)
    return [str(name) for name in names], group


GROUPINGS: dict[str, Callable[[Trades], Split]] = {
    "hour": _by_hour,
    "weekday": _by_weekday,
    "month": _by_month,
    "side": _by_side,
    "confidence": lambda trades: split_evenly(np.abs(trades["p"] - 0.5)),
    "volatility": lambda trades: split_evenly(trades["volatility"]),
}
"""How trades may be grouped: names of the groups, and the group of each trade."""
BY_CONTRACT: dict[str, Callable[[Trades], Split]] = {"contract": _by_contract}
"""How trades of several contracts may be grouped too."""
