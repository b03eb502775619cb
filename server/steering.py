"""Which tool would have answered for less than a piece of code."""

import ast
from collections.abc import Set

FITS = frozenset(
    {"fit", "fit_predict", "fit_transform", "cross_val_score", "cross_val_predict", "cross_validate", "predict_proba"}
)
SCREENS = frozenset(
    {"corr", "corrwith", "corrcoef", "spearmanr", "pearsonr", "kendalltau", "roc_auc_score", "auc", "mutual_info_classif"}
    | {"mutual_info_regression", "f_classif", "f_regression", "permutation_importance"}
)
WINDOWS = frozenset({"rolling", "ewm", "expanding", "pct_change", "shift", "diff"})
FEATURES = "features"
"""Stands for a call that asked for columns, among what was done already."""
ADVICE = (
    (
        FITS,
        {"train", "backtest", "tune"},
        "backtest fits, scores after costs and counts the trial: define_pipeline, then backtest",
    ),
    (SCREENS, {"rank_features"}, "rank_features screens expressions against a label on train, with intervals and decay"),
    (
        WINDOWS,
        {FEATURES},
        "features=['zscore(btc.close, 24)'] gives such columns ready-made and known-at; list_features names them",
    ),
)
"""What code does by hand, the tools that do it, and how."""


def advice(code: str, done: Set[str] = frozenset()) -> str | None:
    """The tool for what the code does by hand, if there is one that was not used already.

    Parameters
    ----------
    code : str
        Source; what is no Python gets no advice.
    done : set of str
        Tools that the same connection used, and ``features`` where it asked for columns.
    """
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    called = {_name(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    return next((text for names, tools, text in ADVICE if called & names and not tools & done), None)


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""
