"""The offered scikit-learn: every class is fitted and every method called, and every function."""

import importlib
import inspect
from typing import Any

from sandbox.allowed import ALLOWED
from tests.sandbox.numeric import Part, one

DATA = """
A = np.abs(np.random.default_rng(0).normal(size=(40, 3)))
y = (A[:, 0] > 0.6).astype(int)
p = np.clip(A[:, 0] / 2, 0.01, 0.99)
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier
C[:0] = [(A,), (A, y), (y, y), (y, p)]
"""
FEW = "n_estimators=3"
MADE = {
    "AdaBoostClassifier": FEW,
    "BaggingClassifier": FEW,
    "ExtraTreesClassifier": f"{FEW}, bootstrap=True",
    "ExtraTreesRegressor": f"{FEW}, bootstrap=True",
    "GradientBoostingClassifier": FEW,
    "GradientBoostingRegressor": FEW,
    "GridSearchCV": "DecisionTreeClassifier(), {'max_depth': [1, 2]}, cv=2",
    "HistGradientBoostingClassifier": "max_iter=3",
    "HistGradientBoostingRegressor": "max_iter=3",
    "IsolationForest": FEW,
    "KBinsDiscretizer": "quantile_method='averaged_inverted_cdf'",
    "KMeans": "2, n_init=1",
    "MiniBatchKMeans": "2, n_init=1",
    "ParameterGrid": "{'a': [1, 2]}",
    "Pipeline": "[('scale', StandardScaler()), ('fit', LogisticRegression())]",
    "QuantileTransformer": "n_quantiles=10",
    "RandomForestClassifier": FEW,
    "RandomForestRegressor": FEW,
    "SGDClassifier": "loss='log_loss'",
    "SVC": "kernel='linear'",
    "SelectKBest": "k=2",
    "SimpleImputer": "add_indicator=True",
}
METHODS = {
    "inverse_transform": "[(m.transform(A),), (y,)]",
    "partial_fit": "[(A, y, [0, 1]), (A,), (A, y)]",
    "set_output": one("{'transform': 'default'}"),
    "sample": one("2"),
    "cost_complexity_pruning_path": one("A", "y"),
    "get_n_splits": one("A"),
}
LEFT_OUT = {
    "set_params",  # reaches into parts by a path in a string
    *("get_metadata_routing", "set_callbacks", "unused_param"),  # for those who write learners
    *("feature_names_in_", "infrequent_categories_"),  # there only for named columns or rare values
}
OF_OTHERS = {  # what the learner inside does not have
    "BaggingClassifier": {"decision_function"},
    "GridSearchCV": {"decision_function", "inverse_transform", "score_samples", "transform"},
    "Pipeline": {"fit_predict", "fit_transform", "get_feature_names_out", "inverse_transform", "score_samples", "transform"},
    "SVC": {"predict_log_proba", "predict_proba"},
}
FUNCTIONS = {
    "calibration_curve": one("y", "p"),
    "clone": one("LogisticRegression()"),
    "cross_val_predict": one("LogisticRegression()", "A", "y"),
    "cross_val_score": one("LogisticRegression()", "A", "y"),
    "cross_validate": one("LogisticRegression()", "A", "y"),
    "export_text": one("DecisionTreeClassifier().fit(A, y)"),
    "make_pipeline": one("StandardScaler()", "LogisticRegression()"),
    "partial_dependence": one("LogisticRegression().fit(A, y)", "A", "[0]"),
    "permutation_importance": one("LogisticRegression().fit(A, y)", "A", "y"),
}


def learner(module: str, name: str, kind: Any) -> Part:
    """A class, fitted where it can be."""
    made = f"{name}({MADE.get(name, '')})"
    fitted = f".fit({'A[:, 0]' if name == 'IsotonicRegression' else 'A'}, y)" if hasattr(kind, "fit") else ""
    requests = {each for each in dir(kind) if each.startswith("set_") and each.endswith("_request")}
    left_out = LEFT_OUT | requests | OF_OTHERS.get(name, set())
    special = METHODS | ({"inverse_transform": one("m.transform(A)")} if name in ("PCA", "TruncatedSVD") else {})
    return Part("m", kind, special, left_out, f"{DATA}from {module} import {name}\nm = {made}{fitted}\n")


def functions(module: str, names: list[str]) -> list[str]:
    """A line of a program for each function of a module."""
    return [f'attempt("{name}", lambda: {name}{f", {FUNCTIONS[name]}" if name in FUNCTIONS else ""})\n' for name in names]


OFFERED = {
    module: {name: getattr(importlib.import_module(module), name) for name in names.split()}
    for module, names in ALLOWED.items()
    if module.startswith("sklearn")
}
LEARNERS = {
    f"{module}.{name}": learner(module, name, kind)
    for module, names in OFFERED.items()
    for name, kind in names.items()
    if inspect.isclass(kind)
}
