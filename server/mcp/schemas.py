"""Tools with closed, lean schemas."""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from typing import Any

from mcp.server.mcpserver.tools import Tool
from mcp.types import CallToolResult, ToolAnnotations

from server.mcp.answers import answer

Handler = Callable[..., Awaitable[dict[str, Any]]]


def tool(handler: Handler, annotations: ToolAnnotations) -> Tool:
    """Make a tool of a function.

    The SDK ignores unknown arguments, publishes titles that repeat the names,
    and indents the text of an answer; this closes and shortens all three.

    Parameters
    ----------
    handler : callable
        Its name, docstring and typed parameters become the tool's; it returns the answer.
    annotations : ToolAnnotations
        What hosts are told about its effects.
    """

    @wraps(handler)
    async def run(**arguments: Any) -> CallToolResult:
        return answer(await handler(**arguments))

    description = " ".join((inspect.getdoc(handler) or "").split())
    made = Tool.from_function(run, description=description, annotations=annotations, structured_output=False)
    arguments = made.fn_metadata.arg_model
    arguments.model_config["extra"] = "forbid"
    arguments.model_rebuild(force=True)
    made.parameters = lean(arguments.model_json_schema())
    return made


def lean(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Drop from a schema what costs tokens and tells nothing.

    Titles go; an optional argument is shown by its type alone, since leaving
    it out is how one says null.
    """
    kept: dict[str, Any] = {}
    for key, value in schema.items():
        if key == "title" or (key == "default" and value is None):
            continue
        if key == "properties":
            kept[key] = {name: lean(inner) for name, inner in value.items()}
        elif key == "anyOf":
            given = [option for option in value if option != {"type": "null"}]
            kept.update(lean(given[0]) if len(given) == 1 else {key: given})
        else:
            kept[key] = value
    return kept
