"""The twelve tools, in the order in which an agent meets them."""

from mcp.server.mcpserver.tools import Tool
from mcp.types import ToolAnnotations

from server.mcp.schemas import tool
from server.mcp.tools.market import describe_market, list_features
from server.mcp.tools.pipelines import backtest, define_pipeline, rank_features, train, tune
from server.mcp.tools.python import execute_python
from server.mcp.tools.records import cancel, propose, show, submit

READS = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)
"""Changes nothing."""
REPEATS = ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=False)
"""Writes once; the same call again adds nothing."""
ADDS = ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=False, open_world_hint=False)
"""Writes down each call."""
SPENDS = ToolAnnotations(read_only_hint=False, destructive_hint=True, idempotent_hint=False, open_world_hint=False)
"""Uses up, or stops, something that does not come back."""


def all_tools() -> list[Tool]:
    """Make the tools, closed and lean."""
    return [
        tool(describe_market, READS),
        tool(list_features, READS),
        tool(define_pipeline, REPEATS),
        tool(train, REPEATS),
        tool(backtest, REPEATS),
        tool(tune, REPEATS),
        tool(rank_features, REPEATS),
        tool(execute_python, ADDS),
        tool(submit, SPENDS),
        tool(propose, REPEATS),
        tool(show, READS),
        tool(cancel, SPENDS),
    ]
