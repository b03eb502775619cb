"""What goes back to an agent: compact, complete in both channels, never too long."""

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mcp.types import CallToolResult, ContentBlock, ImageContent, TextContent
from pydantic import ValidationError

from factory.core.canonical import in_order
from factory.core.errors import FactoryError, did_you_mean

MAX_CHARS = 8_000
"""No answer is longer; what is cut is marked."""

PICTURE = "picture"
"""Key of what is drawn: a file's key in what a worker answers, the PNG itself in what a tool does."""
PROBED = 2
"""Lines of probes in an answer, of each severity."""


def answer(data: dict[str, Any]) -> CallToolResult:
    """Give the same data as structured content and as compact JSON text.

    Hosts drop one of the two, so neither may say more than the other. A PNG under :data:`PICTURE` goes beside them: it shows
    what they say, to hosts that show images.
    """
    fitted = fit(shorten_probes({key: value for key, value in data.items() if key != PICTURE}))
    content: list[ContentBlock] = [TextContent(type="text", text=in_order(fitted))]
    if PICTURE in data:
        content.append(ImageContent(type="image", data=b64encode(data[PICTURE]).decode(), mime_type="image/png"))
    return CallToolResult(content=content, structured_content=fitted)


def refusal(*lines: str) -> CallToolResult:
    """Tell the model what was wrong with its call, in the factory's own words and in short."""
    return CallToolResult(content=[TextContent(type="text", text=str(FactoryError(*lines)))], is_error=True)


def shorten_probes(data: dict[str, Any]) -> dict[str, Any]:
    """Keep the first lines of what probes said, of each severity; people and the ledger have them all."""
    return {
        key: {severity: _first(lines) for severity, lines in value.items()}
        if key == "probes" and isinstance(value, dict)
        else shorten_probes(value)
        if isinstance(value, dict)
        else value
        for key, value in data.items()
    }


def _first(lines: Any) -> Any:
    if not isinstance(lines, list) or len(lines) <= PROBED:
        return lines
    return [*lines[:PROBED], f"and {len(lines) - PROBED} more"]


def fit(data: dict[str, Any], limit: int = MAX_CHARS) -> dict[str, Any]:
    """Cut the longest lists and texts until the JSON fits, and say so.

    Parameters
    ----------
    data : dict
        JSON-able answer.
    limit : int
        Greatest number of characters of its compact JSON.

    Returns
    -------
    dict
        `data` itself when it fits; else a shortened copy with ``truncated: true``.
    """
    if len(in_order(data)) <= limit:
        return data
    shortened: dict[str, Any] = {**json.loads(in_order(data)), "truncated": True}
    while len(in_order(shortened)) > limit:
        holder, key = max(_cuttable(shortened), key=lambda spot: len(in_order(spot[0][spot[1]])))
        holder[key] = holder[key][: len(holder[key]) * 3 // 4]
    return shortened


def _cuttable(node: Any) -> Iterator[tuple[Any, Any]]:
    """Yield where lists and texts stand that hold more than one item or letter and no longer list inside."""
    places = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in places:
        if isinstance(value, str | list) and len(value) > 1:
            yield node, key
        elif isinstance(value, dict):
            yield from _cuttable(value)


def explain(cause: BaseException | None, parameters: Mapping[str, Any]) -> Sequence[str] | None:
    """Word a failure that the caller can mend, or None for a crash.

    Parameters
    ----------
    cause : BaseException or None
        What the tool or the check of its arguments raised.
    parameters : mapping
        The tool's arguments by name.
    """
    if isinstance(cause, ValidationError):
        places = {error["loc"][:1]: error for error in reversed(cause.errors(include_url=False))}
        return [_mistake(error, parameters) for error in reversed(places.values())]
    return cause.lines if isinstance(cause, FactoryError) else None


def _mistake(error: Any, parameters: Mapping[str, Any]) -> str:
    place = str(error["loc"][0]) if error["loc"] else "arguments"
    if error["type"] == "extra_forbidden":
        return f"{place}: unknown argument; {did_you_mean(place, parameters, most=len(parameters))}"
    if error["type"] == "missing":
        return f"{place}: missing; it must be given"
    if error["type"] == "string_too_long":
        return f"{place}: {len(error['input'])} characters; at most {error['ctx']['max_length']} characters are allowed"
    came = json.dumps(error["input"], default=str, ensure_ascii=False)[:60]
    return f"{place}: {came} came; {error['msg'][0].lower()}{error['msg'][1:]}"
