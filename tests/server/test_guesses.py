"""What agents guess of the tools: taken where it can mean one thing, else refused in the words of the tool that was called."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from anthropic_tokenizer import count_tokens
from mcp import Client

from factory.market.build import build
from factory.storage.workspace import Workspace
from factory.workshop import Workshop
from server.mcp.app import build_server
from server.mcp.tools import all_tools
from tests.corpus.market import hourly_market

pytestmark = pytest.mark.anyio

SPEC = """\
pipeline: mine
data: hourly
features:
  r: ret(gold.close, 1)
sample: {use: clock, every: 1h}
label: {use: up_down, of: gold, horizon: 1h}
experts: {a: {use: logistic, see: [r]}}
trade: {use: long_or_short, contract: gold-perpetual, enter: 0.55, exit: {use: after, hold: 1h}, size: {use: fixed, share: 0.1}}
"""
BOTH = "parent (id or name) and changes such as {'meta.leaf': 200}"
VALIDATE = {tool.name: tool.fn_metadata.validate_arguments for tool in all_tools()}


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    workspace = Workspace.open(tmp_path_factory.mktemp("hourly"))
    build(workspace, hourly_market())
    return workspace.root


@pytest.fixture
def workspace(market: Path, tmp_path: Path) -> Workspace:
    workspace = Workspace.open(tmp_path / "workspace")
    (workspace.datasets / "hourly").symlink_to(market / "datasets" / "hourly")
    return workspace


@pytest.fixture
async def client(workspace: Workspace) -> AsyncIterator[Client]:
    async with Client(build_server(workspace)) as client:
        yield client


async def refusal_of(client: Client, tool: str, **arguments: Any) -> str:
    result = await client.call_tool(tool, arguments)
    assert result.is_error, result.structured_content
    text = str(result.content[0].text)  # type: ignore[union-attr]
    assert all(count_tokens(line) <= 120 for line in text.splitlines())
    return text


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("hour(), ret(btc.close, 5)", ["hour()", "ret(btc.close, 5)"]),
        ("clip(ret(a.b, 1), -1, 1),\n hour_sin() ;ret_5,", ["clip(ret(a.b, 1), -1, 1)", "hour_sin()", "ret_5"]),
        ('["hour()", "ret_5"]', ["hour()", "ret_5"]),
        (["clip(ret(a.b, 1), -1, 1)"], ["clip(ret(a.b, 1), -1, 1)"]),
        ({"day": "hour()", "move": "ret(btc.close, 5)"}, ["hour()", "ret(btc.close, 5)"]),
    ],
)
def test_expressions_are_taken_as_text_or_by_name(given: Any, taken: list[str]) -> None:
    assert VALIDATE["rank_features"]({"features": given})["features"] == taken
    if not isinstance(given, dict):
        assert VALIDATE["execute_python"]({"code": "1", "features": given})["features"] == taken


@pytest.mark.parametrize("text", ["{use: up_down, of: btc, horizon: 5m}", "use: up_down\nof: btc\nhorizon: 5m\n"])
def test_a_label_is_taken_as_yaml(text: str) -> None:
    assert VALIDATE["rank_features"]({"label": text})["label"] == {"use": "up_down", "of": "btc", "horizon": "5m"}


async def test_what_is_to_be_listed_or_shown_is_named_in_any_case(client: Client) -> None:
    for tool, given, written in (
        ("list_features", {"family": "Momentum"}, {"family": "momentum"}),
        ("list_features", {"part": "TRADE"}, {"part": "trade"}),
        ("list_features", {"search": "Moving Average"}, {"search": "moving average"}),
        ("show", {"what": "Leaderboard "}, {"what": "leaderboard"}),
        ("show", {"what": "JOBS"}, {"what": "jobs"}),
    ):
        result, same = await client.call_tool(tool, given), await client.call_tool(tool, written)
        assert not result.is_error, result.content
        assert result.structured_content == same.structured_content


@pytest.mark.parametrize("tool", ["train", "backtest", "define_pipeline"])
async def test_a_call_about_no_pipeline_is_refused_in_its_own_words(client: Client, tool: str) -> None:
    whole = "spec" if tool == "define_pipeline" else "pipeline (id or name)"
    assert await refusal_of(client, tool) == f"{tool}: no pipeline came; give {whole}, or {BOTH}"
    without = await refusal_of(client, tool, changes={"meta.leaf": 40})
    assert without == f"parent: missing beside changes; give {whole}, or {BOTH}"


@pytest.mark.parametrize("tool", ["train", "backtest", "define_pipeline"])
async def test_a_parent_without_changes_is_told_whether_it_is_known(client: Client, workspace: Workspace, tool: str) -> None:
    assert await refusal_of(client, tool, parent="ab204484") == "pipeline: 'ab204484' unknown; there is none yet"
    Workshop(workspace, "tester").define(SPEC)
    Workshop(workspace, "tester").define(parent="mine", changes={"meta.leaf": 40})
    line = await refusal_of(client, tool, parent="mine")
    assert line.startswith("changes: missing; give what is otherwise than in mine, such as {'meta.leaf': 200}")
    assert line.endswith(f", or pipeline='mine' to {tool} it as it is") == (tool != "define_pipeline")


async def test_trades_are_told_to_need_a_pipeline_and_an_untried_one_to_be_backtested(
    client: Client, workspace: Workspace
) -> None:
    description = next(tool.description for tool in all_tools() if tool.name == "execute_python")
    assert "with pipeline also `trades`" in description
    Workshop(workspace, "tester").define(SPEC)
    line = await refusal_of(client, "execute_python", code="trades", pipeline="mine", data="validation")
    assert line.endswith("is no trial yet, so validation shows nothing of it; backtest it first, or leave data out")


async def test_a_fence_around_a_spec_is_taken_off(client: Client) -> None:
    for fence in ("```yaml\n{}```", "```\n{}\n```\n", "\n```yml\n{}"):
        result = await client.call_tool("define_pipeline", {"spec": fence.format(SPEC)})
        assert not result.is_error, result.content


async def test_all_that_a_submission_lacks_is_told_at_once(client: Client, workspace: Workspace) -> None:
    Workshop(workspace, "tester").define(SPEC)
    for pipeline, said in (("nobody", "pipeline: 'nobody' unknown"), ("mine", "is no trial on these data; backtest it first")):
        for cutoff in ("soon", "in January of 2026"):
            text = await refusal_of(client, "submit", pipeline=pipeline, claim=0.01, cutoff=cutoff)
            assert said in text
            assert "why, model: missing; give your reason, the model's name" in text
            assert f"cutoff: '{cutoff}' is no date" in text
