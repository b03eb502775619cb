"""Which rows an expression lives on, and how far back it reaches; known without data."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import ceil

from factory.core.errors import ExpressionError, did_you_mean
from factory.core.times import count_months, spell_period, to_duration
from factory.expressions.nodes import Call, ColumnName, Node, Number, SeriesName, Span
from factory.expressions.operators import OPERATORS
from factory.expressions.signature import Literals
from factory.market.pace import Pace

RowClock = tuple[int, int, str]
"""Period and delay in ms, and the series: rows of one clock. The least of several is the finest."""


@dataclass(frozen=True)
class Clocks:
    """Periods and delays of a dataset's series, ms, and how densely the bars lie of those that have sessions."""

    periods: Mapping[str, int]
    delays: Mapping[str, int] = field(default_factory=dict)
    paces: Mapping[str, Pace] = field(default_factory=dict)

    def of(self, series: str, bar_ms: int | None = None) -> RowClock:
        """Return the clock of a series, or of its bars of length `bar_ms`."""
        if series not in self.periods:
            raise ExpressionError(f"series '{series}' is not in the dataset; {did_you_mean(series, self.periods)}")
        return (bar_ms or self.periods[series], self.delays.get(series, 0), series)

    def step(self, clock: RowClock) -> int:
        """Compute the milliseconds from one row of a clock to the next, on average."""
        return ceil(self.paces[clock[2]].step(clock[0])) if clock[2] in self.paces else clock[0]

    def wait(self, clock: RowClock) -> int:
        """Compute the milliseconds from one row of a clock to the next, at most."""
        return clock[0] + (self.paces[clock[2]].closed if clock[2] in self.paces else 0)

    def finest(self, clocks: Iterable[RowClock]) -> RowClock | None:
        """Find the clock with the finest rows; of equals the one that trades most of the time. None of none."""
        return min(clocks, default=None, key=lambda clock: (clock[0], self.step(clock), *clock[1:]))


def literals(call: Call) -> Literals:
    """List the values of a call's literal arguments, in order; durations in ms."""
    values = []
    for param, argument in zip(OPERATORS[call.operator].params, call.arguments, strict=True):
        if isinstance(argument, Span):
            values.append(float(argument.ms))
        elif isinstance(argument, Number) and param.kind != "expression":
            values.append(argument.value)
    return tuple(values)


def clock_of(node: Node, clocks: Clocks, bar_ms: int | None = None) -> RowClock | None:
    """Find the finest clock among the series of a node; None where it has none."""
    return clocks.finest(clocks.of(series, own or bar_ms) for series, own in node.sources)


def reach(node: Node, clocks: Clocks, bar_ms: int | None = None) -> int:
    """Compute how many milliseconds a node looks back before the open time of a row of its own clock."""
    own, inner = clock_of(node, clocks, bar_ms), node.bar_ms or bar_ms
    if own is None:
        return 0
    spans = [_seen_from(own, child, clocks, inner) for child in node.children]
    span = max(spans, default=0)
    if isinstance(node, Call):
        operator = OPERATORS[node.operator]
        span += operator.rows(literals(node)) * clocks.step(own) + operator.reach
    return span


def _seen_from(own: RowClock, child: Node, clocks: Clocks, bar_ms: int | None) -> int:
    clock, span = clock_of(child, clocks, bar_ms), reach(child, clocks, bar_ms)
    if clock is None or clock == own:
        return span
    return max(span + 2 * (clocks.wait(clock) + clock[1]) - own[0] - own[1], 0)


def find_misfits(node: Node, clocks: Clocks, bar_ms: int | None = None) -> list[str]:
    """Write one line for each series whose rows cannot be gathered into the bars asked for."""
    if isinstance(node, ColumnName | SeriesName) and bar_ms is not None:
        period = clocks.of(node.series)[0]
        if count_months(period):
            return [f"at({to_duration(bar_ms)}, ...): {node.series} has rows of {spell_period(period)}; read it without at()"]
        if period > bar_ms or bar_ms % period:
            return [
                f"at({to_duration(bar_ms)}, ...): {node.series} has rows of {to_duration(period)}; "
                f"write a multiple of it, such as at({to_duration(period)}, ...)"
            ]
    return [line for child in node.children for line in find_misfits(child, clocks, node.bar_ms or bar_ms)]
