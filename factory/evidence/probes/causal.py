"""P1 and P2: a feature at t must not move when what comes after t is cut off or replaced."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from numpy import float64, int64
from numpy.random import Generator
from numpy.typing import NDArray

from factory.core import canonical
from factory.core.times import DAY
from factory.evidence.probes.findings import BLOCK, Finding
from factory.expressions.columns import Columns
from factory.expressions.expression import Expression
from factory.expressions.keys import column_key
from factory.market.series import Partition, measure_paces
from factory.storage.cache import Cache

VERSION = 3
"""Raised when a probe would find something else in the same rows."""
CUTS = 64
"""Moments at which the rows after are cut off: a leak in a share q of rows is met with chance 1 - (1 - q)**64."""
TWISTS = 16
TOLERANCE, TOLERANCE_RECURSIVE = 1e-9, 1e-5
"""Shares of the value or of how far the feature spreads, whichever is more. A recursion that started elsewhere rounds
otherwise, and differences of such may have lost all digits but these."""
AHEAD = DAY
"""How much of what comes after a moment is replaced."""
SPARE = 2
"""Days of rows kept before a feature's look-back, for what is anchored to a day."""

Twist = Callable[[NDArray[float64], Generator], NDArray[float64]]
TWISTED: Mapping[str, Twist] = {
    "shuffled": lambda values, rng: rng.permutation(values),
    "scaled by 3": lambda values, rng: values * 3,
    "sign-flipped": lambda values, rng: -values,
}


def check_causality(
    expressions: Mapping[str, Expression], partition: Partition, times: NDArray[int64], cache: Cache | None
) -> list[Finding]:
    """Cut off, and replace, what comes after some decisions, and compare each feature there.

    A leak that is stored in the data file itself cannot be seen so; P4, P5, P8 and P10 are for that.

    Parameters
    ----------
    expressions : mapping of str to Expression
        Features by name.
    partition : Partition
        Whose rows are read.
    times : ndarray of int64, shape (n,)
        Decisions, ms UTC, increasing; 64 of them are probed.
    cache : Cache or None
        Keeps the greatest difference by feature and partition.
    """
    if not len(times):
        return []
    rng = np.random.default_rng(canonical.seed_for(partition.fingerprint, "probes.causal"))
    chosen = np.unique(np.concatenate([times[rng.choice(len(times), min(CUTS, len(times)), replace=False)], times[[0, -1]]]))
    whole = Columns(partition, cache)
    findings = []
    for name, expression in expressions.items():
        moved = _moved(expression, partition, chosen, whole, cache)
        findings += [
            Finding(probe, BLOCK, f"features.{name}: moves at a decision when rows after it are {how}; it reads the future")
            for probe, how in (("P1", "cut off"), ("P2", "replaced"))
            if moved[probe] > (TOLERANCE if expression.exact else TOLERANCE_RECURSIVE)
        ]
    return findings


def _moved(
    expression: Expression, partition: Partition, times: NDArray[int64], whole: Columns, cache: Cache | None
) -> dict[str, float]:
    """Measure the greatest relative difference that each of the two makes: cutting off, and replacing."""
    key = canonical.digest(["probes.causal", VERSION, column_key(expression.text, partition.fingerprint)])
    kept = cache.get(key) if cache else None
    if kept is not None:
        return dict(zip(("P1", "P2"), kept["moved"].tolist(), strict=True))
    moved = {"P1": _cut(expression, partition, times, whole), "P2": _twisted(expression, partition, times, whole)}
    if cache:
        cache.put(key, {"moved": np.array([*moved.values()])})
    return moved


def _cut(expression: Expression, partition: Partition, times: NDArray[int64], whole: Columns) -> float:
    full = whole.at(expression, times)
    span = _span(expression, partition)
    cut = [_value(expression, _between(expression, partition, t - span, t), t) for t in map(int, times)]
    return difference(full, np.array(cut), _spread(whole.column(expression).values))


def _twisted(expression: Expression, partition: Partition, times: NDArray[int64], whole: Columns) -> float:
    some = times[np.linspace(0, len(times) - 1, min(TWISTS, len(times)), dtype=int)]
    full, worst, span = whole.at(expression, some), 0.0, _span(expression, partition)
    spread = _spread(whole.column(expression).values)
    around = [_between(expression, partition, t - span, t + AHEAD) for t in map(int, some)]
    rng = np.random.default_rng(canonical.seed_for(partition.fingerprint, "probes.twist"))
    for twist in TWISTED.values():
        values = [_value(expression, _replaced(rows, t, twist, rng), t) for rows, t in zip(around, map(int, some), strict=True)]
        worst = max(worst, difference(full, np.array(values), spread))
    return worst


def _span(expression: Expression, partition: Partition) -> int:
    """Compute how long before a moment rows are needed for a feature then, ms."""
    periods = {name: one.period for name, one in partition.series.items()}
    delays = {name: one.delay for name, one in partition.series.items()}
    paces = measure_paces(partition.series)
    longest = max(one.period + one.delay for one in partition.series.values())
    closed = max((pace.closed for pace in paces.values()), default=0)
    return 2 * expression.lookback(periods, delays, paces) + SPARE * DAY + 2 * (longest + closed)


def _between(expression: Expression, partition: Partition, begin: int, known: int) -> Partition:
    """Cut out what an expression reads, from the day of `begin` on and known by `known`.

    Of all series where it reads none.
    """
    columns, series = expression.columns, {}
    for name in sorted(expression.series or partition.series):
        one = partition.series[name]
        rows = slice(np.searchsorted(one.time, begin // DAY * DAY), np.searchsorted(one.known, known, side="right"))
        read = {column: values for column, values in one.columns.items() if (name, column) in columns}
        series[name] = replace(one, columns=read).cut(rows)
    return replace(partition, series=series)


def _replaced(partition: Partition, t: int, twist: Twist, rng: Generator) -> Partition:
    series = {}
    for name, one in partition.series.items():
        after, columns = one.known > t, {}
        for column, values in one.columns.items():
            columns[column] = np.array(values)
            columns[column][after] = twist(columns[column][after], rng)
        series[name] = replace(one, columns=columns)
    return replace(partition, series=series)


def _value(expression: Expression, rows: Partition, t: int) -> float:
    held = {name: one for name, one in rows.series.items() if len(one)}
    if not held or not expression.series <= held.keys():
        return float("nan")
    return float(Columns(replace(rows, series=held), None).at(expression, np.array([t]))[0])


def _spread(values: NDArray[float64]) -> float:
    """Compute the standard deviation of a feature's finite values.

    It is a unit of its own, whatever unit prices are told in.
    """
    finite = values[np.isfinite(values)]
    return float(finite.std()) if len(finite) else 0.0


def difference(one: NDArray[float64], other: NDArray[float64], spread: float) -> float:
    """Compute the greatest difference of two rows of values, as a share of the value or of `spread`.

    Infinite where only one is missing.
    """
    missing = np.isnan(one)
    if np.any(missing != np.isnan(other)):
        return float("inf")
    same = (one == other) | missing
    with np.errstate(invalid="ignore", divide="ignore"):
        gaps = np.where(same, 0.0, np.abs(one - other) / np.maximum(spread, np.abs(one)))
    return float(np.max(np.where(np.isnan(gaps), np.inf, gaps), initial=0.0))
