"""What the tool list costs and promises."""

import json
from typing import Any, get_args

import pytest
from anthropic_tokenizer import count_tokens
from mcp import Client
from mcp.types import Tool

from factory.pipeline.parts.catalog import KINDS
from factory.storage.workspace import Workspace
from factory.tasks.chart import CHARTS
from factory.tasks.rank import By
from factory.views.show import BREAKDOWNS
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


async def test_the_whole_list_costs_under_3000_tokens_and_what_a_model_sees_of_it_under_2000(tools: list[Tool]) -> None:
    assert count_tokens("[" + ",".join(wire(tool) for tool in tools) + "]") <= 3_000
    seen = [{"name": tool.name, "description": tool.description, "inputSchema": tool.input_schema} for tool in tools]
    assert count_tokens(json.dumps(seen, separators=(",", ":"), ensure_ascii=False)) <= 2_000


async def test_a_tool_costs_under_300_tokens(tools: list[Tool]) -> None:
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


def argument(tools: list[Tool], name: str, key: str) -> Any:
    return next(tool for tool in tools if tool.name == name).input_schema["properties"][key]


async def test_a_spec_may_be_an_object_or_text(tools: list[Tool]) -> None:
    assert argument(tools, "define_pipeline", "spec") == {"anyOf": [{"type": "object"}, {"type": "string"}]}


async def test_open_objects_say_what_goes_into_them(tools: list[Tool]) -> None:
    for name, key in (("define_pipeline", "changes"), ("rank_features", "label"), ("tune", "grid")):
        schema = argument(tools, name, key)
        assert schema["type"] == "object"
        assert schema["description"]


async def test_choices_are_listed_as_the_factory_knows_them(tools: list[Tool]) -> None:
    assert argument(tools, "list_features", "part")["enum"] == list(KINDS)
    assert argument(tools, "show", "by")["enum"] == list(BREAKDOWNS)
    assert argument(tools, "show", "chart")["enum"] == list(CHARTS)
    assert argument(tools, "rank_features", "by")["enum"] == argument(tools, "tune", "by")["enum"] == list(get_args(By))
