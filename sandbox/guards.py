"""What compiled code calls whenever it reads or writes an attribute.

Two kinds of objects: those made of classes that the program itself defined, which
are its own business, and foreign ones (pandas, numpy, builtins), where a name must
not reach files, frames, raw memory, attribute paths in strings, or methods by name.
"""

import string
from collections.abc import Callable
from functools import _lru_cache_wrapper, partial
from types import (
    AsyncGeneratorType,
    BuiltinFunctionType,
    CodeType,
    CoroutineType,
    FrameType,
    FunctionType,
    GeneratorType,
    MethodType,
    ModuleType,
    TracebackType,
)
from typing import Any

import numpy as np
import pandas as pd
from RestrictedPython.transformer import INSPECT_ATTRIBUTES

from sandbox import native
from sandbox.facade import Facade
from sandbox.policy import Refused
from sandbox.queries import safe_query

CODE_TYPES = (FunctionType, BuiltinFunctionType, MethodType, GeneratorType, CoroutineType, AsyncGeneratorType)
INTERNAL_TYPES = (CodeType, FrameType, TracebackType, ModuleType)
CODE_ATTRIBUTES = frozenset({"send", "close", "cache_info", "cache_clear"})
EXCEPTION_ATTRIBUTES = frozenset({"args", "value", "start", "end", "reason", "errno"})
SAFE_TO = frozenset(
    [
        "to_numpy",
        "to_list",
        "to_dict",
        "to_frame",
        "to_string",
        "to_period",
        "to_timestamp",
        "to_series",
        "to_pydatetime",
        "to_datetime64",
        "to_timedelta64",
        "to_pytimedelta",
        "to_julian_date",
        "to_flat_index",
        "tolist",
        "to_bytes",
        "to_eng_string",
        "to_device",
        "to_records",
        "to_dense",
        "to_integral_value",
    ]
)
DENIED = (
    frozenset(
        [
            "eval",
            "query",
            "plot",
            "hist",
            "boxplot",
            "style",
            "info",
            "tofile",
            "tobuffer",
            "dump",
            "dumps",
            "ctypes",
            "data",
            "base",
            "setflags",
            "getfield",
            "setfield",
            "resize",
            "format_map",
            "mro",
            "register",
            "bit_generator",
            "state",
            "capsule",
            "cffi",
            "lock",
            "obj",
            "with_traceback",
            "set_params",
            "frombuffer",
            "fromfile",
        ]
    )
    | INSPECT_ATTRIBUTES
)
BY_NAME = frozenset({"agg", "aggregate", "apply", "transform", "pivot_table", "rolling"})
PANDAS_WRITES = frozenset({"columns", "index", "name", "names", "attrs"})

own_classes: set[type] = set()


def read(obj: Any, name: Any, *default: Any) -> Any:
    """Read ``obj.name`` as the program may; also its `getattr`.

    Raises
    ------
    Refused
        If the name may not be read on such an object.
    AttributeError
        If there is no such attribute and no default.
    """
    if type(name) is not str:
        raise TypeError("an attribute's name must be a plain string")
    if name.startswith("_"):
        return _underscored(obj, name, *default)
    kind = type(obj)
    if kind is Facade:
        return getattr(obj, name, *default)
    if not is_own(obj):
        _check_foreign(obj, kind, name)
    value = getattr(obj, name, *default)
    if isinstance(value, ModuleType):
        raise Refused(f"'{name}' is a module, which the sandbox does not hand out; import what you need by name")
    return value if is_own(obj) else _tamed(obj, name, value)


def has(obj: Any, name: Any) -> bool:
    """Check for an attribute as the program's `hasattr`: what may not be read is not there."""
    try:
        read(obj, name)
    except (AttributeError, Refused):
        return False
    return True


def is_own(obj: Any) -> bool:
    """Check whether the program itself defined the class of `obj`, or `obj` is such a class."""
    kind = obj if isinstance(obj, type) else type(obj)
    return kind in own_classes and not issubclass(kind, BaseException)


def denied(name: str) -> bool:
    """Check whether a name reaches files, raw memory or the interpreter on foreign objects."""
    return name in DENIED or name.startswith(("_", "read_")) or (name.startswith("to_") and name not in SAFE_TO)


def _underscored(obj: Any, name: str, *default: Any) -> Any:
    if name == "__name__" and isinstance(obj, type | FunctionType):
        return type.__dict__["__name__"].__get__(obj) if isinstance(obj, type) else obj.__name__
    if name == "__init__" and type(obj) is super:
        return obj.__init__  # type: ignore[misc]
    if is_own(obj) and not name.startswith("__"):
        return getattr(obj, name, *default)
    raise Refused(f"the attribute '{name}' is private and not allowed in the sandbox")


def _check_foreign(obj: Any, kind: type, name: str) -> None:
    if isinstance(obj, CODE_TYPES + INTERNAL_TYPES + (_lru_cache_wrapper,)) and name not in CODE_ATTRIBUTES:
        raise Refused(f"'{name}' of a {kind.__name__} is not allowed in the sandbox")
    if isinstance(obj, BaseException) and name not in EXCEPTION_ATTRIBUTES and not _own_attribute(obj, name):
        raise Refused(f"'{name}' of an exception is not allowed in the sandbox; use str() or .args")
    if name == "query" and isinstance(obj, pd.DataFrame):
        return
    if denied(name):
        mend = "; print what you need, or use to_numpy, to_dict or to_string" if name.startswith("to_") else ""
        raise Refused(f"'{name}' is not allowed in the sandbox{mend}")


def _own_attribute(obj: BaseException, name: str) -> bool:
    return type(obj) in own_classes and (
        name in vars(obj) or any(name in vars(c) for c in type(obj).__mro__ if c in own_classes)
    )


def _tamed(obj: Any, name: str, value: Any) -> Any:
    """Replace a method that takes attribute paths or method names in strings by one that checks those."""
    if name == "format" and (isinstance(obj, str) or (isinstance(obj, type) and issubclass(obj, str))):
        return partial(format_text, obj) if isinstance(obj, str) else format_text
    if name == "query" and isinstance(obj, pd.DataFrame):
        return partial(safe_query, obj)
    if name == "to_string" and callable(value):
        return without_file(value, given=int(isinstance(obj, type)))
    if name in BY_NAME and callable(value):
        return checked(value)
    return _looked_at(obj, name, value)


def _looked_at(obj: Any, name: str, value: Any) -> Any:
    """Replace what compiled code would believe unseen by a form that looks at it first."""
    if name == "flags" and isinstance(obj, np.ndarray | np.generic):
        return native.Flags(value)
    if name == "set_state" and callable(value):
        return native.set_state if isinstance(obj, type) else partial(native.set_state, obj)
    if name == "from_codes" and callable(value):
        return native.from_codes(value)
    if name in ("set_codes", "set_levels") and callable(value):
        return native.verified(value)
    kind: Any = type(obj)
    return native.copy_arrays(obj, value) if native.is_native(kind) else value


def format_text(template: str, *values: Any, **named: Any) -> str:
    """Format as ``str.format``, without attributes and items in the template's fields."""
    _check_template(template)
    return str.format(template, *values, **named)


def _check_template(template: str) -> None:
    for _, field, spec, _ in string.Formatter().parse(template):
        if field and ("." in field or "[" in field):
            raise Refused("format: no '.' or '[' in a field; use an f-string")
        if spec:
            _check_template(spec)


def checked(method: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a method that calls others by name, so that every name in its arguments is checked first."""

    def call(*arguments: Any, **named: Any) -> Any:
        return method(*map(_checked, arguments), **{name: _checked(value) for name, value in named.items()})

    return call


def _checked(value: Any) -> Any:
    """Return the value, once no name in it is denied. Containers are copied: a callback could change them under way."""
    if isinstance(value, str):
        if denied(value) or value == "numba":
            raise Refused(f"'{value}' is not allowed in the sandbox")
    elif isinstance(value, dict):
        return {key: _checked(each) for key, each in value.items()}
    elif isinstance(value, list | set | frozenset):
        return [_checked(each) for each in value]
    elif isinstance(value, tuple):
        return tuple(map(_checked, value))
    elif isinstance(value, pd.NamedAgg):
        return _checked_aggregation(value)
    elif isinstance(value, pd.DataFrame | pd.Series | pd.Index | np.ndarray):
        return _checked_labels(value)
    elif not isinstance(value, type | range | bytes) and hasattr(type(value), "__iter__"):
        raise Refused(f"a {type(value).__name__} is not allowed here in the sandbox; pass a list")
    return value


def _checked_aggregation(value: Any) -> Any:
    return pd.NamedAgg(value.column, _checked(value.aggfunc), *map(_checked, value.args), **_checked(value.kwargs))


def _checked_labels(value: Any) -> Any:
    labels = value.columns if isinstance(value, pd.DataFrame) else value
    if isinstance(labels, pd.MultiIndex) or labels.dtype.kind not in "OUT":
        return value
    for label in labels.tolist():
        _checked(label if isinstance(label, str) else None)
    return value.copy()


def without_file(method: Callable[..., Any], given: int) -> Callable[..., str]:
    """Wrap ``to_string`` so that it returns its text and cannot write it anywhere.

    `given` arguments may have no name.
    """

    def call(*arguments: Any, **named: Any) -> str:
        if len(arguments) > given or "buf" in named:
            raise Refused("to_string: no file in the sandbox; it returns the text, name its other arguments")
        return str(method(*arguments, **named))

    return call


class Slot:
    """One attribute as something that can be added to in place, guarded both ways."""

    __slots__ = ("_name", "_obj")

    def __init__(self, obj: Any, name: str) -> None:
        self._obj, self._name = obj, name

    @property
    def value(self) -> Any:
        """The attribute."""
        return read(self._obj, self._name)

    @value.setter
    def value(self, value: Any) -> None:
        setattr(Writer(self._obj), self._name, value)


class Writer:
    """Sets attributes on one object, as far as the program may."""

    __slots__ = ("_obj",)

    def __init__(self, obj: Any) -> None:
        object.__setattr__(self, "_obj", obj)

    def __setattr__(self, name: str, value: Any) -> None:
        _check_write(object.__getattribute__(self, "_obj"), name)
        setattr(object.__getattribute__(self, "_obj"), name, value)

    def __delattr__(self, name: str) -> None:
        _check_write(object.__getattribute__(self, "_obj"), name)
        delattr(object.__getattribute__(self, "_obj"), name)


def _check_write(obj: Any, name: str) -> None:
    own = obj in own_classes if isinstance(obj, type) else type(obj) in own_classes
    pandas = isinstance(obj, pd.DataFrame | pd.Series | pd.Index) and name in PANDAS_WRITES
    if name.startswith("__") or not (own or pandas):
        what = str(obj) if type(obj) is Facade else f"a {type(obj).__name__}"
        raise Refused(f"setting '{name}' on {what} is not allowed in the sandbox; for a column write df[...] =")


def make_class(name: str, bases: tuple[type, ...], body: dict[str, Any]) -> type:
    """Make a class of the program's own: of nothing, of its own classes, or of exceptions."""
    for base in bases:
        exception = isinstance(base, type) and issubclass(base, BaseException)
        if base is not object and base not in own_classes and not exception:
            raise Refused(
                f"class {name}: may inherit from your own classes and exceptions only; keep the object inside instead"
            )
    made = type(name, bases, body)
    own_classes.add(made)
    return made
