"""Whether a pipeline trades on the sealed part as it did on validation, on which its look was planned.

Volatility may shift, and trading with it: days are compared with days of about the same volatility.
"""

import numpy as np
from numpy import float64, int64
from numpy.typing import NDArray

from factory.core.times import DAY
from factory.flow import Scored
from factory.market.contracts import Binary, Contract
from factory.market.series import Partition
from factory.statistics.blocks import ROUNDING

LEVEL = 0.01
"""At which a difference is one, over all that is compared."""
GROUPS = 4
"""Of days by their volatility."""
WEEK, FEWEST_WEEKS = 7, 8
"""Days that are averaged where both parts have so many weeks: days follow each other alike."""
MOST_ALIKE = 0.9
"""Greatest correlation of neighbours that is allowed for: more can't be told from so few weeks."""


def compare_trading(
    contract: Contract, validation: tuple[Partition, Scored], sealed: tuple[Partition, Scored]
) -> dict[str, float]:
    """Compare how a pipeline traded on two partitions.

    Returns
    -------
    dict of str to float
        Two-sided p-values: of decisions taken a day (rate), of sides, of a binary's prices (price: their mean, ends: how
        far they lie from one half), of the time a perpetual is held (exposure), by :func:`difference` of days or weeks.
    """
    volatility = [_volatility(contract, partition) for partition, _ in (validation, sealed)]
    group = _groups(np.concatenate(volatility))
    p_values = {}
    for name in _daily(contract, *validation):
        days = [_daily(contract, *part)[name] for part in (validation, sealed)]
        rest = _beyond_volatility(np.concatenate(days), group)
        left, right = _averaged(rest[: len(days[0])], rest[len(days[0]) :])
        p_values[name] = mean_difference_p_value(left, right)
    return p_values


def mean_difference_p_value(left: NDArray[float64], right: NDArray[float64]) -> float:
    """Compute the two-sided p-value for a difference of two means of equally autocorrelated values.

    Welch's t, its error widened and its degrees of freedom lowered by what a first-order autoregression with the values' own
    correlation says (Bartlett 1946), that correlation freed of its bias in short series (Kendall 1954).
    """
    from scipy.special import stdtr

    n, both = len(left) + len(right), np.concatenate([left, right])
    if min(len(left), len(right)) < 2 or np.ptp(both) <= ROUNDING * np.abs(both).max():
        return 1.0
    rests = [part - part.mean() for part in (left, right)]
    squares = sum(float(rest @ rest) for rest in rests)
    follows = sum(float(rest[1:] @ rest[:-1]) for rest in rests) / squares if squares > 0 else 0.0
    correlation = float(np.clip(follows + 2 * (1 + 4 * follows) / n, 0.0, MOST_ALIKE))
    wider = (1 + correlation) / (1 - correlation)
    error = np.sqrt(wider * sum(float(part.var(ddof=1)) / len(part) for part in (left, right)))
    if not error > 0:
        return 0.0
    return float(2 * stdtr(max((n - 2) / wider, 2.0), -abs(left.mean() - right.mean()) / error))


def is_alike(differences: dict[str, float]) -> bool:
    """Check that none of some p-values is a difference at :data:`LEVEL`. Source: Bonferroni over all of them."""
    return min(differences.values(), default=1.0) >= LEVEL / max(len(differences), 1)


def _daily(contract: Contract, partition: Partition, scored: Scored) -> dict[str, NDArray[float64]]:
    """Compute the daily sums that are compared, one value a day of a partition."""
    trades = scored.result.trades
    day, count = trades.entry_ms // DAY - partition.start // DAY, _days(partition)

    def summed(values: NDArray[float64]) -> NDArray[float64]:
        return np.bincount(day, values, count).astype(float64)

    sums = {"rate": summed(np.ones(len(trades))), "sides": summed(trades.side.astype(float64))}
    if isinstance(contract, Binary):
        if contract.odds is None:
            return sums
        return sums | {"price": summed(trades.price), "ends": summed(np.abs(trades.price - 0.5))}
    return sums | {"exposure": summed((trades.exit_ms - trades.entry_ms).astype(float64) / DAY)}


def _days(partition: Partition) -> int:
    return int((partition.end - 1) // DAY - partition.start // DAY) + 1


def _volatility(contract: Contract, partition: Partition) -> NDArray[float64]:
    """Compute the root of the summed squared log moves of each day of a partition."""
    series = partition.series[contract.of]
    rows = slice(*np.searchsorted(series.time, [partition.start, partition.end]))
    close, time = series.columns["close"][rows], series.time[rows]
    change = np.nan_to_num(np.diff(np.log(close), prepend=np.nan))
    return np.sqrt(np.bincount(time // DAY - partition.start // DAY, change**2, _days(partition)))


def _groups(volatility: NDArray[float64]) -> NDArray[int64]:
    edges = np.quantile(volatility, np.linspace(0, 1, GROUPS + 1)[1:-1])
    return np.asarray(np.searchsorted(edges, volatility), dtype=int64)


def _beyond_volatility(values: NDArray[float64], group: NDArray[int64]) -> NDArray[float64]:
    """Subtract from values the mean of their group."""
    size = np.maximum(np.bincount(group, minlength=GROUPS), 1)
    return np.asarray(values - (np.bincount(group, values, GROUPS) / size)[group])


def _averaged(*parts: NDArray[float64]) -> list[NDArray[float64]]:
    """Average days over weeks where both parts have enough weeks; else keep the days themselves."""
    if min(len(part) for part in parts) < WEEK * FEWEST_WEEKS:
        return list(parts)
    return [part[: len(part) // WEEK * WEEK].reshape(-1, WEEK).mean(axis=1) for part in parts]
