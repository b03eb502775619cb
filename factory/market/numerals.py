"""Numbers as people write them: a point or a comma before the decimals, digits in groups."""

from collections.abc import Callable, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy import float64
from numpy.typing import NDArray

from factory.core.errors import DataError
from factory.market.questions import Question

BLANKS = "[ \u00a0\u202f\u2009'\u2019]"
"""What else groups digits."""
GROUPED = rf"^([+-]?[0-9]{{1,3}})({BLANKS}[0-9]{{3}})+([.,][0-9]+)?$"
EXPONENT = "([eE][+-]?[0-9]+)?"
WORDS = r"(?i)^[+-]?(inf|infinity|nan)$"


def _certain(sign: str) -> str:
    """Compose the pattern of cells that have this sign before their decimals and cannot be meant otherwise."""
    one, other = ("[.]", ",") if sign == "." else (",", "[.]")
    whole = rf"([0-9]{{1,3}}({other}[0-9]{{3}})+|[0-9]+)"
    return "|".join(
        (
            rf"^[+-]?[0-9]{{1,3}}({other}[0-9]{{3}})+{one}[0-9]*$",
            rf"^[+-]?[0-9]{{1,3}}({other}[0-9]{{3}}){{2,}}$",
            rf"^[+-]?(0+|[0-9]{{4,}})?{one}[0-9]+{EXPONENT}$",
            rf"^[+-]?{whole}{one}([0-9]{{1,2}}|[0-9]{{4,}})?{EXPONENT}$",
            rf"^[+-]?{whole}{one}[0-9]+[eE][+-]?[0-9]+$",
        )
    )


def _written(sign: str) -> str:
    """Compose the pattern of all cells that are a number with this sign before its decimals."""
    one, other = ("[.]", ",") if sign == "." else (",", "[.]")
    return rf"^[+-]?([0-9]{{1,3}}({other}[0-9]{{3}})+|[0-9]*)({one}[0-9]*)?{EXPONENT}$|{WORDS}"


def parse_numbers(
    columns: Mapping[str, pa.ChunkedArray], asked: str | None, is_doubtful: bool, place: Callable[[int], str]
) -> dict[str, NDArray[float64]]:
    """Parse the numbers of some columns of texts, NaN where a cell is empty.

    Parameters
    ----------
    columns : mapping of str to ChunkedArray
        Texts by name.
    asked : str or None
        The sign before decimals, where a person said it.
    is_doubtful : bool
        Whether a point before three digits may as well group them, as where cells are not parted by commas.
    place : callable
        How a person finds a row.

    Raises
    ------
    DataError
        Naming the row and column of the first cell that is no number, or asking for the sign where both are possible.
    """
    plain = {name: _ungrouped(texts) for name, texts in columns.items()}
    sign = asked or _sign(plain, is_doubtful, place)
    return {name: _parsed(name, texts, sign, place) for name, texts in plain.items()}


def replace_words(texts: pa.ChunkedArray, words: Mapping[str, float]) -> pa.ChunkedArray:
    """Replace the cells that are a word, in any case, by the number that it counts."""
    plain = pc.utf8_lower(pc.utf8_trim_whitespace(texts))
    for word, number in words.items():
        texts = pc.if_else(pc.equal(plain, word), f"{number:g}", texts)
    return texts


def _ungrouped(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    trimmed = pc.utf8_trim(texts, " \t\u00a0\u202f")
    if not pc.any(pc.match_substring_regex(trimmed, GROUPED)).as_py():
        return trimmed
    return pc.if_else(pc.match_substring_regex(trimmed, GROUPED), pc.replace_substring_regex(trimmed, BLANKS, ""), trimmed)


def _sign(columns: Mapping[str, pa.ChunkedArray], is_doubtful: bool, place: Callable[[int], str]) -> str:
    points = {name: pc.match_substring_regex(texts, _certain(".")) for name, texts in columns.items()}
    commas = {name: pc.match_substring_regex(texts, _certain(",")) for name, texts in columns.items()}
    has_point, has_comma = (any(pc.any(one).as_py() for one in matches.values()) for matches in (points, commas))
    if has_point and has_comma:
        name = next(name for name, one in commas.items() if pc.any(one).as_py())
        row = _first(commas[name])
        raise DataError(f"{place(row)}, column '{name}': a comma before decimals, and points elsewhere; write all alike")
    if has_point or has_comma:
        return "," if has_comma else "."
    for sign in (",", "."):
        for name, texts in columns.items():
            held = pc.match_substring(texts, sign)
            if (sign == "," or is_doubtful) and pc.any(held).as_py():
                row = _first(held)
                raise Question(
                    "decimal",
                    f"{place(row)}, column '{name}': '{sign}' may stand before decimals or group thousands",
                    'say which stands before decimals with source: {decimal: "."} or {decimal: ","}',
                    texts[row - 1].as_py(),
                    (".", ","),
                )
    return "."


def _parsed(name: str, texts: pa.ChunkedArray, sign: str, place: Callable[[int], str]) -> NDArray[float64]:
    wrong = pc.invert(pc.fill_null(pc.match_substring_regex(texts, _written(sign)), True))
    wrong = pc.or_(wrong, pc.fill_null(pc.match_substring_regex(texts, r"^[+-]?[.,]?$"), False))
    if pc.any(wrong).as_py():
        raise DataError(f"{place(_first(wrong))}, column '{name}': no number; correct the cell, or leave it empty")
    whole = pc.replace_substring(texts, "." if sign == "," else ",", "")
    values: NDArray[float64] = pc.replace_substring(whole, ",", ".").cast(pa.float64()).to_numpy()
    return values if values.flags.writeable else np.array(values)


def _first(hits: pa.ChunkedArray) -> int:
    """Find the number of the first row, from 1."""
    return int(pc.index(pc.fill_null(hits, False), True).as_py()) + 1
