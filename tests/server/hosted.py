"""Answers of the server to a host."""

import json
from typing import Any

from mcp import Client
from mcp.types import CallToolResult


def read_answer(result: CallToolResult) -> dict[str, Any]:
    """Read an answer that is no error, and says the same in words and in data."""
    assert not result.is_error, result.content
    assert result.structured_content is not None
    assert json.loads(result.content[0].text) == result.structured_content  # type: ignore[union-attr]
    return result.structured_content


async def draw(client: Client, what: str, chart: str) -> CallToolResult:
    """Ask for a chart, and wait for it where kernels compile first."""
    result = await client.call_tool("show", {"what": what, "chart": chart})
    while "job" in read_answer(result):
        result = await client.call_tool("show", {"what": read_answer(result)["job"]})
    return result
