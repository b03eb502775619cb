"""What an operator declares about itself, without any code that computes it."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Kind = Literal["expression", "window", "number", "duration", "series"]
Literals = tuple[float, ...]
"""Values of an operator's literal arguments, in order; expressions and series left out."""

MAX_WINDOW = 100_000
ORDERED = 10_000
"""Greatest window of operators that keep it sorted."""
FILTERED = 2_000
"""Greatest window of operators that weigh each of its rows."""
REMAINING = 1e-12
"""A recursive operator is missing until what came before its first row weighs less than this."""


@dataclass(frozen=True, slots=True)
class Param:
    """One argument of an operator.

    Parameters
    ----------
    name : str
        How help and errors call it.
    kind : str
        ``expression``, ``window`` (a literal whole number of rows), ``number``
        (a literal), ``duration`` (a literal such as 1h) or ``series``.
    low, high : float
        Smallest and greatest literal, both allowed; milliseconds for a duration.
    default : float or None
        Used when the argument is left out; only literals at the end have one.
    """

    name: str
    kind: Kind
    low: float = -1e9
    high: float = 1e9
    default: float | None = None

    def __str__(self) -> str:
        return self.name if self.default is None else f"{self.name}={self.default:g}"


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator's signature.

    Parameters
    ----------
    name, family : str
        Its name in expressions, and where ``list_features`` lists it.
    params : tuple of Param
        Its arguments, in order.
    doc : str
        One line: what it is, in which unit.
    example : str
        A valid call on a series ``btc`` (or ``book``); every law is tested on it.
    rows : callable
        Literals -> rows of its own clock that it needs before the present
        one, settling rows of recursive operators included.
    needs : callable
        Literals -> columns that a series argument must have.
    recursive : bool
        Whether it remembers without end, so that it starts anew after a gap
        and is missing for its settling rows.
    exact : bool
        Whether the same rows give the same bits wherever a run starts. False
        for recursive operators: within 1e-9.
    reach : int
        Milliseconds that it looks back besides its rows; a day where it is
        anchored to midnight.
    power : float or None
        Values grow with this power of the unit of its expressions, or of the
        prices of its series; None where they follow none, as a logarithm.
    volume : float
        The same for the unit of volumes.
    """

    name: str
    family: str
    params: tuple[Param, ...]
    doc: str
    example: str
    rows: Callable[[Literals], int] = lambda literals: 0
    needs: Callable[[Literals], tuple[str, ...]] = lambda literals: ()
    recursive: bool = False
    exact: bool = True
    reach: int = 0
    power: float | None = 0.0
    volume: float = 0.0

    @property
    def signature(self) -> str:
        """Such as ``zscore(x, n)``."""
        return f"{self.name}({', '.join(map(str, self.params))})"


def x(name: str = "x") -> Param:
    """Declare an argument that is an expression."""
    return Param(name, "expression")


def window(name: str = "n", low: int = 1, high: int = MAX_WINDOW, default: int | None = None) -> Param:
    """Declare an argument that is a literal number of rows."""
    return Param(name, "window", low, high, default)


def number(name: str, low: float, high: float, default: float | None = None) -> Param:
    """Declare an argument that is a literal number."""
    return Param(name, "number", low, high, default)


def series(name: str = "bars") -> Param:
    """Declare an argument that is a whole series."""
    return Param(name, "series")


def whole(literals: Literals) -> int:
    """Count the rows before the present one in a window of the first literal's length."""
    return int(literals[0]) - 1


def lagged(literals: Literals) -> int:
    """Count the rows before the present one when looking back by the first literal."""
    return int(literals[0])


def ema_settling(n: float) -> int:
    """Count the rows until an exponential average of span n has forgotten its start."""
    return _settling(2.0 / (n + 1.0))


def wilder_settling(n: float) -> int:
    """Count the rows until Wilder's average of n rows has forgotten its start."""
    return _settling(1.0 / n)


def _settling(share: float) -> int:
    return 0 if share >= 1.0 else math.ceil(math.log(REMAINING) / math.log1p(-share))
