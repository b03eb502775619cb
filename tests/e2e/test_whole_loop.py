"""The whole loop, as a host drives it, in both transports."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

from factory.storage.workspace import Workspace
from tests.e2e.agent import Agent
from tests.e2e.conftest import http_server

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

BUDGET = 6_000
SPEC: dict[str, Any] = {
    "pipeline": "five-minutes",
    "about": "Will BTC end the next five minutes at or above its start?",
    "data": "btc-sim",
    "features": {
        "r1": "ret(btc.close, 1)",
        "r15": "ret(btc.close, 15)",
        "vol30": "std(ret(btc.close, 1), 30)",
        "rsi14": "rsi(btc.close, 14)",
        "eth_lead": "ret(eth.close, 5) - ret(btc.close, 5)",
    },
    "sample": {"use": "clock", "every": "5m"},
    "label": {"use": "up_down", "of": "btc", "horizon": "5m"},
    "experts": {
        "drift": {"use": "logistic", "see": ["r1", "r15", "vol30"]},
        "trees": {"use": "extra_trees", "see": ["r1", "r15", "rsi14", "eth_lead"], "trees": 20},
    },
    "meta": {"use": "forest", "see": ["drift", "trees", "vol30"], "trees": 30, "leaf": 100},
    "trade": {
        "use": "up_or_down",
        "contract": "polymarket-btc-5m",
        "edge": 0.02,
        "size": {"use": "fixed", "share": 0.01},
    },
}


async def whole_loop(agent: Agent) -> str:
    """Describe, list, define, backtest, rank, change and backtest twice, compare, propose; the proposed file."""
    await agent.read_tools()
    market = await agent.call("describe_market")
    assert "simulated" in market["kind"]
    await agent.call("list_features", part="trade")
    defined = await agent.call("define_pipeline", spec=SPEC)
    first = await agent.call("backtest", pipeline=defined["pipeline"], why="a first look")
    assert {"win_rate", "break_even", "ledger"} <= first.keys()
    await agent.call("rank_features", pipeline=first["pipeline"])
    second = await agent.call("backtest", parent=first["pipeline"], changes={"meta.leaf": 200}, why="smoother")
    change = {"features.burst": "zscore(btc.volume, 60)", "meta.see": ["drift", "trees", "vol30", "burst"]}
    third = await agent.call("backtest", parent=second["pipeline"], changes=change, why="does volume help?")
    ids = [trial["pipeline"] for trial in (first, second, third)]
    assert len(set(ids)) == 3
    compared = await agent.call("show", what=" ".join(ids))
    assert compared["columns"][1:] == ids
    proposed = await agent.call("propose", pipeline=ids[2], why="volume helps a little; costs are met")
    assert "3 trials" in proposed["ledger"]
    return str(proposed["file"])


def check_budget(agent: Agent) -> None:
    """The loop's tokens, and 400 for any answer by default."""
    assert agent.tokens <= BUDGET, agent.spent
    assert [answer for answer in agent.answers if answer[1] > 400] == []


async def test_over_stdio_in_the_era_of_2025_within_6000_tokens(stdio: StdioServerParameters, workspace: Workspace) -> None:
    async with Client(stdio, mode="legacy") as client:
        agent = Agent(client)
        file = Path(await whole_loop(agent))
    assert file.is_relative_to(workspace.root)
    assert "volume helps a little" in file.read_text(encoding="utf-8")
    check_budget(agent)


async def test_over_http_in_the_era_of_2026_within_6000_tokens(environment: Mapping[str, str]) -> None:
    with http_server(environment) as url:
        async with Client(url) as client:
            agent = Agent(client)
            await whole_loop(agent)
    check_budget(agent)
