"""P3 to P7: what a quick learner makes of the features, and whether that can be true."""

from collections.abc import Mapping, Sequence
from math import sqrt
from typing import Any

import numpy as np
from numpy import float64, int8, int64
from numpy.typing import NDArray

from factory.core import canonical
from factory.core.threads import one_thread
from factory.evidence.probes.findings import BLOCK, WARN, Finding
from factory.expressions.columns import Columns
from factory.expressions.expression import Expression
from factory.expressions.grammar import parse
from factory.learning.decision_table import DecisionTable
from factory.statistics.roc_auc import auc

SHIFT_WARNS, SHIFT_BLOCKS = 0.03, 0.06
LOOKED_AT = 0.53
"""AUC below which there is nothing that dominance could explain."""
SHARE_WARNS, SHARE_BLOCKS = 0.6, 0.85
ALIKE = 50
"""Decisions at which a baseline counts as about the same: neighbours by its value."""
MOST_ROWS = 4_000
PERMUTED = 99
LEAST_SHIFT = 300
MOST_DECIMALS = 17
"""So many tell any two numbers apart."""
NAMED = 3
"""Features that one line names."""

Matrix = NDArray[float64]


def excess_to_explain(n_eff: float) -> float:
    """Compute the excess of an AUC over one half that needs to be explained.

    1.6 times it is quarantine, 3 times blocks.

    ``max(0.05, 5 * sqrt(1 / (3 * n_eff)))``, STATISTICS section 5, P5.
    """
    return max(0.05, 5 * sqrt(1 / (3 * max(n_eff, 1.0))))


def baseline_auc(column: str | None, rows: DecisionTable, columns: Columns) -> float:
    """Compute a registered column's AUC on some decisions, whichever way it points; one half without one.

    The column may well rank labels.

    Parameters
    ----------
    column : str or None
        As ``series.column``, from the dataset file: a person registered it.
    columns : Columns
        From which the rows were read.
    """
    if column is None:
        return 0.5
    values = columns.at(parse(column), rows.time)
    known = (rows.labels.y >= 0) & ~np.isnan(values)
    area = compute_auc(rows.labels.y[known], values[known])
    return max(area, 1 - area)


def check_auc(value: float | None, n_eff: float, base: float = 0.5) -> list[Finding]:
    """Check P5: an AUC on validation that no honest feature of minutes reaches.

    Or one too far above that of a registered baseline.
    """
    if value is None:
        return []
    excess, limit = value - base, excess_to_explain(n_eff)
    came, most = print_apart(value, base + limit)
    says = f"AUC {came} on validation, above {most}"
    if excess > 3 * limit:
        return [Finding("P5", BLOCK, f"{says}: too good to be true; look for a feature that knows the outcome")]
    if excess > 1.6 * limit:
        return [Finding("P5", WARN, f"{says}: quarantine; explain it to a person before a look")]
    return [Finding("P5", WARN, f"{says}: explain it")] if excess > limit else []


def print_apart(one: float, other: float) -> tuple[str, str]:
    """Print two numbers with three decimals, or with as many more as they need to differ in print."""
    decimals = next((count for count in range(3, MOST_DECIMALS) if f"{one:.{count}f}" != f"{other:.{count}f}"), MOST_DECIMALS)
    return f"{one:.{decimals}f}", f"{other:.{decimals}f}"


def single_feature_auc(rows: DecisionTable, n_eff: float) -> list[Finding]:
    """Check P7: a feature that alone ranks labels 5 standard errors better than chance on train needs a reason."""
    known = rows.labels.y >= 0
    limit = 5 * sqrt(1 / (3 * max(n_eff, 1.0)))
    areas = {name: compute_auc(rows.labels.y[known], values[known]) for name, values in rows.features.items()}
    far = sorted((name for name in areas if abs(areas[name] - 0.5) >= limit), key=lambda name: -abs(areas[name] - 0.5))
    if not far:
        return []
    listed = ", ".join(f"features.{name} {areas[name]:.3f}" for name in far[:NAMED])
    more = f" and {len(far) - NAMED} more" if len(far) > NAMED else ""
    return [
        Finding(
            "P7",
            WARN,
            f"AUC alone on train 5 standard errors from chance: {listed}{more}; a leak looks so: "
            "name each in `why`, and when it is known",
        )
    ]


def check_validation(
    history: DecisionTable, rows: DecisionTable, expressions: Mapping[str, Expression], columns: tuple[Columns, Columns],
    step: int, value: float | None, n_eff: float, seed: int, registered: str | None = None,
) -> list[Finding]:  # fmt: skip
    """Check P4, P5 and P6: an AUC that is too good, that dies one decision later, or that one feature makes.

    P4 lets the features come one decision later.

    P4 and P6 look closer only where the AUC is above 0.53: below it a shift has nothing to take away. Where a feature
    reads the baseline's series, they look at what the features add to it: its column stands beside them in every fit,
    never late, and features are shuffled where it is alike, so that what it carries is nobody's fall and nobody's share.

    Parameters
    ----------
    history, rows : DecisionTable
        Decisions on train and validation.
    columns : tuple of Columns
        From which both were read.
    step : int
        From one decision to the next, ms.
    value : float or None
        AUC of the pipeline on validation.
    n_eff : float
        Independent labels on validation.
    registered : str or None
        The dataset's baseline, as ``series.column``.
    """
    findings = check_auc(value, n_eff, baseline_auc(registered, rows, columns[1]))
    if value is None or value <= LOOKED_AT or not rows.features:
        return findings
    names = list(expressions)
    beside = _beside(registered, expressions, (history, rows), columns)
    here = fit_quickly(np.hstack([beside[0], history.matrix(names)]), history.labels.y, seed)
    known = rows.labels.y >= 0
    X, y = np.hstack([beside[1], rows.matrix(names)])[known], rows.labels.y[known]
    late = [
        np.hstack([own, _late(expressions, part, read, step)])
        for own, part, read in zip(beside, (history, rows), columns, strict=True)
    ]
    now = compute_auc(y, predict_quickly(here, X))
    later = compute_auc(y, predict_quickly(fit_quickly(late[0], history.labels.y, seed), late[1][known]))
    fall = now - later
    alarmed = any(one.severity == BLOCK for one in findings)
    share, name = _dominance(here, X, y, names, seed)
    if fall > SHIFT_WARNS:
        severe = fall > SHIFT_BLOCKS and (bool(findings) or share > SHARE_BLOCKS)
        says = f"features one decision later lose {fall:.3f} of AUC; features.{name} matters most: check when it is known"
        findings.append(Finding("P4", BLOCK if severe else WARN, says))
    if share > SHARE_WARNS:
        severe = share > SHARE_BLOCKS and (alarmed or fall > SHIFT_BLOCKS)
        says = f"features.{name}: alone makes {share:.0%} of the result; check when it is known"
        findings.append(Finding("P6", BLOCK if severe else WARN, says))
    return findings


def shifted_labels(X: Matrix, y: NDArray[int8], seed: int) -> tuple[list[Finding], float]:
    """Check P3: a quick fit on circularly shifted labels must find nothing.

    Returns
    -------
    findings : list of Finding
        Blocks if even shifted labels are ranked: then the evaluation is at fault.
    p_value : float
        Share of shifts that do as well as the labels in their place.
    """
    half = len(y) // 2
    if half < 2 * LEAST_SHIFT:
        return [], 1.0
    Z = (X - X.mean(axis=0)) / np.where(np.ptp(X, axis=0) > 0, X.std(axis=0), 1.0)
    solve = np.linalg.pinv(np.column_stack([np.ones(half), Z[:half]]))
    rng = np.random.default_rng(seed)
    shifts = rng.integers(LEAST_SHIFT, len(y) - LEAST_SHIFT, PERMUTED)
    areas = [
        compute_auc(shifted[half:], Z[half:] @ (solve @ shifted[:half])[1:]) for shifted in (np.roll(y, int(s)) for s in shifts)
    ]
    actual = compute_auc(y[half:], Z[half:] @ (solve @ y[:half])[1:])
    p_value = (1 + sum(area >= actual for area in areas)) / (PERMUTED + 1)
    error, middle = sqrt(1 / (3 * half)), float(np.median(areas))
    if abs(middle - 0.5) > 3 * error:
        return [
            Finding("P3", BLOCK, f"labels shifted in time are still ranked, AUC {middle:.3f}: the evaluation leaks")
        ], p_value
    return [], p_value


def fit_quickly(X: Matrix, y: NDArray[int8], seed: int, rounds: int = 40, rate: float = 0.1) -> Any:
    """Fit a small gradient boosting on some of the rows."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    known = np.flatnonzero(y >= 0)
    some = known[np.linspace(0, len(known) - 1, min(MOST_ROWS, len(known)), dtype=int)]
    learner = HistGradientBoostingClassifier(
        max_iter=rounds, learning_rate=rate, max_leaf_nodes=8, min_samples_leaf=40, early_stopping=False, random_state=seed
    )
    with one_thread():
        return learner.fit(X[some], y[some])


def predict_quickly(fitted: Any, X: Matrix) -> NDArray[float64]:
    """Compute the chances that such a learner gives."""
    with one_thread():
        return np.asarray(fitted.predict_proba(X)[:, 1])


def compute_auc(y: NDArray[int8], score: NDArray[float64]) -> float:
    """Compute an AUC, one half where a class is absent."""
    area = auc(y, score)
    return area.value if area else 0.5


def _late(expressions: Mapping[str, Expression], rows: DecisionTable, columns: Columns, step: int) -> Matrix:
    return np.column_stack([columns.at(expression, rows.time - step) for expression in expressions.values()])


def _beside(
    registered: str | None,
    expressions: Mapping[str, Expression],
    parts: tuple[DecisionTable, DecisionTable],
    columns: tuple[Columns, Columns],
) -> list[Matrix]:
    """Read the baseline's column on each part; no column where no feature reads its series or it has no values."""
    own = parse(registered) if registered else None
    if own is not None and any(own.series <= one.series for one in expressions.values()):
        baselines = [read.at(own, rows.time)[:, None] for rows, read in zip(parts, columns, strict=True)]
        if not any(np.isnan(one).all() for one in baselines):
            return baselines
    return [np.empty((len(rows.time), 0)) for rows in parts]


def _dominance(fitted: Any, X: Matrix, y: NDArray[int8], names: Sequence[str], seed: int) -> tuple[float, str]:
    """Find the feature with the greatest share of the positive permutation importance, and that share.

    The named columns are the last. Beside a baseline, the first, each is shuffled among decisions at which that is about
    the same (Strobl et al. 2008), and they have no shares where they add too little to look at.
    """
    rng = np.random.default_rng(canonical.seed_for(str(seed), "probes.dominance"))
    first = X.shape[1] - len(names)
    alike = np.array_split(np.argsort(X[:, 0]), max(1, len(X) // ALIKE)) if first else [np.arange(len(X))]
    whole = compute_auc(y, predict_quickly(fitted, X))
    falls = []
    for column in range(first, X.shape[1]):
        shuffled = X.copy()
        for rows in alike:
            shuffled[rows, column] = rng.permutation(X[rows, column])
        falls.append(max(0.0, whole - compute_auc(y, predict_quickly(fitted, shuffled))))
    best, least = int(np.argmax(falls)), LOOKED_AT - 0.5 if first else 0.0
    return (falls[best] / sum(falls) if sum(falls) > least else 0.0), names[best]


def decision_step(times: NDArray[int64]) -> int:
    """Compute the usual time from one decision to the next, ms."""
    return int(np.median(np.diff(times))) if len(times) > 1 else 0
