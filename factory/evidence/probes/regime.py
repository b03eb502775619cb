"""P9: whether train and validation can be told apart by their features, so that the market was another."""

from collections.abc import Mapping, Sequence
from math import sqrt

import numpy as np
from numpy import int8, int64
from numpy.typing import NDArray

from factory.core.times import DAY
from factory.evidence.probes.findings import WARN, Finding
from factory.evidence.probes.learned import compute_auc, fit_quickly, predict_quickly
from factory.learning.decision_table import DecisionTable
from factory.storage.cache import Cache

WARNS, REPORTS = 0.65, 0.80
STOPS = 0.55
"""Mean of two folds below which the other two would need 0.75 to warn, and are left out."""
FOLDS, LEAST = 4, 20
"""Sets of blocks that are held out in turn, and decisions of either part that each needs."""
HOLDS = DAY / 2
"""A feature that keeps its values for longer, on average, is looked at by itself."""
LEAST_KEPT = 2
"""Decisions, on average, over which it does."""
FORGOTTEN, MOST_LAGS = 0.37, 0.125
"""Autocorrelation below which a feature has forgotten, and the share of train up to which that is looked for."""
ERRORS = 3.0
"""Standard errors by which slow features must be told apart, counted in blocks."""
OUTSIDE = 0.5
"""Share of validation outside what train had of a slow feature, from which on it is named."""


def adversarial_validation(
    history: DecisionTable, rows: DecisionTable, seed: int, cache: Cache | None = None, key: str = ""
) -> list[Finding]:
    """Check P9: whether train and validation can be told apart by their features, day blocks held out in turn.

    A feature that keeps its values for days, as a weekly one does, gives each of its days away by the others. Such features
    are looked at by themselves, in blocks over which they forget: there are few, and an AUC counts for as much as so many
    blocks tell. One of which validation lies outside all that train had is named without a learner.

    Parameters
    ----------
    history, rows : DecisionTable
        Decisions on train and validation.
    cache : Cache or None
        Keeps what was found, by `key`: the features and both partitions.
    """
    blocks = {name: measure_memory(history, name) for name in rows.features if measure_hold(history, name) > HOLDS}
    quick, longest = [name for name in rows.features if name not in blocks], max(blocks.values(), default=DAY)
    limit = max(WARNS, require_apart(history, rows, longest)) if blocks else 1.0
    kept = cache.get(key) if cache else None
    if kept is None:
        slow = _told_apart(history, rows, list(blocks), longest, seed) if limit < 1 else 0.5
        kept = {"value": np.array([_told_apart(history, rows, quick, DAY, seed), slow])}
        if cache:
            cache.put(key, kept)
    quickly, slowly = kept["value"].tolist()
    findings = _tell(history, rows, quick, quickly) if quickly > WARNS else []
    findings += _tell(history, rows, list(blocks), slowly) if slowly > limit else []
    return [*findings, *_tell_outside({name: measure_outside(history, rows, name) for name in blocks})]


def measure_hold(rows: DecisionTable, name: str) -> float:
    """Measure for how long a feature keeps a value, on average, ms; 0 of one that changes from decision to decision."""
    values = rows.features[name]
    changes = 1 + int(np.count_nonzero(values[1:] != values[:-1]))
    return float(rows.time[-1] - rows.time[0]) / changes if changes * LEAST_KEPT < len(values) else 0.0


def measure_memory(rows: DecisionTable, name: str) -> int:
    """Measure the time over which a feature forgets, ms, whole days: twice the lag at which its days correlate no more.

    At least twice the time for which it keeps a value; as far as a part of train reaches where it forgets nothing.
    """
    day = rows.time // DAY
    last = np.flatnonzero(np.diff(day, append=day[-1] + 1))
    values = rows.features[name][last] - np.mean(rows.features[name][last])
    most = max(1, int(MOST_LAGS * len(values)))
    total = float(values @ values) or 1.0
    lag = next((lag for lag in range(1, most) if float(values[lag:] @ values[:-lag]) < FORGOTTEN * total), most)
    return DAY * max(2 * lag, int(np.ceil(2 * measure_hold(rows, name) / DAY)))


def require_apart(history: DecisionTable, rows: DecisionTable, block: int) -> float:
    """Compute the AUC that chance does not reach where each block of time tells one thing: Mann and Whitney's error."""
    early, late = (max(1.0, float(part.time[-1] - part.time[0]) / block) for part in (history, rows))
    return 0.5 + ERRORS * sqrt((early + late + 1) / (12 * early * late))


def measure_outside(history: DecisionTable, rows: DecisionTable, name: str) -> float:
    """Measure the share of validation's decisions at which a feature lies outside all that train had."""
    known, values = history.features[name], rows.features[name]
    return float(np.mean((values < known.min()) | (values > known.max()))) if len(values) else 0.0


def _told_apart(history: DecisionTable, rows: DecisionTable, names: Sequence[str], block: int, seed: int) -> float:
    """Compute the mean AUC over the folds, one half where a fold holds too few of either."""
    if not names:
        return 0.5
    X = np.vstack([history.matrix(names), rows.matrix(names)])
    late = np.repeat(np.array([0, 1], int8), [len(history.time), len(rows.time)])
    fold: NDArray[int64] = np.concatenate([history.time, rows.time]) // block % FOLDS
    areas: list[float] = []
    for one in range(FOLDS):
        if one == 2 and float(np.mean(areas)) < STOPS:
            break
        held = fold == one
        if min(late[held].sum(), (1 - late[held]).sum(), late[~held].sum(), (1 - late[~held]).sum()) < LEAST:
            return 0.5
        fitted = fit_quickly(X[~held], late[~held], seed, rounds=8, rate=0.3)
        areas.append(compute_auc(late[held], predict_quickly(fitted, X[held])))
    return float(np.mean(areas))


def _tell(history: DecisionTable, rows: DecisionTable, names: Sequence[str], value: float) -> list[Finding]:
    more = f"; look at features.{_most_shifted(history, rows, names)}" if value > REPORTS else ""
    return [Finding("P9", WARN, f"train and validation are told apart with AUC {value:.2f}: the regime has changed{more}")]


def _tell_outside(shares: Mapping[str, float]) -> list[Finding]:
    return [
        Finding("P9", WARN, f"features.{name}: {share:.0%} of validation lies outside what train had: the regime has changed")
        for name, share in shares.items()
        if share > OUTSIDE
    ]


def _most_shifted(history: DecisionTable, rows: DecisionTable, names: Sequence[str]) -> str:
    def distance(name: str) -> float:
        from scipy.stats import ks_2samp

        return float(ks_2samp(history.features[name], rows.features[name]).statistic)

    return max(names, key=distance)
