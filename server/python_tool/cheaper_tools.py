"""Which tool would have answered for less than a piece of code."""

import ast
from collections.abc import Set

from factory.expressions.operators import OPERATORS, Operator

FITS = frozenset(
    {"fit", "fit_predict", "fit_transform", "cross_val_score", "cross_val_predict", "cross_validate", "predict_proba"}
)
SCREENS = frozenset(
    {"corr", "corrwith", "corrcoef", "spearmanr", "pearsonr", "kendalltau", "roc_auc_score", "auc", "mutual_info_classif"}
    | {"mutual_info_regression", "f_classif", "f_regression", "permutation_importance"}
)
CHANGES = {"pct_change": "ret", "diff": "diff", "shift": "lag"}
"""Methods of a column that an operator does row by row."""
WINDOWS = frozenset({"mean", "sum", "std", "var", "min", "max", "median", "quantile", "skew", "kurt", "cov", "rank"})
"""Methods of ``rolling(n)`` whose operators have the same name."""
STUDIES = frozenset(
    {"groupby", "resample", "autocorr", "acf", "value_counts", "crosstab", "pivot_table", "pivot", "apply", "transform"}
)
"""Calls of code that studies a column, where the column is a step on the way."""
FEATURES = "features"
"""Stands for a call that asked for columns, among what was done already."""
ADVICE = (
    (
        FITS,
        {"train", "backtest", "tune"},
        "train fits a defined pipeline on train, out of fold, and makes no trial; backtest then scores it after costs",
    ),
    (SCREENS, {"rank_features"}, "rank_features screens expressions against a label on train, with intervals and decay"),
)
"""What code does by hand, the tools that do it, and how."""


def find_cheaper_tool(code: str, done: Set[str] = frozenset(), series: str = "btc") -> str | None:
    """Name the tool for what the code does by hand, if there is one that was not used already.

    Parameters
    ----------
    code : str
        Source; what is no Python gets no advice.
    done : set of str
        Tools that the same connection used, ``features`` where it asked for columns, and advice that it was given:
        that an operator makes a column is said once.
    series : str
        For the example of an operator.
    """
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    called = {_name(node.func) for node in calls}
    advice = next((text for names, tools, text in ADVICE if called & names and not tools & done), None)
    if advice or FEATURES in done or called & (FITS | SCREENS | STUDIES):
        return advice
    made = (_word_advice(OPERATORS[name], series) for name in map(_find_operator, calls) if name)
    return next((text for text in made if text not in done), None)


def _word_advice(operator: Operator, series: str) -> str:
    return f"features=['{operator.example.replace('btc', series)}'] gives such a column ready-made and known-at"


def _find_operator(call: ast.Call) -> str | None:
    """Find the operator that computes what a method of a column does; none where it looks ahead or has no window."""
    if not isinstance(call.func, ast.Attribute):
        return None
    ahead = any(isinstance(node, ast.USub) for given in (*call.args, *call.keywords) for node in ast.walk(given))
    if call.func.attr in CHANGES:
        return None if ahead else CHANGES[call.func.attr]
    within = _name(call.func.value.func) if isinstance(call.func.value, ast.Call) else ""
    if within == "ewm" and call.func.attr == "mean":
        return "ema"
    return call.func.attr if within == "rolling" and call.func.attr in WINDOWS else None


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""
