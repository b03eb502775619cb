"""The registry of operators: name to signature."""

from collections.abc import Mapping
from types import MappingProxyType

from factory.expressions.operators.book import BOOK
from factory.expressions.operators.classic import CLASSIC
from factory.expressions.operators.market import CLOCK, FLOW, FRAME, VOLATILITY
from factory.expressions.operators.math import CHANGE, MATH, SMOOTHING
from factory.expressions.operators.window import WINDOW
from factory.expressions.signature import Operator, Param

__all__ = ["OPERATORS", "Operator", "Param"]

_ALL = (*MATH, *CHANGE, *WINDOW, *SMOOTHING, *CLASSIC, *VOLATILITY, *FLOW, *BOOK, *CLOCK, *FRAME)

OPERATORS: Mapping[str, Operator] = MappingProxyType({operator.name: operator for operator in _ALL})
"""Every operator of the feature language, by name, families in order."""
