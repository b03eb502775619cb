"""The shape of what people and agents are answered: short, columnar, without nulls."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Answer = dict[str, Any]


def tidy(answer: Mapping[str, Any]) -> Answer:
    """Round floats to four significant digits and drop what is missing, all the way down.

    Parameters
    ----------
    answer : mapping
        Of numbers, texts, mappings and sequences, numpy scalars among them.

    Returns
    -------
    dict
        JSON-able; None, NaN and empty mappings are gone from mappings, and
        stand as ``"-"`` in rows, where position matters.
    """
    kept = {str(key): _tidied(item) for key, item in answer.items()}
    return {key: item for key, item in kept.items() if item is not None and item != {}}


def _tidied(value: Any) -> Any:
    if isinstance(value, Mapping):
        return tidy(value)
    if isinstance(value, str | bool):
        return value
    if isinstance(value, list | tuple):
        return ["-" if item is None else item for item in map(_tidied, value)]
    if hasattr(value, "item"):
        value = value.item()
    return significant(value) if isinstance(value, float) else value


def significant(value: float, digits: int = 4) -> float | int | None:
    """A float to some significant digits, whole numbers as they are; None when it is NaN or infinite."""
    if not math.isfinite(value):
        return None
    if value == int(value) and abs(value) < 1e15:
        return int(value)
    rounded = round(value, digits - 1 - math.floor(math.log10(abs(value))))
    return int(rounded) if rounded == int(rounded) and abs(rounded) < 1e15 else rounded


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Answer:
    """Columns once, rows as lists."""
    return {"columns": list(columns), "rows": [list(row) for row in rows]}


def page(rows: Sequence[Any], number: int, size: int) -> tuple[list[Any], Answer]:
    """One page of rows, with how to get the next.

    Returns
    -------
    rows : list
        The page.
    more : dict
        ``total`` and, unless it was the last, ``next_page``; empty when all fit on one page.
    """
    start = (number - 1) * size
    chosen = list(rows[start : start + size])
    if len(rows) <= size:
        return chosen, {}
    more: Answer = {"total": len(rows)}
    if start + size < len(rows):
        more["next_page"] = number + 1
    return chosen, more
