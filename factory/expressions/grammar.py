"""From text to a checked expression: a small Pratt parser.

The language cannot say "future": look-backs are literal and positive, and no
operator looks ahead. Nothing here is ever evaluated as Python.
"""

from collections.abc import Mapping
from difflib import get_close_matches

from factory.errors import ExpressionError, did_you_mean
from factory.expressions.expression import Expression
from factory.expressions.nodes import (
    COMPARISON,
    MINUS,
    PRECEDENCE,
    Binary,
    Call,
    ColumnName,
    Node,
    Number,
    SeriesName,
    Span,
    Unary,
)
from factory.expressions.operators import OPERATORS, Operator, Param
from factory.expressions.tokens import Token, fail, tokens
from factory.times import to_duration, to_ms

__all__ = ["MAX_DEPTH", "MAX_NODES", "Expression", "parse"]

MAX_NODES = 300
MAX_DEPTH = 40


def parse(text: str, operators: Mapping[str, Operator] = OPERATORS) -> Expression:
    """Read an expression.

    Parameters
    ----------
    text : str
        At most 2,000 characters, 300 nodes, 40 levels.
    operators : mapping of str to Operator
        What may be called.

    Returns
    -------
    Expression
        ``parse(parse(text).text) == parse(text)``.

    Raises
    ------
    ExpressionError
        One line: where, what came, what is allowed or the mend.
    """
    parser = _Parser(tokens(text), operators)
    root = parser.expression(0)
    parser.finish()
    if not any(isinstance(node, ColumnName | SeriesName) or _is_clock(node, operators) for node in root.walk()):
        raise ExpressionError(f"'{root.text[:40]}' is the same at every moment; use a column, such as btc.close")
    return Expression(root)


class _Parser:
    def __init__(self, words: list[Token], operators: Mapping[str, Operator]) -> None:
        self._words = words
        self._operators = operators
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
            left = self._count(Binary(sign.text, left, self.expression(power)))
            if power == COMPARISON and self._infix_power() == COMPARISON:
                raise fail(self._peek.at, "comparisons cannot be chained", "write a < b and b < c")
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
            raise fail(self._peek.at, "the expression is too large", f"at most {MAX_NODES} parts are allowed")
        if node.depth > MAX_DEPTH:
            raise self._too_deep()
        return node

    def _too_deep(self) -> ExpressionError:
        return fail(
            self._peek.at, "the expression nests too deep", f"at most {MAX_DEPTH} levels are allowed; name parts as features"
        )

    def _infix_power(self) -> int:
        word = self._peek
        return PRECEDENCE.get(word.text, 0) if word.kind == "sign" and word.text != "not" else 0

    def _unexpected(self, wanted: str) -> ExpressionError:
        word = self._peek
        came = f"'{word.text[:40]}'" if word.text else "the end"
        if word.text == "not":
            return fail(word.at, "'not' stands before what it negates", "write not a")
        return fail(word.at, f"{came} came", f"{wanted} is expected")

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
            return self._count(ColumnName(*word.text.split(".")))
        if word.kind == "name":
            return self._call(self._take())
        if word.kind == "duration":
            raise fail(word.at, f"duration '{word.text}' is no value", "only operators such as at(1h, x) take one")
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
        return self._count(Unary(word.text, operand))

    def _call(self, word: Token) -> Node:
        if self._peek.text != "(":
            raise fail(word.at, f"'{word.text[:40]}' alone is no value", self._mend_name(word.text))
        operator = self._operators.get(word.text)
        if operator is None:
            raise fail(word.at, f"operator '{word.text[:40]}' unknown", did_you_mean(word.text, self._operators))
        self._take()
        arguments: list[Node] = []
        for param in operator.params:
            if self._peek.text == ")" and param.default is not None:
                arguments.append(self._count(_literal(param, param.default)))
                continue
            if self._peek.text == ")":
                raise fail(
                    self._peek.at, f"'{param.name}' is missing", f"write {operator.signature}, such as {operator.example}"
                )
            if arguments:
                self._expect(",")
            arguments.append(self._argument(operator, param))
        if self._peek.text == ",":
            raise fail(self._peek.at, f"{operator.name} takes {len(operator.params)}", f"write {operator.signature}")
        self._expect(")")
        return self._count(_checked(operator, Call(operator.name, tuple(arguments)), word.at, self._operators))

    def _mend_name(self, name: str) -> str:
        near = get_close_matches(name, self._operators, n=1, cutoff=0.8)
        return f"write {self._operators[near[0]].signature}" if near else f"write a column, such as {name[:40]}.close"

    def _argument(self, operator: Operator, param: Param) -> Node:
        at = self._peek.at
        if param.kind == "expression":
            return self.expression(0)
        if param.kind == "series":
            if self._peek.kind != "name":
                raise fail(at, f"{operator.name} takes a whole series first", f"write it bare, such as {operator.example}")
            return self._count(SeriesName(self._take().text))
        if param.kind == "duration":
            return self._duration(operator, param)
        negative = self._peek.text == "-" and bool(self._take())
        if self._peek.kind != "number":
            raise fail(
                at, f"{param.name} of {operator.name} must be a literal number", f"write it out, such as {operator.example}"
            )
        value = float(self._take().text) * (-1 if negative else 1)
        if param.kind == "window" and not value.is_integer():
            raise fail(at, f"{param.name} of {operator.name} is {value:g}", "a whole number of rows is allowed")
        _in_range(operator, param, value, f"{value:g}", at)
        return self._count(_literal(param, value + 0.0))

    def _duration(self, operator: Operator, param: Param) -> Node:
        word = self._peek
        if word.kind != "duration":
            raise fail(word.at, f"{param.name} of {operator.name} must be a duration", f"such as {operator.example}")
        self._take()
        _in_range(operator, param, to_ms(word.text), word.text, word.at)
        return self._count(Span(to_ms(word.text)))


def _literal(param: Param, value: float) -> Node:
    return Span(int(value)) if param.kind == "duration" else Number(float(value))


def _in_range(operator: Operator, param: Param, value: float, came: str, at: int) -> None:
    if param.low <= value <= param.high:
        return
    if param.kind == "duration":
        allowed = f"{to_duration(int(param.low))} to {to_duration(int(param.high))}"
    else:
        allowed = f"{param.low:.6g} to {param.high:.6g}"
    raise fail(at, f"{param.name} of {operator.name} is {came}", f"{allowed} is allowed")


def _is_clock(node: Node, operators: Mapping[str, Operator]) -> bool:
    return isinstance(node, Call) and operators[node.operator].family == "clock"


def _checked(operator: Operator, call: Call, at: int, operators: Mapping[str, Operator]) -> Call:
    """Refuse rows of what has no rows, and a frame inside a frame."""
    if operator.family not in ("math", "clock"):
        for param, argument in zip(operator.params, call.arguments, strict=True):
            if param.kind == "expression" and not any(isinstance(node, ColumnName | SeriesName) for node in argument.walk()):
                raise fail(at, f"{param.name} of {operator.name} holds no column", f"such as {operator.example}")
    inside = (node for argument in call.arguments for node in argument.walk())
    if operator.family == "frame" and any(
        isinstance(node, Call) and operators[node.operator].family == "frame" for node in inside
    ):
        raise fail(at, f"{operator.name} inside {operator.name}", "use one, on the coarsest bars")
    if operator.name == "clip" and call.arguments[1] != call.arguments[2]:
        low, high = call.arguments[1:]
        if isinstance(low, Number) and isinstance(high, Number) and low.value > high.value:
            raise fail(at, f"clip from {low.text} to {high.text}", "write the smaller bound first")
    return call
