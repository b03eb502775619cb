"""The names a program starts with: builtins, print, import and its frames."""

import builtins
import importlib
import re
import sys
from types import FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np
import pandas as pd

from sandbox import guards
from sandbox.facades import facade, module_names, offered
from sandbox.native import closed, is_native
from sandbox.policy import Refused

MODULE = "__sandbox__"
PLAIN = [
    "abs",
    "all",
    "any",
    "ascii",
    "bin",
    "bool",
    "bytearray",
    "bytes",
    "callable",
    "chr",
    "classmethod",
    "complex",
    "dict",
    "divmod",
    "enumerate",
    "filter",
    "float",
    "format",
    "frozenset",
    "hash",
    "hex",
    "int",
    "isinstance",
    "issubclass",
    "iter",
    "len",
    "list",
    "map",
    "max",
    "min",
    "next",
    "object",
    "oct",
    "ord",
    "pow",
    "property",
    "range",
    "repr",
    "reversed",
    "round",
    "set",
    "slice",
    "sorted",
    "staticmethod",
    "str",
    "sum",
    "super",
    "tuple",
    "zip",
    "NotImplemented",
    "Ellipsis",
    "__build_class__",
    "__debug__",
    "ArithmeticError",
    "AssertionError",
    "AttributeError",
    "Exception",
    "FloatingPointError",
    "IndexError",
    "KeyError",
    "LookupError",
    "NameError",
    "NotImplementedError",
    "OverflowError",
    "RuntimeError",
    "RuntimeWarning",
    "StopIteration",
    "TypeError",
    "UserWarning",
    "ValueError",
    "Warning",
    "ZeroDivisionError",
    "FutureWarning",
    "DeprecationWarning",
    "UnicodeError",
    "RecursionError",
    "MemoryError",
    "TimeoutError",
]


PADDING = re.compile(r" {7,}")
"""What a column is filled up with below a long name: it costs an agent more than it helps."""


class OutputLimit(BaseException):
    """More was printed than a call may print."""


class Printer:
    """Collects what a program prints, up to a number of characters."""

    def __init__(self, most: int) -> None:
        self.full = False
        self._left = most
        self._pieces: list[str] = []

    def text(self) -> str:
        """Return all that was printed."""
        return "".join(self._pieces)

    def write(self, text: str) -> None:
        """Keep some text; raise `OutputLimit` once there is too much."""
        if self.full:
            raise OutputLimit
        self._pieces.append(text[: self._left])
        self._left -= len(text)
        if self._left < 0:
            self.full = True
            raise OutputLimit

    def print(self, *values: Any, sep: str | None = " ", end: str | None = "\n", flush: bool = False) -> None:
        """Print for the program as its `print`, which knows no `file`."""
        between, after = " " if sep is None else sep, "\n" if end is None else end
        for place, value in enumerate(values):
            self.write((between if place else "") + trim_padding(value, str(value)))
        self.write(after)

    def show(self, value: Any) -> None:
        """Print the value of a last bare expression."""
        if value is not None:
            self.write(f"{trim_padding(value, repr(value))}\n")


def trim_padding(value: Any, text: str) -> str:
    """Return the text of a value; of a frame or a column without wide padding."""
    return PADDING.sub("  ", text) if isinstance(value, pd.DataFrame | pd.Series) else text


def environment(frames: dict[str, Any], printer: Printer) -> dict[str, Any]:
    """Build the global names of one program.

    Parameters
    ----------
    frames : dict of str to DataFrame
        Bound to their names, beside `pd` and `np`.
    printer : Printer
        Receives what it prints.
    """
    allowed = {name: getattr(builtins, name) for name in PLAIN}
    allowed |= {
        "print": printer.print,
        "getattr": guards.read,
        "hasattr": guards.has,
        "type": kind_of,
        "__import__": import_module,
    }
    module = ModuleType(MODULE)
    sys.modules[MODULE] = module  # dataclasses look their module up
    names = vars(module)
    names |= {
        "__builtins__": allowed,
        "__metaclass__": guards.make_class,
        "__name__": MODULE,
        "_getattr_": guards.read,
        "_write_": guards.Writer,
        "_slot_": guards.Slot,
        "_show_": printer.show,
        "pd": facade("pandas"),
        "np": facade("numpy"),
    }
    names |= frames
    return names


def import_for_library(name: str) -> None:
    """Import a part of an offered library, or what is imported already, and hand nothing out.

    Compiled code looks its import up in the frame that called it, which is the
    program's. It always brings an empty list, where a statement brings a tuple
    or None, and takes the module from `sys.modules` whatever comes back.
    """
    if name not in sys.modules and name.partition(".")[0] not in module_names():
        raise Refused(f"import {name}: no part of what the sandbox offers")
    importlib.import_module(name)


def kind_of(value: Any, *more: Any) -> type:
    """Return the kind of a value as the program's ``type(value)``.

    Not the kind that makes kinds nor the one that makes functions; one that believes its arguments comes closed.
    """
    kind: Any = type(value)
    if more or issubclass(kind, type | FunctionType | MethodType | ModuleType):
        raise Refused("type() takes one argument in the sandbox, and no class or function; write a class statement")
    if issubclass(kind, np.ndarray):
        return closed(np.ndarray)
    return closed(kind) if issubclass(kind, pd.MultiIndex) or (is_native(kind) and kind not in offered()) else kind


def import_module(
    name: str, names: Any = None, local: Any = None, wanted: tuple[str, ...] | list[str] | None = (), level: int = 0
) -> Any:
    """Import for the program: read-only facades of a few modules; and for compiled code what it imports itself."""
    if type(wanted) is list:
        return import_for_library(name)
    if level or not isinstance(name, str):
        raise Refused("relative imports are not allowed in the sandbox")
    try:
        module = facade(name)
        top = facade(name.partition(".")[0])
    except KeyError:
        raise Refused(f"import {name}: not allowed in the sandbox; allowed: {', '.join(module_names())}") from None
    for each in wanted or ():
        if each.startswith("_") or not hasattr(module, each):
            raise Refused(f"from {name} import {each}: not allowed in the sandbox")
    return module if wanted else top
