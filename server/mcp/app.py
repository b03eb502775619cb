"""Put the server together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from anyio import to_thread
from mcp.server import MCPServer
from mcp.server.caching import CacheHint
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import CallToolResult, Completion, CompletionArgument, InputRequiredResult

import factory
from factory.core.errors import did_you_mean
from factory.storage.workspace import Workspace
from server.mcp.answers import explain, refusal
from server.mcp.completions import complete
from server.mcp.icons import ICONS
from server.mcp.prompts import all_prompts
from server.mcp.resources import add_resources, apps
from server.mcp.state import State
from server.mcp.tools import all_tools

INSTRUCTIONS = (
    "A factory for ML trading strategies. Loop: describe_market; list_features; define_pipeline (or take a shipped one as "
    "parent); backtest; then show, rank_features or tune to learn why; backtest again with parent and changes. "
    "Train data are free to explore (counted, never charged); every backtest is a trial in one ledger, and more trials make "
    "a good score mean less. "
    "Compare win_rate with break_even and with the twins. 'No edge after costs' is a good answer: say so. "
    "Long work gives a job id: show it to wait. submit spends one of a few sealed looks; "
    "propose writes the strategy for a person."
)


class FactoryServer(MCPServer[State]):
    """An MCP server whose refusals are the factory's own lines."""

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[State, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        """Call a tool; a mistake that the caller can mend comes back as its one-line explanation."""
        try:
            return await super().call_tool(name, arguments, context)
        except ToolError as error:
            known = {tool.name: tool.input_schema for tool in await self.list_tools()}
            if name not in known:
                return refusal(f"{name}: unknown tool; {did_you_mean(name, known, most=len(known))}")
            lines = explain(error.__cause__, known[name]["properties"])
            if lines is None:
                raise
            return refusal(*lines)


def build_server(workspace: Workspace, address: str | None = None, **options: Any) -> FactoryServer:
    """Make the MCP server of a workspace.

    Parameters
    ----------
    workspace : Workspace
        Where everything is kept.
    address : str or None
        Where pages for people are, if the same process serves some.
    **options : Any
        Passed to :class:`mcp.server.MCPServer`: the verifier of bearer tokens, say.
    """

    @asynccontextmanager
    async def lifespan(_: MCPServer[State]) -> AsyncIterator[State]:
        state = State(workspace, address)
        try:
            yield state
        finally:
            state.close()

    server = FactoryServer(
        "random-forest-cat",
        title="Random Forest Cat",
        version=factory.__version__,
        instructions=INSTRUCTIONS,
        icons=ICONS,
        tools=all_tools(),
        extensions=[apps()],
        lifespan=lifespan,
        log_level="WARNING",
        cache_hints={"tools/list": CacheHint(ttl_ms=60_000, scope="public")},
        **options,
    )
    add_resources(server)
    for prompt in all_prompts():
        server.add_prompt(prompt)

    @server.completion()  # type: ignore[no-untyped-call,untyped-decorator]
    async def complete_argument(_: object, argument: CompletionArgument, __: object) -> Completion:
        return await to_thread.run_sync(complete, workspace, argument.name, argument.value)

    return server
