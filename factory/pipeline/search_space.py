"""What a search may set: lists or ranges of literals, by path."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel, Field

from factory.core.errors import PipelineError
from factory.pipeline.messages import Mistakes
from factory.pipeline.parts.base import Part

MAX_VALUES = 50

Literal = int | float | str
Change = Callable[[Mapping[str, Any]], BaseModel]
"""Gives a pipeline with changes applied."""


class Range(Part):
    """Numbers between two ends, both included.

    Parameters
    ----------
    low, high : int or float
        The ends, of the parameter's own type; ``from`` and ``to`` in YAML.
    log : bool
        Whether a search draws them evenly in the logarithm.
    """

    low: int | float = Field(alias="from")
    high: int | float = Field(alias="to")
    log: bool = False

    def at(self, share: float) -> int | float:
        """Compute the value at a share in [0, 1) of the way; floats to four digits, whole numbers evenly.

        Parameters
        ----------
        share : float
            Drawn evenly by a search, or a step of a grid.
        """
        whole = isinstance(self.low, int) and isinstance(self.high, int)
        low, high = self.low - whole / 2, self.high + whole / 2
        value = low * (high / low) ** share if self.log else low + (high - low) * share
        return min(max(round(value) if whole else float(f"{value:.4g}"), self.low), self.high)


def read_tune(raw: Mapping[str, Any], changed: Change) -> dict[str, Any]:
    """Check every literal by setting it.

    Parameters
    ----------
    raw : mapping of str to list or mapping
        As the author wrote it.
    changed : callable
        Gives the pipeline with changes applied.

    Returns
    -------
    dict of str to tuple or Range
        Literals as the models convert them.

    Raises
    ------
    Mistakes
        One line each.
    """
    axes: dict[str, Any] = {}
    mistakes: list[str] = []
    for path, values in raw.items():
        try:
            axes[path] = _range(path, values, changed) if isinstance(values, (Mapping, Range)) else _list(path, values, changed)
        except PipelineError as error:
            mistakes += error.lines
    if mistakes:
        raise Mistakes(mistakes)
    return axes


def _list(path: str, values: Any, changed: Change) -> tuple[Literal, ...]:
    if not isinstance(values, list | tuple) or not 1 <= len(values) <= MAX_VALUES:
        raise PipelineError(f"tune.{path}: write a list of 1 to {MAX_VALUES} values, or {{from: 50, to: 400}}")
    literals = tuple(_set(path, value, changed) for value in values)
    for value in literals:
        if literals.count(value) > 1:
            raise PipelineError(f"tune.{path}: {value} is there twice; keep one")
    return literals


def _range(path: str, values: Any, changed: Change) -> Range:
    given = values.model_dump(by_alias=True) if isinstance(values, Range) else dict(values)
    if not {"from", "to"} <= set(given) <= {"from", "to", "log"} or str(given.get("log", "false")).lower() not in (
        "true",
        "false",
    ):
        raise PipelineError(f"tune.{path}: a range has from, to and log alone, such as {{from: 50, to: 400, log: true}}")
    low, high = (_set(path, given[end], changed) for end in ("from", "to"))
    if isinstance(low, str) or isinstance(high, str):
        raise PipelineError(f"tune.{path}: a range needs numbers; list the values instead, such as [{low}, {high}]")
    log = str(given.get("log", "false")).lower() == "true"
    if low >= high or (log and low <= 0):
        raise PipelineError(f"tune.{path}: {low} to {high}; from must be below to, and above 0 with log")
    return Range(**{"from": low, "to": high, "log": log})


def _set(path: str, value: Any, changed: Change) -> Literal:
    """Set one literal and give it back as the models read it."""
    if isinstance(value, Mapping | list | tuple) or value is None:
        raise PipelineError(f"tune.{path}: {str(value)[:40]} is not a literal; tune numbers, durations, names or expressions")
    if path in ("pipeline", "about", "data") or path.startswith("tune"):
        raise PipelineError(f"tune.{path}: cannot be tuned; tune a part's parameter, such as meta.leaf")
    try:
        child = changed({path: value})
    except PipelineError as error:
        raise PipelineError(*(f"tune.{line}" for line in error.lines)) from None
    literal: Any = child
    for key in path.split("."):
        literal = literal[key] if isinstance(literal, Mapping) else getattr(literal, key)
    if not isinstance(literal, Literal):
        raise PipelineError(f"tune.{path}: is a whole part; tune one of its parameters, such as {path}.leaf")
    return literal
