"""What compiled code believes without looking, kept out of the program's reach.

Trees, sparse matrices, support vectors and category codes hold plain arrays of row
numbers that compiled loops follow unchecked: a number changed in one of them reads or
writes memory that is not theirs. The program gets copies of such arrays, cannot make
read-only ones writeable, cannot construct such objects itself, and hands over codes and
generator states that are checked first.
"""

import sys
from collections.abc import Callable
from copy import deepcopy
from functools import cache
from importlib.machinery import ExtensionFileLoader
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import issparse, sparray, spmatrix
from sklearn.base import BaseEstimator

from sandbox.policy import Refused

WORDS = 624
"""Of the state of a Mersenne twister; the position within them is at most as many."""


class Closed(type):
    """Kind of the classes that stand for others: same name, same instances and attributes, another constructor or none."""

    _stands_for: type
    _build: Callable[..., Any] | None

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, cls._stands_for)

    def __subclasscheck__(cls, kind: type) -> bool:
        return cls is kind or issubclass(kind, cls._stands_for)

    def __getattr__(cls, name: str) -> Any:
        return getattr(cls._stands_for, name)

    def __call__(cls, *arguments: Any, **named: Any) -> Any:
        """Build one where that is safe."""
        if cls._build is None:
            mend = "np.zeros or np.array" if cls._stands_for is np.ndarray else "what functions and methods return"
            raise Refused(f"{cls.__name__}(...) is not allowed in the sandbox; use {mend}")
        return cls._build(*arguments, **named)


@cache
def closed(kind: type) -> type:
    """Make a class in the place of one whose constructor believes what it is given; the same each time."""
    build = _multi_index if kind is pd.MultiIndex else None
    return Closed(kind.__name__, (), {"__slots__": (), "_stands_for": kind, "_build": build})


@cache
def is_native(kind: type) -> bool:
    """Check whether compiled code follows what instances hold: extension types, sparse matrices, fitted learners."""
    if issubclass(kind, np.ndarray | np.generic):
        return False
    spec = getattr(sys.modules.get(kind.__module__), "__spec__", None)
    return isinstance(getattr(spec, "loader", None), ExtensionFileLoader) or issubclass(
        kind, sparray | spmatrix | BaseEstimator
    )


def copy_arrays(obj: Any, value: Any) -> Any:
    """Return an attribute of a native object, arrays as copies, so that changing them changes nothing else."""
    if isinstance(value, tuple):
        return tuple(copy_arrays(obj, each) for each in value) if type(value) is tuple else value
    if not isinstance(value, np.ndarray):
        return value
    return deepcopy(value) if value.dtype.hasobject and issparse(obj) else value.copy()


class Flags:
    """``array.flags`` to look at: setting one would open what is read-only."""

    __slots__ = ("_flags",)

    def __init__(self, flags: Any) -> None:
        self._flags = flags

    def __getitem__(self, name: str) -> Any:
        return self._flags[name]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._flags, name)

    def __repr__(self) -> str:
        return repr(self._flags)


def set_state(generator: np.random.RandomState, state: Any) -> None:
    """Set the state of a generator as ``RandomState.set_state``.

    The state must have the form that `get_state` gives, with the position within its words.
    """
    mend = f"set_state: only what get_state gave: ('MT19937', {WORDS} words, position 0..{WORDS}, ...)"
    if isinstance(state, dict):
        inner = state.get("state")
        if not isinstance(inner, dict):
            raise Refused(mend)
        rest = (state.get("has_gauss", 0), state.get("gauss", 0.0))
        state = (state.get("bit_generator"), inner.get("key"), inner.get("pos", -1), *rest)
    if not isinstance(state, tuple | list) or len(state) not in (3, 5) or state[0] != "MT19937":
        raise Refused(mend)
    words = np.array(state[1], dtype=np.uint32)
    if words.shape != (WORDS,) or not 0 <= int(state[2]) <= WORDS:
        raise Refused(mend)
    kept = (int(state[3]), float(state[4])) if len(state) == 5 else ()
    generator.set_state(("MT19937", words, int(state[2]), *kept))


def from_codes(method: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap ``Categorical.from_codes`` so that it always looks at its codes, and keeps its own."""

    def call(codes: Any, categories: Any = None, ordered: Any = None, dtype: Any = None, validate: bool = True) -> Any:
        return method(np.array(codes), categories, ordered, dtype)

    return call


def verified(method: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a method of a MultiIndex so that it always looks at its codes, and keeps its own."""

    def call(*arguments: Any, **named: Any) -> Any:
        named.pop("verify_integrity", None)
        return method(*map(_copied, arguments), **{name: _copied(value) for name, value in named.items()})

    return call


def _multi_index(
    levels: Any = None,
    codes: Any = None,
    sortorder: Any = None,
    names: Any = None,
    copy: bool = True,
    name: Any = None,
    verify_integrity: bool = True,
) -> pd.MultiIndex:
    return pd.MultiIndex(levels, _copied(codes), None, names, True, name)


def _copied(value: Any) -> Any:
    """Copy the arrays within lists."""
    if isinstance(value, np.ndarray):
        return value.copy()
    return [_copied(each) for each in value] if isinstance(value, list | tuple) else value
