"""What hosts are shown of the tools, and what they may send."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from anthropic_tokenizer import count_tokens
from mcp import Client
from mcp.server.mcpserver.tools import Tool
from pydantic import ValidationError

from factory.storage.workspace import Workspace
from server.mcp.app import build_server
from server.mcp.schemas import HOST_ARGUMENTS
from server.mcp.tools import all_tools
from tests.e2e.market import small_workspace

pytestmark = pytest.mark.anyio

WORDS = {"type", "properties", "required", "additionalProperties", "description", "enum", "items", "anyOf", "minimum"} | {
    "maximum",
    "maxLength",
    "maxItems",
}
"""Of JSON Schema, those that every host is known to take; exclusive bounds, references, constants and type lists are not."""
TYPES = {"object", "array", "string", "number", "integer", "boolean"}
SAMPLES: dict[str, Any] = {
    "string": "words",
    "integer": 5,
    "number": 0.5,
    "boolean": True,
    "array": ["words"],
    "object": {"a": 1},
}
TOOLS = {tool.name: tool for tool in all_tools()}
PROPERTIES = [(name, key) for name, tool in TOOLS.items() for key in tool.parameters["properties"]]
OPTIONAL = [(name, key) for name, key in PROPERTIES if key not in TOOLS[name].parameters.get("required", [])]
REQUIRED = [pair for pair in PROPERTIES if pair not in OPTIONAL]
NOT_GIVEN = [None, "", "  "]


def schemas(node: Any) -> Iterator[dict[str, Any]]:
    """Every schema inside a schema, itself first; names of properties are no words."""
    yield node
    inner = [*node.get("properties", {}).values(), *node.get("anyOf", ())]
    for one in [*inner, *([node["items"]] if "items" in node else [])]:
        yield from schemas(one)


def sample(schema: dict[str, Any]) -> Any:
    """A value that a schema allows."""
    return schema["enum"][-1] if "enum" in schema else SAMPLES[schema.get("type", "object")]


def arguments_of(tool: Tool, *left_out: str) -> dict[str, Any]:
    """The compulsory arguments of a tool, but some."""
    return {
        key: sample(tool.parameters["properties"][key]) for key in tool.parameters.get("required", ()) if key not in left_out
    }


@pytest.mark.parametrize("tool", TOOLS.values(), ids=lambda tool: tool.name)
def test_schemas_use_only_words_that_every_host_takes(tool: Tool) -> None:
    for schema in [*schemas(tool.parameters), *schemas(tool.output_schema)]:
        assert set(schema) <= WORDS, schema
        assert schema.get("type", "object") in TYPES
        assert all(isinstance(choice, str) for choice in schema.get("enum", ()))
        assert "anyOf" not in schema or set(schema) == {"anyOf"}


@pytest.mark.parametrize("blank", NOT_GIVEN, ids=repr)
@pytest.mark.parametrize(("name", "key"), OPTIONAL)
def test_null_and_blank_text_are_not_given(name: str, key: str, blank: str | None) -> None:
    tool = TOOLS[name]
    validate, given = tool.fn_metadata.validate_arguments, arguments_of(tool)
    assert validate({**given, key: blank}) == validate(given)
    assert validate({**given, key: sample(tool.parameters["properties"][key])}) != validate(given), (
        "it is taken where it is given"
    )


@pytest.mark.parametrize("blank", NOT_GIVEN, ids=repr)
@pytest.mark.parametrize(("name", "key"), REQUIRED)
def test_a_compulsory_argument_that_is_null_or_blank_is_missing(name: str, key: str, blank: str | None) -> None:
    with pytest.raises(ValidationError) as error:
        TOOLS[name].fn_metadata.validate_arguments({**arguments_of(TOOLS[name]), key: blank})
    assert [(one["type"], one["loc"]) for one in error.value.errors()] == [("missing", (key,))]


@pytest.mark.parametrize("tool", TOOLS.values(), ids=lambda tool: tool.name)
def test_arguments_that_hosts_add_are_ignored(tool: Tool) -> None:
    added = dict.fromkeys(HOST_ARGUMENTS, "call_0BCIShth4l")
    assert len(added) < 15
    assert not set(added) & set(tool.parameters["properties"])
    given = arguments_of(tool)
    assert tool.fn_metadata.validate_arguments({**given, **added}) == tool.fn_metadata.validate_arguments(given)


@pytest.mark.parametrize("name", TOOLS)
async def test_other_unknown_arguments_are_refused_with_the_allowed_ones(workspace: Workspace, name: str) -> None:
    async with Client(build_server(workspace)) as client:
        result = await client.call_tool(name, {**arguments_of(TOOLS[name]), "xyz": 1})
    text = result.content[0].text  # type: ignore[union-attr]
    assert result.is_error
    assert text == f"xyz: unknown argument; allowed: {', '.join(sorted(TOOLS[name].parameters['properties']))}"
    assert count_tokens(text) <= 120


@pytest.mark.parametrize("tool", TOOLS.values(), ids=lambda tool: tool.name)
def test_every_tool_has_a_title_and_an_output_schema(tool: Tool) -> None:
    assert tool.title
    assert tool.title.lower() != tool.name
    assert tool.output_schema is not None
    assert tool.output_schema["type"] == "object"
    assert len(tool.output_schema["properties"]) > 1


def test_titles_are_different() -> None:
    assert len({tool.title for tool in TOOLS.values()}) == len(TOOLS)


ANSWERED: list[tuple[str, dict[str, Any]]] = [
    ("describe_market", {"dataset": None}),
    ("list_features", {"family": "", "search": None, "part": "", "page": None}),
    ("list_features", {"search": "volatility", "toolCallId": "call_1"}),
    ("list_features", {"part": "trade"}),
    ("define_pipeline", {"spec": "", "parent": "btc-up-or-down-5m", "changes": '{"meta.leaf": 40}'}),
    ("rank_features", {"features": ["hour()"], "family": "", "by": None, "pipeline": ""}),
    *(("show", {"what": what, "by": ""}) for what in ("leaderboard", "trials", "ledger", "looks", "datasets", "calls", "jobs")),
    ("show", {"what": None}),
    ("show", {"what": "btc-up-or-down-5m"}),
]


async def test_answers_keep_to_the_published_schema(tmp_path: Path) -> None:
    """The client refuses an answer that does not."""
    async with Client(build_server(small_workspace(tmp_path / "workspace"))) as client:
        await client.list_tools()
        for name, arguments in ANSWERED:
            result = await client.call_tool(name, arguments)
            assert not result.is_error, (name, arguments, result.content)
            assert isinstance(result.structured_content, dict)
            published = TOOLS[name].output_schema or {}
            assert set(result.structured_content) & set(published["properties"]), (name, arguments)
            assert json.loads(result.content[0].text) == result.structured_content  # type: ignore[union-attr]
