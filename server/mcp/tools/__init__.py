"""The twelve tools, in the order in which an agent meets them."""

from mcp.server.mcpserver.tools import Tool
from mcp.types import ToolAnnotations

from server.mcp.resources import VIEW
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

TEXT, NUMBER, OBJECT, LIST = "string", "number", "object", "array"
JOB = {"job": TEXT, "state": TEXT, "next": TEXT}
"""What long work answers with when it takes longer than a call may."""
TABLE = {"columns": LIST, "rows": LIST}
MARKET = {"dataset": TEXT, "kind": TEXT, "series": OBJECT, "contracts": OBJECT, "split": OBJECT, "ledger": TEXT}
LISTED = {"operators": OBJECT, "features": LIST, "parts": LIST, "next_page": NUMBER}
DEFINED = {"pipeline": TEXT, "changed": LIST, "look_back": OBJECT, "warnings": LIST}
TRAINED = {"pipeline": TEXT, "experts": OBJECT, "forest": OBJECT, "probes": OBJECT, "ledger": TEXT}
TRIAL = {
    **{"pipeline": TEXT, "trades": NUMBER, "win_rate": NUMBER, "break_even": NUMBER, "mean_net": LIST, "twins": OBJECT},
    **{"reading": TEXT, "ledger": TEXT},
}
PRINTED = {"output": TEXT, "cheaper": TEXT, "ledger": TEXT}
LOOK = {"look": TEXT, "verdict": TEXT, "verdict_at": TEXT, "ledger": TEXT}
VIEW_META = {"ui": {"resourceUri": VIEW}}
"""Of a tool whose answers some hosts show in a view."""
SHOWN = {"pipeline": TEXT, "yaml": TEXT, "dataset": TEXT, "columns": LIST, "best": OBJECT, "head": TEXT, "next_page": NUMBER}


def all_tools() -> list[Tool]:
    """Make the tools, closed and lean."""
    return [
        tool(describe_market, "Describe the market", READS, MARKET | JOB),
        tool(list_features, "List building blocks", READS, LISTED),
        tool(define_pipeline, "Define a pipeline", REPEATS, DEFINED),
        tool(train, "Train on train", REPEATS, TRAINED | JOB),
        tool(backtest, "Backtest on validation", REPEATS, TRIAL | JOB),
        tool(tune, "Tune literals", REPEATS, {"best": OBJECT, "winner": OBJECT} | JOB),
        tool(rank_features, "Rank features", REPEATS, TABLE | {"ledger": TEXT} | JOB),
        tool(execute_python, "Run Python in the sandbox", ADDS, PRINTED | JOB),
        tool(submit, "Submit to a sealed look", SPENDS, LOOK | JOB),
        tool(propose, "Propose to a person", REPEATS, {"file": TEXT, "pipeline": TEXT, "reading": TEXT}),
        tool(show, "Show what was done", READS, SHOWN | JOB, VIEW_META),
        tool(cancel, "Cancel a job", SPENDS, {"job": TEXT, "state": TEXT}),
    ]
