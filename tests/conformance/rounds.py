"""Fixtures of the multi-round-trip scenarios of 2026-07-28."""

from typing import Any

from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.types import (
    CreateMessageRequest,
    CreateMessageRequestParams,
    CreateMessageResult,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitResult,
    InputRequiredResult,
    ListRootsRequest,
    ListRootsResult,
    SamplingMessage,
    TextContent,
)

Ctx = Context[Any, Any]


def question(message: str, field: str, kind: str = "string") -> ElicitRequest:
    schema = {"type": "object", "properties": {field: {"type": kind}}, "required": [field]}
    return ElicitRequest(params=ElicitRequestFormParams(message=message, requested_schema=schema))


def sampling(text: str, tokens: int = 100) -> CreateMessageRequest:
    message = SamplingMessage(role="user", content=TextContent(type="text", text=text))
    return CreateMessageRequest(params=CreateMessageRequestParams(messages=[message], max_tokens=tokens))


def answered(ctx: Ctx, **kinds: type[Any]) -> dict[str, Any] | None:
    """The answers, when every key came with an answer of its kind."""
    came = ctx.input_responses or {}
    return dict(came) if all(isinstance(came.get(key), kind) for key, kind in kinds.items()) else None


def add_single_rounds(server: MCPServer[Any]) -> None:
    @server.tool(structured_output=False)
    def test_input_required_result_elicitation(ctx: Ctx) -> Any:
        if (came := answered(ctx, user_name=ElicitResult)) is None:
            return InputRequiredResult(input_requests={"user_name": question("What is your name?", "name")})
        return f"Hello, {came['user_name'].content['name']}!"

    @server.tool(structured_output=False)
    def test_input_required_result_sampling(ctx: Ctx) -> Any:
        if (came := answered(ctx, capital_question=CreateMessageResult)) is None:
            return InputRequiredResult(input_requests={"capital_question": sampling("What is the capital of France?")})
        return came["capital_question"].content.text

    @server.tool(structured_output=False)
    def test_input_required_result_list_roots(ctx: Ctx) -> Any:
        if (came := answered(ctx, client_roots=ListRootsResult)) is None:
            return InputRequiredResult(input_requests={"client_roots": ListRootsRequest()})
        return ", ".join(str(root.uri) for root in came["client_roots"].roots)

    @server.tool(structured_output=False)
    def test_input_required_result_capabilities(ctx: Ctx) -> Any:
        able = ctx.client_capabilities
        requests: dict[str, Any] = {}
        if able and able.elicitation:
            requests["user_name"] = question("What is your name?", "name")
        if able and able.sampling:
            requests["greeting"] = sampling("Generate a greeting")
        return InputRequiredResult(input_requests=requests) if requests and not ctx.input_responses else "done"

    @server.prompt()
    def test_input_required_result_prompt(ctx: Ctx) -> Any:
        if (came := answered(ctx, user_context=ElicitResult)) is None:
            asked = question("What context should the prompt use?", "context")
            return InputRequiredResult(input_requests={"user_context": asked})
        return f"Use this context: {came['user_context'].content['context']}"


def add_rounds_with_state(server: MCPServer[Any]) -> None:
    @server.tool(structured_output=False)
    def test_input_required_result_request_state(ctx: Ctx) -> Any:
        if answered(ctx, confirm=ElicitResult) is None or ctx.request_state != "asked":
            asked = question("Please confirm", "ok", "boolean")
            return InputRequiredResult(input_requests={"confirm": asked}, request_state="asked")
        return "state-ok"

    @server.tool(structured_output=False)
    def test_input_required_result_tampered_state(ctx: Ctx) -> Any:
        if answered(ctx, confirm=ElicitResult) is None:
            asked = question("Please confirm", "ok", "boolean")
            return InputRequiredResult(input_requests={"confirm": asked}, request_state="sealed")
        return "state-ok"

    @server.tool(structured_output=False)
    def test_input_required_result_multiple_inputs(ctx: Ctx) -> Any:
        kinds = {"user_name": ElicitResult, "greeting": CreateMessageResult, "client_roots": ListRootsResult}
        if answered(ctx, **kinds) is None:
            requests = {
                "user_name": question("What is your name?", "name"),
                "greeting": sampling("Generate a greeting", 50),
                "client_roots": ListRootsRequest(),
            }
            return InputRequiredResult(input_requests=requests, request_state="asked")
        return "all answered"

    @server.tool(structured_output=False)
    def test_input_required_result_multi_round(ctx: Ctx) -> Any:
        if ctx.request_state == "second" and answered(ctx, step2=ElicitResult):
            return "both answered"
        if ctx.request_state == "first" and answered(ctx, step1=ElicitResult):
            asked = question("Step 2: What is your favorite color?", "color")
            return InputRequiredResult(input_requests={"step2": asked}, request_state="second")
        asked = question("Step 1: What is your name?", "name")
        return InputRequiredResult(input_requests={"step1": asked}, request_state="first")
