"""The parts of libraries that a program may see: read-only namespaces made from lists of names.

A name that a later release adds is not offered until someone has looked at it.
Left out are files, networks, evaluation of strings, live modules, raw memory
(`as_strided`, `frombuffer`) and whatever reads attributes by name (`attrgetter`, `wraps`).
"""

import importlib
import os
import warnings
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pyarrow as pa
from sklearn.cluster import KMeans
from sklearn.utils._openmp_helpers import _openmp_effective_n_threads

from sandbox.allowed import ALLOWED
from sandbox.facade import Facade
from sandbox.native import closed
from sandbox.policy import Refused

OPTIONS = frozenset(
    {
        "display.width",
        "display.max_rows",
        "display.min_rows",
        "display.max_columns",
        "display.max_colwidth",
        "display.precision",
    }
)


DISPLAY = {
    "display.width": 1_000,
    "display.max_columns": 40,
    "display.max_rows": 60,
    "display.min_rows": 20,
    "display.multi_sparse": False,
}
"""How frames print: nothing wrapped, and nothing left out up to 60 rows; of more, the first and the last ten."""


def set_option(*pairs: Any) -> None:
    """Set how wide and long frames print, as ``pd.set_option``."""
    for name, value in zip(pairs[::2], pairs[1::2], strict=True):
        if type(name) is not str or name not in OPTIONS or not isinstance(value, int | None):
            raise Refused(f"set_option: only {', '.join(sorted(OPTIONS))}, as a number or None")
        pd.set_option(name, value)


def warm() -> None:
    """Import what programs may use, and run what is imported late: afterwards few files can be opened."""
    for name, value in DISPLAY.items():
        pd.set_option(name, value)
    pa.set_cpu_count(1)
    warnings.simplefilter("ignore")
    joblib.parallel_config(backend="sequential")  # n_jobs=-1 then means this one thread
    for name in ALLOWED:
        facade(name)
    _exercise()
    _count_threads()


def _count_threads() -> None:
    """Have scikit-learn count the cores it may use, and keep that: later it would ask files that are closed by then."""
    os.environ.pop("OMP_NUM_THREADS", None)  # it has been read; where it is, nothing is kept
    for physical in (True, False):
        _openmp_effective_n_threads(only_physical_cores=physical)


def _exercise() -> None:
    index = pd.date_range("2024", periods=48, freq="h", tz="UTC")
    frame = pd.DataFrame({"x": np.arange(48.0), "k": ["a", "b"] * 24}, index=index)
    x, text = frame["x"], [str(frame), str(frame.describe()), repr(frame["x"]), frame.to_string()]
    x.rolling(2).std(), x.rolling("3h").mean(), x.ewm(span=3).mean(), x.resample("1D").last(), x.quantile(0.5)
    frame.groupby("k").agg(["mean", "std"]), frame.groupby("k")["x"].transform("mean"), frame.sort_values("x")
    (
        frame.merge(frame.reset_index(drop=True), on="k"),
        frame.assign(h=index.hour).pivot_table(values="x", index="h", columns="k"),
    )
    frame.set_index("k", append=True).unstack(), index.tz_convert("Asia/Tokyo"), pd.to_datetime(text[:0])
    pd.to_datetime(["2024-01-01 00:00"]).strftime("%Y-%m"), frame[["x"]].corr(), pd.qcut(x, 4), frame.query("x > 1")
    np.linalg.lstsq(frame[["x"]], x, rcond=None), np.random.default_rng(0).normal(), np.fft.rfft(x)
    KMeans(2, n_init=1).fit(frame[["x"]])  # looks once which libraries have threads, in files that are closed later


def module_names() -> list[str]:
    """List the top-level modules that can be imported."""
    return sorted({name.partition(".")[0] for name in ALLOWED} - {"__future__"})


@cache
def facade(name: str) -> Facade:
    """Build the facade of one module, by its dotted name.

    Raises
    ------
    KeyError
        If the sandbox does not offer it.
    """
    names = ALLOWED[name]
    module = importlib.import_module(name)
    members: dict[str, Any] = {}
    for each in names.split():
        member = getattr(module, each, module)
        if not isinstance(member, ModuleType):
            members[each] = member
    for other in ALLOWED:
        parent, _, last = other.rpartition(".")
        if parent == name:
            members[last] = facade(other)
    members |= REPLACED.get(name, {})
    return Facade(name, members)


@cache
def offered() -> frozenset[type]:
    """Collect all classes that programs are handed by name."""
    members = (object.__getattribute__(facade(name), "_members").values() for name in ALLOWED)
    return frozenset(each for values in members for each in values if isinstance(each, type))


def _by_name(function: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a function that calls methods by name, so that the names are checked; imported late, for the check knows facades."""
    from sandbox.guards import checked

    return checked(function)


def _pivot_table(*arguments: Any, **named: Any) -> Any:
    return _by_name(pd.pivot_table)(*arguments, **named)


def _crosstab(*arguments: Any, **named: Any) -> Any:
    return _by_name(pd.crosstab)(*arguments, **named)


REPLACED: dict[str, dict[str, Any]] = {
    "numpy": {"ndarray": closed(np.ndarray)},
    "pandas": {
        "MultiIndex": closed(pd.MultiIndex),
        "set_option": set_option,
        "pivot_table": _pivot_table,
        "crosstab": _crosstab,
    },
}
