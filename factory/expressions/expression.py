"""A parsed expression and what can be known of it without data."""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property

from factory.core.answers import pluralize
from factory.core.canonical import digest
from factory.core.errors import ExpressionError, did_you_mean
from factory.expressions.frequency import Clocks, clock_of, find_misfits, literals, reach
from factory.expressions.nodes import Call, ColumnName, Node, SeriesName
from factory.expressions.operators import OPERATORS, Operator
from factory.market.pace import Pace


@dataclass(frozen=True)
class Expression:
    """A feature: frozen, comparable, hashable.

    Parameters
    ----------
    node : Node
        Root of its tree; made by :func:`factory.expressions.grammar.parse`.
    """

    node: Node

    def __str__(self) -> str:
        return self.text

    @property
    def text(self) -> str:
        """Canonical spelling."""
        return self.node.text

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the canonical spelling."""
        return digest(self.text)

    @cached_property
    def columns(self) -> frozenset[tuple[str, str]]:
        """Every (series, column) that is read."""
        named = {(node.series, node.column) for node in self.node.walk() if isinstance(node, ColumnName)}
        for call in self._calls:
            for name in call.arguments:
                if isinstance(name, SeriesName):
                    named |= {(name.series, column) for column in _operator(call).needs(literals(call))}
        return frozenset(named)

    @cached_property
    def series(self) -> frozenset[str]:
        """Every series that is read."""
        return frozenset(series for series, _ in self.columns)

    @cached_property
    def recursive(self) -> bool:
        """Whether an operator remembers without end: values then repeat within 1e-9."""
        return any(_operator(call).recursive for call in self._calls)

    @cached_property
    def exact(self) -> bool:
        """Whether values repeat bit for bit wherever a run starts, its look-back before it."""
        return all(_operator(call).exact for call in self._calls)

    def lookback(
        self,
        periods: Mapping[str, int],
        delays: Mapping[str, int] | None = None,
        paces: Mapping[str, Pace] | None = None,
    ) -> int:
        """Compute how far back a value reaches from the moment it is known.

        Parameters
        ----------
        periods : mapping of str to int
            Milliseconds between rows, by series.
        delays : mapping of str to int, optional
            Publication delay by series, ms; default 0.
        paces : mapping of str to Pace, optional
            How densely bars lie, of the series that have sessions.

        Returns
        -------
        int
            Milliseconds: rows stamped at or after ``known - lookback`` are
            enough, settling rows included, on calendars without holes; of those
            with sessions on average, and the longest time without trading more.

        Raises
        ------
        ExpressionError
            If a series is not among `periods`.
        """
        clocks = Clocks(periods, delays or {}, paces or {})
        clock = clock_of(self.node, clocks)
        return reach(self.node, clocks) + clocks.wait(clock) + clock[1] if clock else 0

    def check(self, columns: Mapping[str, AbstractSet[str]], periods: Mapping[str, int]) -> None:
        """Refuse what a dataset does not hold.

        Parameters
        ----------
        columns : mapping of str to set of str
            Columns of each series of the dataset.
        periods : mapping of str to int
            Milliseconds between rows, by series.

        Raises
        ------
        ExpressionError
            One line a mistake.
        """
        wrong = [*self._bookless(columns)] or [*self._absent(columns)] or find_misfits(self.node, Clocks(periods))
        if wrong:
            raise ExpressionError(*dict.fromkeys(wrong))

    def _bookless(self, columns: Mapping[str, AbstractSet[str]]) -> Iterator[str]:
        """Yield one line for each order-book operator on what is no order book."""
        for call in self._calls:
            operator, series = _operator(call), call.arguments[0].text if call.arguments else ""
            needs = operator.needs(literals(call))
            asked = [columns[series]] if series in columns else columns.values()
            if operator.family == "book" and not any(held & set(needs) for held in asked):
                listed = ", ".join(needs[:4]) + (", ..." if len(needs) > 4 else "")
                owner = series if series in columns else "the dataset"
                yield f"{operator.name} needs an order-book series with columns {listed}; {owner} has none"

    def _absent(self, columns: Mapping[str, AbstractSet[str]]) -> Iterator[str]:
        """Yield one line for each series or column that is not there."""
        for series, column in sorted(self.columns):
            if series not in columns:
                yield f"series '{series}' is not in the dataset; {did_you_mean(series, columns)}"
            elif column not in columns[series]:
                yield _name_absent(series, column, columns[series])

    @property
    def _calls(self) -> list[Call]:
        return [node for node in self.node.walk() if isinstance(node, Call)]


def _name_absent(series: str, column: str, held: AbstractSet[str]) -> str:
    """Say that a column is not there: of a book's deeper levels, how many it has."""
    name, _, level = column.rpartition("_")
    if level.isdecimal() and f"{name}_1" in held:
        most = max(int(one.removeprefix(f"{name}_")) for one in held if one.startswith(f"{name}_"))
        return f"series '{series}' has {pluralize(most, 'level')} of each side; write at most {most}"
    return f"series '{series}' has no column '{column}'; {did_you_mean(column, held)}"


def _operator(call: Call) -> Operator:
    return OPERATORS[call.operator]
