"""YAML 1.2 in which every scalar is text, so that nothing is guessed; and how values are written in it.

``on``, ``no``, ``12:30`` and ``2024-01-01`` stay what the author typed; the
models convert them. Duplicate and empty keys, anchors, aliases and tags are
refused, and an expression that a comma cut in two gets a message of its own.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

MAX_TEXT = 100_000
MAX_DEPTH = 12

FLOW_SAFE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./+-]*\Z|-[0-9][0-9.e+-]*\Z")
"""What may stand between braces as it is."""

MENDS = {
    "mapping values are not allowed here": "; put a value that holds ': ' in quotes",
    "found character '\\t' that cannot start any token": "; indent with blanks, not tabs",
}
"""What to do about the two commonest mistakes, by the parser's words."""


def read(text: str) -> Any:
    """Read one YAML document into dicts, lists and text.

    Parameters
    ----------
    text : str
        At most 100,000 characters, nested at most 12 deep.

    Returns
    -------
    dict, list or str
        Every scalar as it was typed; an empty document is ``""``.

    Raises
    ------
    ValueError
        One line: where, what came, and the mend.
    """
    if len(text) > MAX_TEXT:
        raise ValueError(f"{len(text)} characters; at most {MAX_TEXT}")
    try:
        return _document(iter(YAML(typ="safe", pure=True).parse(text)))
    except MarkedYAMLError as error:
        where = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        problem = str(error.problem or error.context)
        raise ValueError(f"{where}not YAML: {problem}{MENDS.get(problem, '')}") from None
    except YAMLError as error:
        raise ValueError(f"not YAML: {str(error).splitlines()[0]}") from None


def _document(events: Iterator[Event]) -> Any:
    value: Any = ""
    documents = 0
    for event in events:
        if isinstance(event, DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise ValueError(f"{_line(event)}: a second document; write one, without '---'")
            value = _node(next(events), events, (), flow=False)
        elif isinstance(event, StreamEndEvent):
            break
    return value


def _node(event: Event, events: Iterator[Event], path: tuple[str, ...], flow: bool) -> Any:
    if isinstance(event, AliasEvent) or (isinstance(event, NodeEvent) and event.anchor):
        raise ValueError(f"{_at(event, path)}: anchors and aliases are not read; write the value out")
    if isinstance(event, NodeEvent) and getattr(event, "tag", None):
        raise ValueError(f"{_at(event, path)}: the tag is not read; write the plain value")
    if len(path) > MAX_DEPTH:
        raise ValueError(f"{_at(event, path)}: nested deeper than {MAX_DEPTH}")
    if isinstance(event, MappingStartEvent):
        return _mapping(events, path, flow=bool(event.flow_style))
    if isinstance(event, SequenceStartEvent):
        return _sequence(events, path, flow=bool(event.flow_style))
    return _scalar(event, path, flow)


def _mapping(events: Iterator[Event], path: tuple[str, ...], flow: bool) -> dict[str, Any]:
    mapping: dict[str, Any] = {}
    for event in events:
        if isinstance(event, MappingEndEvent):
            break
        if not isinstance(event, ScalarEvent):
            raise ValueError(f"{_at(event, path)}: a key must be a plain name")
        key = _node(event, events, path, flow)
        if key in ("", "~", "null"):
            raise ValueError(f"{_at(event, path)}: empty key; give it a name")
        if key in mapping:
            raise ValueError(f"{_at(event, (*path, key))}: the key is there twice; keep one")
        value = next(events)
        if flow and isinstance(value, ScalarEvent) and value.style is None and not value.value:
            raise ValueError(f"{_at(event, (*path, key))}: no value; {_mend_of_key(key)}")
        mapping[key] = _node(value, events, (*path, key), flow)
    return mapping


def _mend_of_key(key: str) -> str:
    """Suggest how to mend a key without a value inside braces: by a colon between words, or by brackets around a list."""
    name, *rest = re.split(r"[:\s]+", key, maxsplit=1)
    if name and rest and rest[0]:
        return f"a colon and a blank stand between a key and its value, so write '{name}: {rest[0]}'"
    return "a comma ends one inside { }, so write a list as [a, b]"


def _sequence(events: Iterator[Event], path: tuple[str, ...], flow: bool) -> list[Any]:
    items: list[Any] = []
    for event in events:
        if isinstance(event, SequenceEndEvent):
            break
        items.append(_node(event, events, (*path, str(len(items))), flow))
    return items


def _scalar(event: Any, path: tuple[str, ...], flow: bool) -> str:
    text = str(event.value)
    if flow and event.style is None and text.count("(") != text.count(")"):
        raise ValueError(
            f"{_at(event, path)}: '{text}' was cut at a comma, which ends a value inside {{ }} or [ ]; "
            "write it on a line of its own, or in quotes"
        )
    return text


def _line(event: Event) -> str:
    return f"line {event.start_mark.line + 1}"


def _at(event: Event, path: tuple[str, ...]) -> str:
    return f"{_line(event)}, {'.'.join(path)}" if path else _line(event)


def write_inline(value: Any) -> str:
    """Write a value on one line: ``{use: clock, every: 5m}``."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{write_inline(key)}: {write_inline(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(write_inline(inner) for inner in value) + "]"
    return write_scalar(value, FLOW_SAFE)


def write_scalar(value: Any, safe: re.Pattern[str]) -> str:
    """Write a scalar plainly where it matches a pattern of what is safe so, else in quotes."""
    text = str(value).lower() if isinstance(value, bool) else spell(value)
    if text.isprintable():
        return text if safe.match(text) else json.dumps(text, ensure_ascii=False)
    return '"' + "".join(sign if sign.isprintable() and sign not in '\\"' else _escape(sign) for sign in text) + '"'


def _escape(sign: str) -> str:
    """Spell a character as YAML does between double quotes; beyond U+FFFF JSON's pairs mean something else there."""
    return json.dumps(sign)[1:-1] if ord(sign) <= 0xFFFF else f"\\U{ord(sign):08x}"


def spell(value: Any) -> str:
    """Write a literal as it is spelt in YAML: 1.0 is ``"1"``."""
    if isinstance(value, float):
        text = repr(value)
        return text[:-2] if text.endswith(".0") else text
    return str(value)
