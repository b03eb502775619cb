"""Tools with closed, lean schemas of words that every host takes."""

import inspect
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from functools import wraps
from typing import Any

from mcp.server.mcpserver.tools import Tool
from mcp.server.mcpserver.utilities.func_metadata import ArgModelBase
from mcp.types import CallToolResult, ToolAnnotations
from pydantic import ConfigDict, create_model, model_validator

from factory.core.errors import FactoryError
from factory.core.foreign import clean_value
from server.mcp.answers import answer
from server.mcp.state import Call, connection_of, state_of

Handler = Callable[..., Awaitable[dict[str, Any]]]
AS_IT_IS = frozenset({"code"})
"""Arguments that are run and never shown, with limits of their own; all others are cleaned."""
MOST = 40_000
"""Characters of an argument, written as JSON."""
MOST_OF_TEXT = 2_000
"""Characters of one text in it, unless it is a whole spec."""

HOST_ARGUMENTS = frozenset(
    {"toolCallId", "tool_call_id", "sessionId", "session_id", "chatInput", "action", "tool"}  # n8n
    | {"task_progress", "random_string", "security_risk", "wait_for_previous"}  # Cline, Cursor, OpenHands, Gemini CLI
)
"""Arguments that hosts add to every call, whatever a tool takes."""
INCLUSIVE = {"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"}
"""Words for which some hosts refuse a whole tool list, by those that are published instead; the check stays strict."""
UNPUBLISHED = ("title", "default")
"""Words that cost tokens, or are refused by some hosts, and that a refusal explains when they matter."""


class Arguments(ArgModelBase):
    """The arguments of a call: null and blank text stand for "not given", and what is unknown is refused."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _drop_what_is_not_given(cls, raw: Any) -> Any:
        if not isinstance(raw, Mapping):
            return raw
        added = HOST_ARGUMENTS - set(cls.model_fields)
        return {name: value for name, value in raw.items() if name not in added and not _is_blank(value)}


def _is_blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def tool(
    handler: Handler,
    title: str,
    annotations: ToolAnnotations,
    output: Mapping[str, str],
    meta: dict[str, Any] | None = None,
) -> Tool:
    """Make a tool of a function.

    The SDK ignores unknown arguments, publishes titles that repeat the names,
    and indents the text of an answer; this closes and shortens all three. Arguments
    are held to a length and cleaned before the handler sees them.

    Parameters
    ----------
    handler : callable
        Its name, docstring and typed parameters become the tool's; it returns the answer.
    title : str
        What hosts show to people.
    annotations : ToolAnnotations
        What hosts are told about its effects.
    output : mapping of str to str
        JSON types of the main keys of an answer; none is always there, since long work answers with a job.
    meta : dict or None
        What else hosts are told of it.
    """

    @wraps(handler)
    async def run(call: Call, **arguments: Any) -> CallToolResult:
        done = await handler(call=call, **{name: admit(name, value) for name, value in arguments.items()})
        state_of(call).record_use(connection_of(call), handler.__name__)
        return answer(done)

    description = " ".join((inspect.getdoc(handler) or "").split())
    made = Tool.from_function(
        run, title=title, description=description, annotations=annotations, meta=meta, structured_output=False
    )
    made.fn_metadata.arg_model = _close(made.fn_metadata.arg_model)
    made.parameters = lean(made.fn_metadata.arg_model.model_json_schema())
    made.fn_metadata.output_schema = {"type": "object", "properties": {key: {"type": kind} for key, kind in output.items()}}
    return made


def _close(arguments: type[ArgModelBase]) -> type[ArgModelBase]:
    return create_model(arguments.__name__, __base__=(Arguments, arguments))


def admit(name: str, value: Any) -> Any:
    """Clean an argument that an agent gave.

    Raises
    ------
    FactoryError
        If it is longer than any sound one.
    """
    if name in AS_IT_IS or not isinstance(value, str | list | dict):
        return value
    sizes = [(len(json.dumps(value, ensure_ascii=False)), MOST)]
    if not (name == "spec" and isinstance(value, str)):
        sizes += [(len(text), MOST_OF_TEXT) for text in _texts(value)]
    for size, most in sizes:
        if size > most:
            raise FactoryError(f"{name}: {size:,} characters came; at most {most:,}")
    return clean_value(value)


def _texts(value: Any) -> Iterator[str]:
    """Yield all texts of a JSON-like value, keys too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in (*value, *value.values()) if isinstance(value, dict) else value:
            yield from _texts(inner)


def lean(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Reduce a schema to what every host takes, without what tells nothing.

    An optional argument is shown by its type alone, since leaving it out is
    how one says null.
    """
    kept: dict[str, Any] = {}
    for key, value in schema.items():
        if key in UNPUBLISHED:
            continue
        if key == "properties":
            kept[key] = {name: lean(inner) for name, inner in value.items()}
        elif key == "items":
            kept[key] = lean(value)
        elif key == "anyOf":
            given = [lean(option) for option in value if option != {"type": "null"}]
            kept.update(given[0] if len(given) == 1 else {key: given})
        else:
            kept[INCLUSIVE.get(key, key)] = value
    return kept
