"""The frozen tree behind an expression, and its one spelling."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from factory.core.times import to_duration

PRECEDENCE = {"or": 1, "and": 2, "not": 3, "<": 4, "<=": 4, ">": 4, ">=": 4, "==": 4, "!=": 4, "+": 5, "-": 5, "*": 6, "/": 6}
COMPARISON, MINUS, ATOM = 4, 7, 8
FRAME = "at"
"""The operator that gathers rows into longer bars."""


@dataclass(frozen=True)
class Node(ABC):
    """Part of an expression. Equal nodes have equal text."""

    @cached_property
    def text(self) -> str:
        """Canonical spelling: parsing it gives this node again."""
        return self._write()

    @property
    def children(self) -> "tuple[Node, ...]":
        """The nodes right below."""
        return ()

    @property
    def bar_ms(self) -> int | None:
        """Milliseconds of the bars that an ``at(1h, x)`` asks for, else None."""
        return None

    @cached_property
    def sources(self) -> "tuple[tuple[str, int | None], ...]":
        """Every series that is read, with the ms of the bars that it is gathered into, None for its own rows."""
        return tuple(dict.fromkeys((name, own or self.bar_ms) for child in self.children for name, own in child.sources))

    @property
    def precedence(self) -> int:
        """How tightly it binds when written."""
        return ATOM

    @cached_property
    def depth(self) -> int:
        """Levels of the tree."""
        return 1 + max((child.depth for child in self.children), default=0)

    def walk(self) -> "Iterator[Node]":
        """Yield every node of the tree, this one first."""
        yield self
        for child in self.children:
            yield from child.walk()

    @abstractmethod
    def _write(self) -> str: ...


@dataclass(frozen=True)
class Number(Node):
    """A literal number."""

    value: float

    def _write(self) -> str:
        return str(int(self.value)) if self.value.is_integer() else repr(self.value)


@dataclass(frozen=True)
class Span(Node):
    """A literal duration in milliseconds."""

    ms: int

    def _write(self) -> str:
        return to_duration(self.ms)


@dataclass(frozen=True)
class SeriesName(Node):
    """A series, given whole to an operator such as ``atr(btc, 14)``."""

    series: str

    @property
    def sources(self) -> tuple[tuple[str, int | None], ...]:
        """The series."""
        return ((self.series, None),)

    def _write(self) -> str:
        return self.series


@dataclass(frozen=True)
class ColumnName(Node):
    """One column of one series: ``btc.close``."""

    series: str
    column: str

    @property
    def sources(self) -> tuple[tuple[str, int | None], ...]:
        """The series."""
        return ((self.series, None),)

    def _write(self) -> str:
        return f"{self.series}.{self.column}"


@dataclass(frozen=True)
class Call(Node):
    """An operator with all its arguments, defaults written out."""

    operator: str
    arguments: tuple[Node, ...]

    @property
    def children(self) -> tuple[Node, ...]:
        """The arguments."""
        return self.arguments

    @property
    def bar_ms(self) -> int | None:
        """The first argument of ``at(1h, x)``."""
        first = self.arguments[0] if self.operator == FRAME else None
        return first.ms if isinstance(first, Span) else None

    def _write(self) -> str:
        return f"{self.operator}({', '.join(argument.text for argument in self.arguments)})"


@dataclass(frozen=True)
class UnaryOperation(Node):
    """``-x`` or ``not x``."""

    sign: str
    operand: Node

    @property
    def children(self) -> tuple[Node, ...]:
        """The operand."""
        return (self.operand,)

    @property
    def precedence(self) -> int:
        """Minus binds tighter than any infix sign, ``not`` looser than comparisons."""
        return MINUS if self.sign == "-" else PRECEDENCE["not"]

    def _write(self) -> str:
        operand = _within(self.operand, self.precedence)
        return f"-{operand}" if self.sign == "-" else f"not {operand}"


@dataclass(frozen=True)
class BinaryOperation(Node):
    """Two operands and an infix sign."""

    sign: str
    left: Node
    right: Node

    @property
    def children(self) -> tuple[Node, ...]:
        """Left and right."""
        return (self.left, self.right)

    @property
    def precedence(self) -> int:
        """That of its sign."""
        return PRECEDENCE[self.sign]

    def _write(self) -> str:
        chained = self.precedence == COMPARISON
        left = _within(self.left, self.precedence + chained)
        return f"{left} {self.sign} {_within(self.right, self.precedence + 1)}"


def _within(node: Node, precedence: int) -> str:
    return node.text if node.precedence >= precedence else f"({node.text})"
