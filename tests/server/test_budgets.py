"""What the tool list costs and promises."""

import json

import pytest
from anthropic_tokenizer import count_tokens
from mcp import Client
from mcp.types import Tool

from factory.workspace import Workspace
from server.mcp.app import INSTRUCTIONS, build_server

pytestmark = pytest.mark.anyio

NAMES = [
    "describe_market",
    "list_features",
    "define_pipeline",
    "train",
    "backtest",
    "tune",
    "rank_features",
    "execute_python",
    "submit",
    "propose",
    "show",
    "cancel",
]


@pytest.fixture
async def tools(workspace: Workspace) -> list[Tool]:
    async with Client(build_server(workspace)) as client:
        return (await client.list_tools()).tools


def wire(tool: Tool) -> str:
    return json.dumps(tool.model_dump(by_alias=True, exclude_none=True, mode="json"), separators=(",", ":"), ensure_ascii=False)


async def test_there_are_these_twelve_tools_in_this_order(tools: list[Tool]) -> None:
    assert [tool.name for tool in tools] == NAMES


async def test_the_whole_list_costs_under_1900_tokens_and_a_tool_under_300(tools: list[Tool]) -> None:
    assert count_tokens("[" + ",".join(wire(tool) for tool in tools) + "]") <= 1_900
    assert {tool.name: count for tool in tools if (count := count_tokens(wire(tool))) > 300} == {}


async def test_descriptions_are_short_and_start_with_a_sentence(tools: list[Tool]) -> None:
    for tool in tools:
        assert tool.description
        assert len(tool.description.split()) <= 60
        assert "\n" not in tool.description


def test_instructions_cost_at_most_150_tokens() -> None:
    assert count_tokens(INSTRUCTIONS) <= 150


async def test_instructions_and_version_reach_the_host(workspace: Workspace) -> None:
    async with Client(build_server(workspace), mode="legacy") as client:
        assert client.instructions == INSTRUCTIONS
        assert client.server_info.name == "random-forest-cat"
        assert client.server_info.version


async def test_every_annotation_is_set_on_purpose(tools: list[Tool]) -> None:
    for tool in tools:
        assert tool.annotations is not None
        told = tool.annotations.model_dump(exclude={"title"})
        assert None not in told.values(), tool.name
    reading = {tool.name for tool in tools if tool.annotations and tool.annotations.read_only_hint}
    assert reading == {"describe_market", "list_features", "show"}
    destructive = {tool.name for tool in tools if tool.annotations and tool.annotations.destructive_hint}
    assert destructive == {"submit", "cancel"}


async def test_schemas_are_closed_and_hold_no_titles(tools: list[Tool]) -> None:
    for tool in tools:
        assert tool.input_schema["additionalProperties"] is False
        assert '"title"' not in json.dumps(tool.input_schema)
        assert "anyOf" not in json.dumps(tool.input_schema)


async def test_a_spec_is_an_open_object(tools: list[Tool]) -> None:
    spec = next(tool for tool in tools if tool.name == "define_pipeline").input_schema["properties"]["spec"]
    assert spec == {"type": "object"}
