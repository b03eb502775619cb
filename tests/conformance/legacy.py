"""Fixtures of scenarios that only one era has: server-to-client requests, logging, subscriptions."""

import warnings
from typing import Annotated, Any, Literal

import anyio
from mcp import MCPDeprecationWarning, MCPError
from mcp.server import MCPServer
from mcp.server.mcpserver import Context, Elicit, ElicitationResult, Resolve
from mcp.server.streamable_http import EventCallback, EventMessage, EventStore
from mcp.types import (
    MISSING_REQUIRED_CLIENT_CAPABILITY,
    ClientCapabilities,
    EmptyResult,
    MissingRequiredClientCapabilityErrorData,
    SamplingCapability,
    SamplingMessage,
    SetLevelRequestParams,
    SubscribeRequestParams,
    TextContent,
    UnsubscribeRequestParams,
)
from pydantic import BaseModel, Field

warnings.filterwarnings("ignore", category=MCPDeprecationWarning)  # the old revisions' features are what is tested here

Ctx = Context[Any, Any]


class Reply(BaseModel):
    response: str


class Defaults(BaseModel):
    name: str = "John Doe"
    age: int = 30
    score: float = 95.5
    status: Literal["active", "inactive", "pending"] = "active"
    verified: bool = True


def titled(*names: str) -> list[dict[str, str]]:
    return [{"const": name, "title": name.title()} for name in names]


class Enums(BaseModel):
    # ruff: noqa: N815 - the suite's names
    untitledSingle: Annotated[str, Field(json_schema_extra={"enum": ["option1", "option2"]})]
    titledSingle: Annotated[str, Field(json_schema_extra={"oneOf": titled("value1", "value2")})]
    legacyEnum: Annotated[str, Field(json_schema_extra={"enum": ["opt1", "opt2"], "enumNames": ["One", "Two"]})]
    untitledMulti: Annotated[list[str], Field(json_schema_extra={"items": {"type": "string", "enum": ["a", "b"]}})]
    titledMulti: Annotated[list[str], Field(json_schema_extra={"items": {"anyOf": titled("value1", "value2")}})]


async def ask(ctx: Ctx, message: str, schema: type[BaseModel]) -> str:
    result = await ctx.elicit(message, schema)
    content = result.data.model_dump_json() if result.action == "accept" else "{}"
    return f"Elicitation completed: action={result.action}, content={content}"


def add_conversations(server: MCPServer[Any]) -> None:
    @server.tool()
    async def test_sampling(prompt: str, ctx: Ctx) -> str:
        message = SamplingMessage(role="user", content=TextContent(type="text", text=prompt))
        # Without the request's id it would ride the standalone stream, which the client may not have opened yet.
        result = await ctx.session.create_message(messages=[message], max_tokens=100, related_request_id=ctx.request_id)
        return f"LLM response: {result.content.text}"

    @server.tool()
    async def test_elicitation(message: str, ctx: Ctx) -> str:
        return await ask(ctx, message, Reply)

    @server.tool()
    async def test_elicitation_sep1034_defaults(ctx: Ctx) -> str:
        return await ask(ctx, "Please give your details", Defaults)

    @server.tool()
    async def test_elicitation_sep1330_enums(ctx: Ctx) -> str:
        return await ask(ctx, "Please choose", Enums)

    @server.tool()
    async def test_reconnection(ctx: Ctx) -> str:
        await ctx.close_sse_stream()
        await anyio.sleep(0.2)
        return "Reconnection test completed"

    @server.tool()
    async def test_missing_capability(ctx: Ctx) -> str:
        needed = ClientCapabilities(sampling=SamplingCapability())
        if not ctx.session.check_client_capability(needed):
            data = MissingRequiredClientCapabilityErrorData(required_capabilities=needed)
            raise MCPError(
                MISSING_REQUIRED_CLIENT_CAPABILITY, "needs sampling", data.model_dump(by_alias=True, exclude_none=True)
            )
        return "able"

    @server.tool()
    async def test_streaming_elicitation(reply: Annotated[ElicitationResult[Reply], Resolve(ask_once)]) -> str:
        return str(reply)


async def ask_once() -> Elicit[Reply]:
    return Elicit("Please reply", Reply)


def add_notices(server: MCPServer[Any]) -> None:
    @server.tool()
    async def test_tool_with_logging(ctx: Ctx) -> str:
        for text in ("Tool execution started", "Tool processing data", "Tool execution completed"):
            await ctx.info(text)
            await anyio.sleep(0.05)
        return "logged"

    @server.tool()
    async def test_logging_tool(ctx: Ctx) -> str:
        await ctx.info("only for those who set a level")
        return "logged"

    @server.tool()
    async def test_trigger_tool_change(ctx: Ctx) -> str:
        await ctx.notify_tools_changed()
        return "changed"

    @server.tool()
    async def test_trigger_prompt_change(ctx: Ctx) -> str:
        await ctx.notify_prompts_changed()
        return "changed"


def add_old_methods(server: MCPServer[Any]) -> None:
    async def accept(ctx: Any, params: Any) -> EmptyResult:
        return EmptyResult()

    for method, params in (
        ("logging/setLevel", SetLevelRequestParams),
        ("resources/subscribe", SubscribeRequestParams),
        ("resources/unsubscribe", UnsubscribeRequestParams),
    ):
        server._lowlevel_server.add_request_handler(method, params, accept)


class Events(EventStore):
    """What resumable streams of 2025-11-25 replay from."""

    def __init__(self) -> None:
        self.kept: list[tuple[str, Any]] = []

    async def store_event(self, stream_id: str, message: Any) -> str:
        self.kept.append((stream_id, message))
        return str(len(self.kept))

    async def replay_events_after(self, last_event_id: str, send_callback: EventCallback) -> str | None:
        last = int(last_event_id)
        if not 0 < last <= len(self.kept):
            return None
        stream = self.kept[last - 1][0]
        for number, (of, message) in enumerate(self.kept[last:], last + 1):
            if of == stream and message is not None:
                await send_callback(EventMessage(message, str(number)))
        return stream
