"""The words of an expression."""

import re
from dataclasses import dataclass
from typing import Literal

from factory.core.errors import ExpressionError
from factory.core.times import to_ms

MAX_TEXT = 2_000
MAX_NUMBER = 1e15

TokenKind = Literal["number", "duration", "name", "column", "sign", "end"]
KEYWORDS = ("and", "or", "not")
_WORD = r"[A-Za-z_][A-Za-z0-9_]*"
_SCAN = re.compile(
    rf"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?P<unit>{_WORD})?"
    rf"|(?P<name>{_WORD}(?:\s*\.\s*{_WORD})*)|(?P<sign><=|>=|==|!=|[-+*/<>(),=]))"
)
_BLANK = re.compile(r"\s*")


@dataclass(frozen=True, slots=True)
class Token:
    """One word: what it is, how it is written, where it starts (first character 1)."""

    kind: TokenKind
    text: str
    at: int


def mistake_at(at: int, what: str, mend: str) -> ExpressionError:
    """Make the one-line error of a mistake at a character."""
    return ExpressionError(f"character {at}: {what}; {mend}")


def tokenize(text: str) -> list[Token]:
    """Cut an expression into words.

    Raises
    ------
    ExpressionError
        If it is empty, longer than 2,000 characters, or holds what no word can be.
    """
    if len(text) > MAX_TEXT:
        raise ExpressionError(f"expression of {len(text)} characters; at most {MAX_TEXT} are allowed")
    tokens, position = [], 0
    while (start := _blank(text, position)) < len(text):
        match = _SCAN.match(text, position)
        if match is None:
            raise mistake_at(start + 1, f"'{text[start]}' means nothing here", _mend(text[start]))
        tokens.append(_token(match, start + 1))
        position = match.end()
    if not tokens:
        raise ExpressionError("expression is empty; write one such as ret(btc.close, 15)")
    return [*tokens, Token("end", "", len(text) + 1)]


def _blank(text: str, position: int) -> int:
    blank = _BLANK.match(text, position)
    return blank.end() if blank else position


def _token(match: re.Match[str], at: int) -> Token:
    if match["sign"]:
        return Token("sign", match["sign"], at)
    if match["name"]:
        return _name("".join(match["name"].split()), at)
    if match["unit"]:
        return _duration(match["number"] + match["unit"], at)
    if len(match["number"]) > 24 or abs(float(match["number"])) > MAX_NUMBER:
        raise mistake_at(at, f"number '{match['number'][:12]}...' is too large", "write one below 1e15")
    return Token("number", match["number"], at)


def _name(text: str, at: int) -> Token:
    parts = text.split(".")
    if text in KEYWORDS:
        return Token("sign", text, at)
    if text in ("lambda", "if", "else", "for", "in", "is"):
        raise mistake_at(at, f"'{text}' is not part of the language", "use where(condition, a, b) to choose")
    if len(parts) > 2 or any(part.startswith("_") for part in parts):
        column = ".".join(parts[:2]) if len(parts) > 2 and len(text) < 40 else "btc.close"
        raise mistake_at(at, f"'{text[:40]}' is no column", f"write calls around a column, such as mean({column}, 20)")
    return Token("column" if len(parts) == 2 else "name", text, at)


def _duration(text: str, at: int) -> Token:
    try:
        to_ms(text)
    except ValueError:
        raise mistake_at(at, f"'{text[:40]}' is no duration", "write a whole number and a unit, such as 5m, 1h or 1d") from None
    return Token("duration", text, at)


def _mend(character: str) -> str:
    if character in "'\"":
        return "text is no value; write names bare, such as btc.close"
    if character in "[]{}":
        return "lists and slices do not exist; lag(x, n) looks n rows back"
    if character in "&|~^!":
        return "write and, or, not"
    if character in "$@":
        return "columns are written series.column, such as btc.close"
    if character in "%":
        return "write + - * / and operators"
    return "write names, numbers, + - * /, comparisons and calls"
