"""An agent as a host runs it: it counts every token that it reads and writes."""

import json
from typing import Any

from anthropic_tokenizer import count_tokens
from mcp import Client


def compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


class Agent:
    """A client that keeps count, and waits for jobs.

    Hosts give the model the structured content and drop the text, so that is
    what is counted.
    """

    def __init__(self, client: Client) -> None:
        self.client = client
        self.spent: list[tuple[str, int]] = []
        self.answers: list[tuple[str, int]] = []

    async def read_tools(self) -> None:
        listed = (await self.client.list_tools()).tools
        wire = [tool.model_dump(by_alias=True, exclude_none=True, mode="json") for tool in listed]
        self.spent.append(("definitions", count_tokens(compact(wire)) + count_tokens(self.client.instructions or "")))

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        result = await self.client.call_tool(tool, arguments)
        text = result.content[0].text  # type: ignore[union-attr]
        assert not result.is_error, text
        answer = result.structured_content
        assert answer is not None
        assert json.loads(text) == answer
        asked = count_tokens(compact({"name": tool, "arguments": arguments}))
        read = count_tokens(compact(answer))
        self.answers.append((tool, read))
        self.spent.append((tool, asked + read))
        return await self.call("show", what=answer["job"]) if answer.keys() >= {"job", "next"} else answer

    @property
    def tokens(self) -> int:
        return sum(count for _, count in self.spent)
