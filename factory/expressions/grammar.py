"""From text to a checked expression: a small Pratt parser.

The language cannot say "future": look-backs are literal and positive, and no
operator looks ahead. Nothing here is ever evaluated as Python.
"""

from collections.abc import Collection, Mapping
from types import MappingProxyType

from factory.core.errors import ExpressionError
from factory.core.times import to_duration, to_ms
from factory.expressions.expression import Expression
from factory.expressions.nodes import (
    COMPARISON,
    MINUS,
    PRECEDENCE,
    BinaryOperation,
    Call,
    ColumnName,
    Node,
    Number,
    SeriesName,
    Span,
    UnaryOperation,
)
from factory.expressions.operators import OPERATORS, Operator, Param
from factory.expressions.synonyms import BACK, NO_FUTURE, find_nearest, looks_ahead, match_names
from factory.expressions.tokens import Token, mistake_at, tokenize

__all__ = ["MAX_DEPTH", "MAX_NODES", "Expression", "parse"]

MAX_NODES = 300
MAX_DEPTH = 40
BARS = ("close", "open", "high", "low", "volume")
"""Columns of every series of bars."""
SHOWN = 80
"""Longest expression of another feature that an error writes out."""


def parse(
    text: str,
    operators: Mapping[str, Operator] = OPERATORS,
    features: Mapping[str, str] = MappingProxyType({}),
    series: Mapping[str, Collection[str]] = MappingProxyType({}),
) -> Expression:
    """Read an expression.

    Parameters
    ----------
    text : str
        At most 2,000 characters, 300 nodes, 40 levels.
    operators : mapping of str to Operator
        What may be called.
    features : mapping of str to str
        Expressions of the features beside this one, which it cannot use; for the error that says so.
    series : mapping of str to collection of str
        Columns of the series that are known to be there; for errors that write one.

    Returns
    -------
    Expression
        ``parse(parse(text).text) == parse(text)``.

    Raises
    ------
    ExpressionError
        One line: where, what came, what is allowed or the mend.
    """
    parser = _Parser(tokenize(text), operators, features, series)
    root = parser.expression(0)
    parser.finish()
    if not any(isinstance(node, ColumnName | SeriesName) or _is_clock(node, operators) for node in root.walk()):
        raise ExpressionError(f"'{root.text[:40]}' is the same at every moment; use a column, such as btc.close")
    return Expression(root)


class _Parser:
    def __init__(
        self,
        words: list[Token],
        operators: Mapping[str, Operator],
        features: Mapping[str, str],
        series: Mapping[str, Collection[str]],
    ) -> None:
        self._words = words
        self._operators = operators
        self._features = features
        self._series = series
        self._next = 0
        self._depth = 0
        self._nodes = 0

    def expression(self, binding: int) -> Node:
        """Read as far as the signs bind tighter than `binding`."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._too_deep()
        left = self._prefix()
        while (power := self._infix_power()) > binding:
            sign = self._take()
            right = self.expression(power)
            if sign.text == "/" and right == Number(0.0):
                raise mistake_at(sign.at, "division by 0", "write another divisor")
            left = self._count(BinaryOperation(sign.text, left, right))
            if power == COMPARISON and self._infix_power() == COMPARISON:
                raise mistake_at(self._peek.at, "comparisons cannot be chained", "write a < b and b < c")
        self._depth -= 1
        return left

    def finish(self) -> None:
        """Refuse what is left over."""
        if self._peek.kind != "end":
            raise self._unexpected("an infix sign or the end")

    @property
    def _peek(self) -> Token:
        return self._words[self._next]

    def _take(self) -> Token:
        word = self._words[self._next]
        self._next += word.kind != "end"
        return word

    def _count(self, node: Node) -> Node:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise mistake_at(self._peek.at, "the expression is too large", f"at most {MAX_NODES} parts are allowed")
        if node.depth > MAX_DEPTH:
            raise self._too_deep()
        return node

    def _too_deep(self) -> ExpressionError:
        return mistake_at(
            self._peek.at, "the expression nests too deep", f"at most {MAX_DEPTH} levels are allowed; name parts as features"
        )

    def _infix_power(self) -> int:
        word = self._peek
        return PRECEDENCE.get(word.text, 0) if word.kind == "sign" and word.text != "not" else 0

    def _unexpected(self, wanted: str) -> ExpressionError:
        word = self._peek
        came = f"'{word.text[:40]}'" if word.text else "the end"
        if word.text == "not":
            return mistake_at(word.at, "'not' stands before what it negates", "write not a")
        if word.text == "=":
            return mistake_at(word.at, "'=' compares nothing", "write ==")
        return mistake_at(word.at, f"{came} came", f"{wanted} is expected")

    def _expect(self, sign: str) -> None:
        if self._peek.kind != "sign" or self._peek.text != sign:
            raise self._unexpected(f"'{sign}'")
        self._take()

    def _prefix(self) -> Node:
        word = self._peek
        if word.kind == "number":
            self._take()
            return self._count(Number(float(word.text)))
        if word.kind == "column":
            self._take()
            if self._peek.text == "(":
                raise self._unknown(word)
            return self._count(ColumnName(*word.text.split(".")))
        if word.kind == "name":
            return self._call(self._take())
        if word.kind == "duration":
            raise mistake_at(word.at, f"duration '{word.text}' is no value", "only operators such as at(1h, x) take one")
        if word.text == "(":
            self._take()
            inside = self.expression(0)
            self._expect(")")
            return inside
        if word.text in ("-", "not"):
            return self._unary(self._take())
        raise self._unexpected("a column, a number or a call")

    def _unary(self, word: Token) -> Node:
        operand = self.expression(MINUS if word.text == "-" else PRECEDENCE["not"])
        if word.text == "-" and isinstance(operand, Number):
            return Number(0.0 - operand.value)
        return self._count(UnaryOperation(word.text, operand))

    def _call(self, word: Token) -> Node:
        if self._peek.text != "(":
            raise self._bare(word)
        operator = self._operators.get(word.text)
        if operator is None:
            raise self._unknown(word)
        self._take()
        arguments = self._arguments(operator)
        self._expect(")")
        return self._count(_checked(operator, Call(operator.name, arguments), word.at, self._operators))

    def _unknown(self, word: Token) -> ExpressionError:
        """Explain a call of what is no operator.

        It names the operator that the field calls so, else one that is spelt much alike, else where to look.
        """
        name = word.text.rpartition(".")[2]
        what = f"operator '{word.text[:40]}' unknown"
        if looks_ahead(name):
            return mistake_at(word.at, what, f"{NO_FUTURE}; {BACK}(x, n) looks n rows back")
        meant = match_names(name, self._operators)
        if meant:
            only = f"; {NO_FUTURE}" if BACK in meant else ""
            return mistake_at(word.at, what, f"write {_any_of(meant, self._operators)}{only}")
        near = find_nearest(name, self._operators)
        if near:
            return mistake_at(word.at, what, f"did you mean '{near[0]}'? Such as {self._operators[near[0]].example}")
        families = dict.fromkeys(one.family for one in self._operators.values())
        return mistake_at(word.at, what, f"families: {', '.join(families)}; list_features(family=...) lists one")

    def _bare(self, word: Token) -> ExpressionError:
        name, alone = word.text[:40], f"'{word.text[:40]}' alone is no value"
        if name in self._features:
            text = self._features[name]
            written = f": {text}" if len(text) <= SHOWN else ""
            return mistake_at(
                word.at, f"'{name}' is a feature", f"a feature cannot use another, write its expression out{written}"
            )
        if name in self._series:
            column = next((one for one in (*BARS, *self._series[name]) if one in self._series[name]), BARS[0])
            return mistake_at(word.at, f"'{name}' is a series", f"name a column of it, such as {name}.{column}")
        owner = next((one for one, columns in self._series.items() if name.lower() in columns), None)
        if owner or name.lower() in BARS:
            return mistake_at(
                word.at,
                f"'{name}' is a column",
                f"write its series before it, such as {owner or next(iter(self._series), 'btc')}.{name.lower()}",
            )
        if looks_ahead(name):
            return mistake_at(word.at, alone, f"{NO_FUTURE}; {BACK}(x, n) looks n rows back")
        near = find_nearest(name, self._operators)
        if near:
            return mistake_at(word.at, alone, f"write a call, such as {self._operators[near[0]].example}")
        known = next(iter(self._series), None)
        if known:
            return mistake_at(
                word.at, alone, f"write a series and its column, such as {known}.close; {name}.close if it is a series"
            )
        return mistake_at(word.at, alone, f"a series needs a column, such as {name}.close")

    def _arguments(self, operator: Operator) -> tuple[Node, ...]:
        """Read arguments by place or by name, defaults filled in."""
        given: dict[str, Node] = {}
        more = self._peek.text != ")"
        while more:
            param = self._param(operator, tuple(given))
            given[param.name] = self._argument(operator, param)
            more = self._peek.text == "," and bool(self._take())
        if self._peek.text != ")":
            raise self._unexpected("',' or ')'" if len(given) < len(operator.params) else "')'")
        for param in operator.params:
            if param.name not in given:
                if param.default is None:
                    raise mistake_at(self._peek.at, f"'{param.name}' is missing", _written(operator))
                given[param.name] = self._count(_literal(param, param.default))
        return tuple(given[param.name] for param in operator.params)

    def _param(self, operator: Operator, given: tuple[str, ...]) -> Param:
        """Find the parameter that the next argument is for; a name before it is read."""
        word, names = self._peek, tuple(param.name for param in operator.params)
        if word.kind == "name" and self._words[self._next + 1].text == "=":
            if word.text not in names:
                raise mistake_at(word.at, f"{operator.name} has no '{word.text[:40]}'", _written(operator))
            if word.text in given:
                raise mistake_at(word.at, f"'{word.text}' is there twice", "keep one")
            self._take(), self._take()
            return operator.params[names.index(word.text)]
        if len(given) == len(names):
            raise mistake_at(word.at, f"{operator.name} takes {len(names)}", _written(operator))
        if given != names[: len(given)]:
            raise mistake_at(word.at, "no name came after a named argument", _written(operator))
        return operator.params[len(given)]

    def _argument(self, operator: Operator, param: Param) -> Node:
        at = self._peek.at
        if param.kind == "expression":
            return self.expression(0)
        if param.kind == "series":
            if self._peek.kind != "name":
                raise mistake_at(
                    at, f"{operator.name} takes a whole series first", f"write it bare, such as {operator.example}"
                )
            return self._count(SeriesName(self._take().text))
        if param.kind == "duration":
            return self._duration(operator, param)
        negative = self._peek.text == "-" and bool(self._take())
        if self._peek.kind != "number":
            raise mistake_at(
                at, f"{param.name} of {operator.name} must be a literal number", f"write it out, such as {operator.example}"
            )
        value = float(self._take().text) * (-1 if negative else 1)
        if param.kind == "window" and not value.is_integer():
            raise mistake_at(at, f"{param.name} of {operator.name} is {value:g}", "a whole number of rows is allowed")
        _in_range(operator, param, value, f"{value:g}", at)
        return self._count(_literal(param, value + 0.0))

    def _duration(self, operator: Operator, param: Param) -> Node:
        word = self._peek
        if word.kind != "duration":
            raise mistake_at(word.at, f"{param.name} of {operator.name} must be a duration", f"such as {operator.example}")
        self._take()
        _in_range(operator, param, to_ms(word.text), word.text, word.at)
        return self._count(Span(to_ms(word.text)))


def _any_of(names: list[str], operators: Mapping[str, Operator]) -> str:
    first = operators[names[0]]
    return f"{' or '.join((first.signature, *names[1:]))}, such as {first.example}"


def _written(operator: Operator) -> str:
    return f"write {operator.signature}, such as {operator.example}"


def _literal(param: Param, value: float) -> Node:
    return Span(int(value)) if param.kind == "duration" else Number(float(value))


def _in_range(operator: Operator, param: Param, value: float, came: str, at: int) -> None:
    if param.low <= value <= param.high:
        return
    if param.kind == "duration":
        allowed = f"{to_duration(int(param.low))} to {to_duration(int(param.high))}"
    else:
        allowed = f"{param.low:.6g} to {param.high:.6g}"
    ahead = f", {NO_FUTURE}" if param.kind == "window" and value < 0 else ""
    raise mistake_at(at, f"{param.name} of {operator.name} is {came}", f"{allowed} is allowed{ahead}")


def _is_clock(node: Node, operators: Mapping[str, Operator]) -> bool:
    return isinstance(node, Call) and operators[node.operator].family == "clock"


def _checked(operator: Operator, call: Call, at: int, operators: Mapping[str, Operator]) -> Call:
    """Refuse rows of what has no rows, and a frame inside a frame."""
    if operator.family not in ("math", "clock"):
        for param, argument in zip(operator.params, call.arguments, strict=True):
            if param.kind == "expression" and not any(isinstance(node, ColumnName | SeriesName) for node in argument.walk()):
                raise mistake_at(at, f"{param.name} of {operator.name} holds no column", f"such as {operator.example}")
    inside = (node for argument in call.arguments for node in argument.walk())
    if operator.family == "frame" and any(
        isinstance(node, Call) and operators[node.operator].family == "frame" for node in inside
    ):
        raise mistake_at(at, f"{operator.name} inside {operator.name}", "use one, on the coarsest bars")
    if operator.name == "clip" and call.arguments[1] != call.arguments[2]:
        low, high = call.arguments[1:]
        if isinstance(low, Number) and isinstance(high, Number) and low.value > high.value:
            raise mistake_at(at, f"clip from {low.text} to {high.text}", "write the smaller bound first")
    return call
