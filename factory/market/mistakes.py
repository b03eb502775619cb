"""What pydantic found wrong, told in the words of the file's author."""

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from factory.core.errors import did_you_mean

SHOWN = 40


def lines_of(error: ValidationError, raw: Any, allowed: Callable[[tuple[str, ...], dict[str, Any]], set[str]]) -> list[str]:
    """Tell the mistakes, one line each.

    Parameters
    ----------
    error : ValidationError
        What a model raised.
    raw : Any
        What the author wrote; paths are told in its keys.
    allowed : callable
        Keys that the mapping at a path may have, from the path and the mapping.

    Returns
    -------
    list of str
        ``path: what came; the mend``.
    """
    lines: list[str] = []
    for details in error.errors(include_url=False):
        for line in _lines(details, raw, allowed):
            if line not in lines:
                lines.append(line)
    return lines


def _lines(details: ErrorDetails, raw: Any, allowed: Callable[[tuple[str, ...], dict[str, Any]], set[str]]) -> list[str]:
    path, holder = _walk(details["loc"], raw)
    dotted = ".".join(path)
    kind = details["type"]
    if kind == "extra_forbidden":
        return [f"{dotted}: unknown key; {did_you_mean(path[-1], allowed(path[:-1], holder))}"]
    if kind == "missing":
        unknown = holder.keys() - allowed(path[:-1], holder)
        return [] if _near(path[-1], unknown) else [f"{dotted}: missing; add it"]  # a misspelt key has a line of its own
    context = details.get("ctx", {})
    if kind == "value_error":
        return [_under(path, line) for line in str(context["error"]).splitlines()]
    if kind == "union_tag_not_found":
        written = _near("use", details["input"])
        return [f"{dotted}.{written}: unknown key; did you mean 'use'?" if written else f"{dotted}.use: missing; add it"]
    if kind == "union_tag_invalid":
        tags = [tag.strip(" '") for tag in str(context["expected_tags"]).split(",")]
        return [f"{dotted}.use: '{context['tag']}' unknown; {did_you_mean(str(context['tag']), tags)}"]
    came = str(details["input"])[:SHOWN] if not isinstance(details["input"], dict | list) else ""
    return [f"{dotted}: '{came}': {_plain(details['msg'])}" if came else f"{dotted}: {_plain(details['msg'])}"]


def _walk(loc: tuple[int | str, ...], raw: Any) -> tuple[tuple[str, ...], dict[str, Any]]:
    """Keep of pydantic's location what the author wrote: union tags and the like drop out."""
    path: list[str] = []
    holder: dict[str, Any] = {}
    at, is_tagged = raw, False
    for place, key in enumerate(loc):
        last = place == len(loc) - 1
        if isinstance(at, dict) and at.get("use") == key and not is_tagged:
            is_tagged = True  # the union's tag, which may be spelt as one of its keys
        elif isinstance(at, dict) and (key in at or last) and not str(key).startswith("["):
            holder, at, is_tagged = at, at.get(key), False
            path.append(str(key))
        elif isinstance(at, list) and isinstance(key, int):
            at = at[key] if key < len(at) else None
            path.append(str(key))
    return tuple(path), holder


def _near(word: str, written: Iterable[str]) -> str:
    """Find which of some keys was meant to be a word, if one was."""
    return next(iter(get_close_matches(word, [key for key in written if key != word], n=1, cutoff=0.6)), "")


def _under(path: tuple[str, ...], line: str) -> str:
    """Put a validator's own line under the path of its model."""
    if not path:
        return line
    head = ".".join(path)
    return f"{head}.{line}" if line.split(":")[0].isidentifier() else f"{head}: {line}"


def _plain(message: str) -> str:
    plain = message.removeprefix("Input ")
    return plain[:1].lower() + plain[1:]
