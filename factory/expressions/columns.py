"""Expressions turned into columns, once per partition."""

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np

from factory.expressions.compute import ARITHMETIC, COMPUTE, LOGIC, UNARY
from factory.expressions.expression import Expression
from factory.expressions.frequency import Clocks, RowClock, clock_of, literals
from factory.expressions.kernels.rows import carry
from factory.expressions.keys import column_key
from factory.expressions.nodes import BinaryOperation, Call, ColumnName, Node, Number, SeriesName, UnaryOperation
from factory.expressions.operators import OPERATORS
from factory.expressions.time_axis import Floats, GatheredBars, TimeAxis, Times, even_rows, gather_bars, native_rows
from factory.market.series import Partition, measure_paces
from factory.market.series_kinds import series_kind
from factory.storage.cache import Cache

KEPT_BYTES = 24 * 2**20
"""Greatest size of the parts that several expressions of one batch may share."""


@dataclass(frozen=True, slots=True)
class Column:
    """Values of an expression on the rows of its clock.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        Read-only. NaN where missing; infinite values are left for the flow to refuse.
    time, known : ndarray of int64, shape (n,)
        When each row starts and when its value is known, ms UTC.
    period, delay : int
        Milliseconds between rows, and from a row's end to its publication.
    valid : int
        Milliseconds for which a value is carried on from the moment it is known.
    """

    values: Floats
    time: Times
    known: Times
    period: int
    delay: int
    valid: int


class Columns:
    """The columns of one partition, for one thread.

    Parameters
    ----------
    partition : Partition
        Its rows.
    cache : Cache or None
        Where finished columns are kept, by expression, fingerprint and kernels.
    """

    def __init__(self, partition: Partition, cache: Cache | None = None) -> None:
        self.partition = partition
        self.cache = cache
        series = partition.series
        periods, delays = {s.name: s.period for s in series.values()}, {s.name: s.delay for s in series.values()}
        self._clocks = Clocks(periods, delays, measure_paces(series))
        self._longest = min(
            series.values(),
            key=lambda s: (
                *(not len(s), not series_kind(s.kind).is_traded, s.sessions is not None),
                *(s.period, s.time[:1].tolist(), s.name),
            ),
        )
        self._even = native_rows(self._longest) if self._longest.sessions is None else even_rows(self._longest)
        self._bars: dict[RowClock, GatheredBars] = {}
        self._kept: OrderedDict[tuple[str, RowClock], Floats] = OrderedDict()

    def column(self, expression: Expression) -> Column:
        """Compute an expression, or read it from the cache.

        Parameters
        ----------
        expression : Expression
            Checked against the dataset (:meth:`Expression.check`).

        Returns
        -------
        Column
            On all rows of the finest of its clocks; where it has none, as in
            ``hour()``, on those of the finest bars that begin first, or as such
            bars would be where all markets close.
        """
        clock = clock_of(expression.node, self._clocks) or self._even.clock
        rows = self._rows(clock)
        return Column(self._values(expression, clock), rows.time, rows.known, clock[0], clock[1], rows.valid)

    def at(self, expression: Expression, times: Times) -> Floats:
        """Return the values of an expression at some moments, as they were known then.

        Parameters
        ----------
        expression : Expression
        times : ndarray of int64, shape (m,)
            Milliseconds UTC, never decreasing.

        Returns
        -------
        ndarray of float64, shape (m,)
            The last value known at each moment; NaN where it is missing or
            older than one period plus the delay; of a market that closes the
            last one before the night holds until the next is known.
        """
        column = self.column(expression)
        out = np.empty(len(times))
        carry(column.known, column.values, column.valid, np.ascontiguousarray(times, dtype=np.int64), out)
        return out

    def cached(self, expression: Expression) -> bool:
        """Check whether :meth:`column` would find the values ready, with nothing to compute."""
        return isinstance(expression.node, ColumnName) or (self.cache is not None and self.cache.has(self._key(expression)))

    def _key(self, expression: Expression) -> str:
        return column_key(expression.text, self.partition.fingerprint)

    def _values(self, expression: Expression, clock: RowClock) -> Floats:
        if self.cache is None or isinstance(expression.node, ColumnName):
            return self._compute(expression, clock)
        entry = self.cache.get(self._key(expression))
        if entry is not None:
            return entry["values"]
        values = self._compute(expression, clock)
        self.cache.put(self._key(expression), {"values": values})
        return values

    def _compute(self, expression: Expression, clock: RowClock) -> Floats:
        with np.errstate(all="ignore"):
            values = np.asarray(self._on(expression.node, None, clock), dtype=np.float64).view()
        values.flags.writeable = False
        return values

    def _on(self, node: Node, bar_ms: int | None, clock: RowClock) -> Floats:
        """Evaluate a node on the rows of a clock."""
        own = clock_of(node, self._clocks, bar_ms) or clock
        if own != clock:
            return self._carried(self._on(node, bar_ms, own), own, clock)
        if isinstance(node, Number):
            return np.asarray(node.value)
        if isinstance(node, ColumnName):
            return self._read(node.series, node.column, clock)
        if not isinstance(node, Call):
            return self._arithmetic(node, bar_ms, clock)
        key = (node.text, clock)
        if key not in self._kept:
            return self._keep(key, self._apply(node, bar_ms, clock))
        self._kept.move_to_end(key)
        return self._kept[key]

    def _arithmetic(self, node: Node, bar_ms: int | None, clock: RowClock) -> Floats:
        """Evaluate a sum, a comparison and the like.

        It is cheap, so it is never kept, and it is computed in place of the result of one of its own parts.
        """
        parts, own = zip(*(self._operand(child, bar_ms, clock) for child in node.children), strict=True)
        if isinstance(node, UnaryOperation):
            return UNARY[node.sign](parts[0])
        if not isinstance(node, BinaryOperation):
            raise TypeError(f"{type(node).__name__} has no values")
        if node.sign in ARITHMETIC:
            spare = next((part for part, free in zip(parts, own, strict=True) if free and part.ndim), None)
            result: Floats = ARITHMETIC[node.sign](*parts, out=spare)
            return result
        return LOGIC[node.sign](*parts)

    def _operand(self, node: Node, bar_ms: int | None, clock: RowClock) -> tuple[Floats, bool]:
        """Evaluate an operand, and tell whether nobody else holds its values, so that they may be written over."""
        plain = isinstance(node, Call) and not node.bar_ms and clock_of(node, self._clocks, bar_ms) == clock
        if isinstance(node, Call) and plain and (node.text, clock) not in self._kept:
            return self._apply(node, bar_ms, clock), True
        return self._on(node, bar_ms, clock), isinstance(node, BinaryOperation)

    def _apply(self, node: Call, bar_ms: int | None, clock: RowClock) -> Floats:
        if inner := node.bar_ms:
            return self._on(node.arguments[1], inner, clock)
        inputs: list[Floats] = []
        for param, argument in zip(OPERATORS[node.operator].params, node.arguments, strict=True):
            if isinstance(argument, SeriesName):
                needed = OPERATORS[node.operator].needs(literals(node))
                inputs += [self._read(argument.series, column, clock) for column in needed]
            elif param.kind == "expression":
                inputs.append(self._on(argument, bar_ms, clock))
        return COMPUTE[node.operator](tuple(inputs), literals(node), self._rows(clock))

    def _keep(self, key: tuple[str, RowClock], values: Floats) -> Floats:
        self._kept[key] = values
        while sum(kept.nbytes for kept in self._kept.values()) > KEPT_BYTES:
            self._kept.popitem(last=False)
        return values

    def _read(self, series: str, column: str, clock: RowClock) -> Floats:
        source = self.partition.series[series]
        if clock[0] != source.period:
            return self._gathered(clock).column(column)
        return np.ascontiguousarray(source.columns[column], dtype=np.float64)

    def _rows(self, clock: RowClock) -> TimeAxis:
        if clock == self._even.clock:
            return self._even
        source = self.partition.series[clock[2]]
        return native_rows(source) if clock[0] == source.period else self._gathered(clock).rows

    def _gathered(self, clock: RowClock) -> GatheredBars:
        if clock not in self._bars:
            self._bars[clock] = gather_bars(self.partition.series[clock[2]], clock[0])
        return self._bars[clock]

    def _carried(self, values: Floats, own: RowClock, clock: RowClock) -> Floats:
        source, target = self._rows(own), self._rows(clock)
        if np.array_equal(source.known, target.known):
            return values
        out = np.empty(len(target.known))
        carry(source.known, values, source.valid, target.known, out)
        return out
