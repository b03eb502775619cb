"""What computes each operator: name to function.

What is undefined is missing, alike in all of them: a quotient by zero, a place in a
window without range, a deviation's multiple where nothing deviates, an index of
moves where nothing moves. Whether something is zero is asked of the exact value and
never of a threshold, so that no answer hangs on the unit of prices or volumes; so
what is flat must stay exactly flat through sums and means. Functions of one row
(`log`, `exp`) and the signs ``+ - * /`` give what floating point gives, infinite
values too, for the flow to refuse.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from factory.expressions.compute.book import BOOK
from factory.expressions.compute.classic import CLASSIC
from factory.expressions.compute.market import MARKET
from factory.expressions.compute.window import WINDOW
from factory.expressions.signature import Literals
from factory.expressions.time_axis import Compute, Floats, TimeAxis


def _where(x: tuple[Floats, ...], k: Literals, rows: TimeAxis) -> Floats:
    condition, a, b = x
    return np.where(np.isnan(condition), np.nan, np.where(condition != 0.0, a, b))


MATH: dict[str, Compute] = {
    "log": lambda x, k, rows: np.log(x[0]),
    "exp": lambda x, k, rows: np.exp(x[0]),
    "sqrt": lambda x, k, rows: np.sqrt(x[0]),
    "abs": lambda x, k, rows: np.abs(x[0]),
    "sign": lambda x, k, rows: np.sign(x[0]),
    "tanh": lambda x, k, rows: np.tanh(x[0]),
    "clip": lambda x, k, rows: np.clip(x[0], k[0], k[1]),
    "least": lambda x, k, rows: np.minimum(*x),
    "greatest": lambda x, k, rows: np.maximum(*x),
    "where": _where,
}

COMPUTE: Mapping[str, Compute] = {**MATH, **WINDOW, **CLASSIC, **MARKET, **BOOK}
"""Every operator but ``at``, which says on which rows the others work."""


def _logical(combined: NDArray[np.bool_], *operands: Floats) -> Floats:
    """Convert truth values to 1 and 0, NaN where an operand is."""
    missing = np.isnan(operands[0])
    for operand in operands[1:]:
        missing = missing | np.isnan(operand)
    return np.where(missing, np.nan, combined)


UNARY: Mapping[str, Callable[[Floats], Floats]] = {
    "-": np.negative,
    "not": lambda x: _logical(np.asarray(x) == 0.0, x),
}

ARITHMETIC: Mapping[str, np.ufunc] = {"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide}

LOGIC: Mapping[str, Callable[[Floats, Floats], Floats]] = {
    "<": lambda a, b: _logical(np.less(a, b), a, b),
    "<=": lambda a, b: _logical(np.less_equal(a, b), a, b),
    ">": lambda a, b: _logical(np.greater(a, b), a, b),
    ">=": lambda a, b: _logical(np.greater_equal(a, b), a, b),
    "==": lambda a, b: _logical(np.equal(a, b), a, b),
    "!=": lambda a, b: _logical(np.not_equal(a, b), a, b),
    "and": lambda a, b: _logical(np.not_equal(a, 0.0) & np.not_equal(b, 0.0), a, b),
    "or": lambda a, b: _logical(np.not_equal(a, 0.0) | np.not_equal(b, 0.0), a, b),
}
