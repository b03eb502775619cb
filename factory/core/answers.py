"""The shape of what people and agents are answered: short, columnar, without nulls."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Answer = dict[str, Any]


DIGITS = 4


def round_answer(answer: Mapping[str, Any], digits: int = DIGITS) -> Answer:
    """Round floats to some significant digits and drop what is missing, all the way down.

    Parameters
    ----------
    answer : mapping
        Of numbers, texts, mappings and sequences, numpy scalars among them.
    digits : int
        Significant ones of every float.

    Returns
    -------
    dict
        JSON-able; None, NaN and empty mappings are gone from mappings, and
        stand as ``"-"`` in rows, where position matters.
    """
    kept = {str(key): _tidied(item, digits) for key, item in answer.items()}
    return {key: item for key, item in kept.items() if item is not None and item != {}}


def _tidied(value: Any, digits: int) -> Any:
    if isinstance(value, Mapping):
        return round_answer(value, digits)
    if isinstance(value, str | bool):
        return value
    if isinstance(value, list | tuple):
        return ["-" if item is None else item for item in (_tidied(item, digits) for item in value)]
    if hasattr(value, "item"):
        value = value.item()
    return round_significant(value, digits) if isinstance(value, float) else value


def round_significant(value: float, digits: int = DIGITS) -> float | int | None:
    """Round a float to some significant digits and keep whole numbers as they are; None when it is NaN or infinite."""
    if not math.isfinite(value):
        return None
    if value == int(value) and abs(value) < 1e15:
        return int(value)
    rounded = round(value, digits - 1 - math.floor(math.log10(abs(value))))
    return int(rounded) if rounded == int(rounded) and abs(rounded) < 1e15 else rounded


def pluralize(number: int, noun: str) -> str:
    """Write a count with its noun: ``1 trial``, ``2 trials``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Answer:
    """Build a table of an answer: the column names once, the rows as lists."""
    return {"columns": list(columns), "rows": [list(row) for row in rows]}


def page(rows: Sequence[Any], number: int, size: int) -> tuple[list[Any], Answer]:
    """Select one page of rows, with how to get the next.

    Returns
    -------
    rows : list
        The page.
    more : dict
        As :func:`further` says.
    """
    start = (number - 1) * size
    return list(rows[start : start + size]), page_note(len(rows), number, size)


def page_note(total: int, number: int, size: int) -> Answer:
    """Say how many rows there are and which page is next: ``total``, and ``next_page`` but on the last; nothing of one page."""
    if total <= size:
        return {}
    return {"total": total, **({"next_page": number + 1} if number * size < total else {})}
