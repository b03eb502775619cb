"""The whole loop on an order book: features of it, a network on it, three classes, over a real connection."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

from factory.market.build import build
from factory.market.spec import load_spec
from factory.storage.workspace import Workspace
from tests.conftest import ROOT
from tests.e2e.agent import Agent
from tests.workshop.test_networks import SPEC as DATASET

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("torch") is None, reason="needs torch: the extra `deep`"),
]

BUDGET, ANSWER = 6_000, 550
SPEC: dict[str, Any] = {
    "pipeline": "by-the-book",
    "data": "small-book",
    "features": {
        "lean": "imbalance(book, 1)",
        "flow": "ofi(book, 1, 6)",
        "micro": "microprice(book) / mid(book) - 1",
        "vol": "std(ret(btc.close, 1), 60)",
    },
    "sample": {"use": "clock", "every": "2m"},
    "label": {"use": "mid_move", "of": "btc", "book": "book", "horizon": "5m", "flat": 0.33},
    "experts": {
        "line": {"use": "logistic", "see": ["lean", "flow", "micro", "vol"]},
        "net": {"use": "deeplob", "book": "book", "levels": 5, "steps": 20, "epochs": 1, "cross_fit": "holdout"},
    },
    "meta": {"use": "forest", "see": ["line", "net"], "trees": 30, "leaf": 20},
    "trade": {
        "use": "long_or_short",
        "contract": "btc-perpetual",
        "enter": 0.42,
        "exit": {"use": "after", "hold": "6m"},
        "size": {"use": "fixed", "share": 0.5},
    },
}


@pytest.fixture
def stdio(tmp_path: Path) -> StdioServerParameters:
    workspace = Workspace.open(tmp_path / "workspace")
    build(workspace, load_spec(DATASET.replace("edge: 0.25", "edge: 0.1")))
    own = {"RFCAT_WORKSPACE": str(workspace.root), "RFCAT_PROPOSALS": str(workspace.root / "proposed")}
    return StdioServerParameters(command=sys.executable, args=["-m", "server"], env={**os.environ, **own}, cwd=ROOT)


async def test_a_network_and_three_classes_from_description_to_proposal(stdio: StdioServerParameters) -> None:
    async with Client(stdio, read_timeout_seconds=600) as client:
        agent = Agent(client)
        await agent.read_tools()
        market = await agent.call("describe_market")
        assert "10s depth" in str(market["series"]["book"])
        await agent.call("list_features", family="book")
        parts = await agent.call("list_features", part="networks")
        assert any("deeplob" in part["example"] for part in parts["parts"])
        defined = await agent.call("define_pipeline", spec=SPEC)
        trained = await agent.call("train", pipeline=defined["pipeline"])
        assert [row[0] for row in trained["experts"]["rows"]] == ["line", "net"]
        assert trained["experts"]["columns"][-1] == "gain"
        scored = await agent.call("backtest", pipeline=defined["pipeline"], why="book and network")
        assert {"macro_f1", "class_log_loss"} <= scored["three_classes"].keys()
        ranked = await agent.call("rank_features", pipeline=defined["pipeline"])
        assert {row[0] for row in ranked["rows"]} == {"line", "net", "(noise)"}
        proposed = await agent.call("propose", pipeline=defined["pipeline"], why="the book leads by seconds")
        assert "use: deeplob" in Path(proposed["file"]).read_text(encoding="utf-8")
    assert agent.tokens <= BUDGET, agent.spent
    assert [answer for answer in agent.answers if answer[1] > ANSWER] == [], agent.answers
