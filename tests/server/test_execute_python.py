"""The tool as an agent meets it, over MCP, on a small hourly market."""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import psutil
import pytest
from mcp import Client

from factory.market.build import build
from factory.storage.workspace import Workspace
from factory.tasks import perform
from factory.workshop import Workshop
from server.mcp.app import build_server
from tests.corpus.market import hourly_market

pytestmark = pytest.mark.anyio

FEATURE = "zscore(gold.close, 24)"


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    workspace = Workspace.open(tmp_path_factory.mktemp("hourly"))
    build(workspace, hourly_market())
    for features in ([], [FEATURE]):  # the tests that follow are about code, not about making frames
        perform(str(workspace.root), "frames", {"agent": "tester", "validation": True, "features": features})
    return workspace.root


@pytest.fixture
def workspace(market: Path, tmp_path: Path) -> Workspace:
    """A ledger of its own over one drawn market and its frames."""
    workspace = Workspace.open(tmp_path / "workspace")
    (workspace.datasets / "hourly").symlink_to(market / "datasets" / "hourly")
    workspace.frames.symlink_to(market / "cache" / "frames")
    return workspace


@pytest.fixture
async def client(workspace: Workspace) -> AsyncIterator[Client]:
    async with Client(build_server(workspace)) as client:
        yield client


async def run(client: Client, code: str, **more: Any) -> dict[str, Any]:
    result = await client.call_tool("execute_python", {"code": code, **more})
    assert not result.is_error, result.content
    answer = result.structured_content
    assert answer is not None
    return answer


async def refused(client: Client, code: str, **more: Any) -> str:
    result = await client.call_tool("execute_python", {"code": code, **more})
    assert result.is_error
    return str(result.content[0].text)  # type: ignore[union-attr]


async def test_a_few_lines_give_a_short_answer(client: Client) -> None:
    answer = await run(client, "print(len(train))\ntrain.close.mean() > 0")
    assert answer == {
        "output": "1896\nnp.True_\n",
        "seconds": answer["seconds"],
        "ledger": "0 trials, 0 explorations on hourly; 5 looks left, 1 a day",
    }


async def test_features_are_columns_and_advice_says_so(client: Client) -> None:
    answer = await run(client, "train.close.rolling(24).mean().tail(1)")
    assert "features=" in answer["cheaper"]
    answer = await run(client, "list(train.columns)[-1]", features=[FEATURE])
    assert answer["output"] == f"'{FEATURE}'\n"


async def test_a_hint_is_not_of_what_this_connection_did_already(client: Client) -> None:
    rolled, correlated = "train.close.rolling(24).mean().tail(1)", "train.corr().shape"
    assert "features=" in (await run(client, rolled))["cheaper"]
    await run(client, "1", features=[FEATURE])
    assert "cheaper" not in await run(client, rolled)
    assert "rank_features" in (await run(client, correlated))["cheaper"]
    refused_call = await client.call_tool("rank_features", {"features": ["nothing"]})
    assert refused_call.is_error
    assert "cheaper" in await run(client, correlated), "what was refused was not done"
    ranked = await client.call_tool("rank_features", {"features": ["hour()"]})
    assert not ranked.is_error, ranked.content
    assert "cheaper" not in await run(client, correlated)


async def test_a_fence_around_code_is_taken_off(client: Client, workspace: Workspace) -> None:
    for fenced in ("```python\n{}\n```", "```\n{}\n```\n", "  ```py\n{}", "```python\n{}\n```\nThis adds 1."):
        assert (await run(client, fenced.format("x = 1\nx + 1")))["output"] == "2\n"
        await run(client, fenced.format("validation.shape"), data="validation")
    assert Workshop(workspace).ledger.counts("hourly").trials == 1, "the same code, fenced or not"


async def test_what_a_frame_or_a_column_wants_is_told(client: Client) -> None:
    assert "pipeline='...', a trial's, and data='validation'" in await refused(client, "trades.head()")
    assert "predictions is there with pipeline='...'" in await refused(client, "predictions.head()")
    assert "write train['close']" in await refused(client, "train['gold_close']")


async def test_an_operator_is_advised_once_a_connection(client: Client) -> None:
    rolled, changed = "train.close.rolling(24).mean().tail(1)", "train.close.pct_change(2).tail(1)"
    assert "features=['mean(gold.close, 30)']" in (await run(client, rolled))["cheaper"]
    assert "cheaper" not in await run(client, rolled)
    assert "features=['ret(gold.close, 15)']" in (await run(client, changed))["cheaper"]


async def test_law_4_validation_is_a_trial_before_the_code_runs(client: Client, workspace: Workspace) -> None:
    told = await refused(client, "validation.shape")
    assert "data='validation'" in told
    assert Workshop(workspace).ledger.counts("hourly").trials == 0
    answer = await run(client, "validation.shape", data="validation")
    assert answer["output"] == "(264, 5)\n", "11 of 35 days"
    assert answer["ledger"].startswith("1 trial, 0 explorations")
    ledger = Workshop(workspace).ledger
    async with anyio.create_task_group() as group:
        group.start_soon(partial(run, client, "while len(validation):\n    pass", data="validation"))
        with anyio.fail_after(15):
            while ledger.counts("hourly").trials < 2:  # though it has told nothing yet
                await anyio.sleep(0.05)
        group.cancel_scope.cancel()


async def test_an_error_after_validation_could_be_read_counts_since_its_words_can_tell(
    client: Client, workspace: Workspace
) -> None:
    told = await refused(client, "raise ValueError(validation.close.mean())", data="validation")
    assert "ValueError" in told
    assert "1 trial, 0 explorations" in told
    assert Workshop(workspace).ledger.counts("hourly").trials == 1


async def test_code_that_cannot_have_seen_validation_is_no_trial(client: Client, workspace: Workspace) -> None:
    for code in (
        "validation.shape(",  # no Python
        "validation.__class__",  # refused by the policy
        "import os\nvalidation.shape\nclass A(metaclass=type):\n    pass",
        "1 / 0",  # names no frame of validation, so it is handed none
        "globals()['valid' + 'ation']",
    ):
        assert "it saw nothing of validation and is no trial" in await refused(client, code, data="validation"), code
    assert (await run(client, "len(train)", data="validation"))["ledger"].startswith("0 trials")
    assert Workshop(workspace).ledger.counts("hourly").trials == 0


async def test_the_same_code_on_the_same_frames_again_is_no_further_trial(client: Client, workspace: Workspace) -> None:
    for _ in range(2):
        await run(client, "validation.shape", data="validation")
        await refused(client, "validation.nothing", data="validation")
    assert Workshop(workspace).ledger.counts("hourly").trials == 2
    await run(client, "validation.shape", data="validation", features=[FEATURE])
    assert Workshop(workspace).ledger.counts("hourly").trials == 3


async def test_bad_input_costs_nothing(client: Client, workspace: Workspace) -> None:
    for code, more in (
        ("1", {"features": ["nope("]}),
        ("1", {"pipeline": "nope"}),
        ("1", {"dataset": "nope"}),
        ("1", {"data": "sealed"}),
        ("#" * 20_001, {}),
    ):
        await refused(client, code, **{"data": "validation", **more})
    workshop = Workshop(workspace)
    assert workshop.ledger.counts("hourly").trials == 0
    assert workshop.store.calls() == []


async def test_long_output_is_shown_in_part_and_paged_in_full(client: Client) -> None:
    answer = await run(client, "for i in range(3000):\n    print(i)")
    assert len(answer["output"]) <= 4_000
    assert "characters left out" in answer["output"]
    call = answer["more"].split("'")[1]
    pages = []
    for page in (1, 2, 3):
        shown = await client.call_tool("show", {"what": call, "page": page})
        assert shown.structured_content is not None
        pages.append(shown.structured_content["output"])
    assert "".join(pages).split() == [str(i) for i in range(3000)]
    beyond = await client.call_tool("show", {"what": call, "page": 4})
    assert beyond.is_error


async def test_calls_are_logged_with_what_they_took(client: Client, workspace: Workspace) -> None:
    await run(client, "print(1)")
    await refused(client, "1 / 0")
    newest, oldest = Workshop(workspace).store.calls()
    assert newest.agent == oldest.agent != "unknown"
    assert newest.code != oldest.code
    assert oldest.tokens == 1
    assert oldest.output is None
    listed = await client.call_tool("show", {"what": "calls"})
    assert listed.structured_content is not None
    assert [row[0] for row in listed.structured_content["rows"]] == [newest.id, oldest.id]


async def test_the_budget_of_a_connection_ends(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RFCAT_SANDBOX_CALLS", "1")
    async with Client(build_server(workspace)) as client:
        await run(client, "print(1)")
        assert "1 calls within the hour (limit 1)" in await refused(client, "print(1)")


async def test_pages_come_out_of_the_same_budget(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RFCAT_SANDBOX_TOKENS", "2000")
    async with Client(build_server(workspace)) as client:
        answer = await run(client, "for i in range(3000):\n    print(i)")
        call = answer["more"].split("'")[1]
        assert not (await client.call_tool("show", {"what": call})).is_error
        told = await client.call_tool("show", {"what": call, "page": 2})
        assert told.is_error
        assert "tokens came back within the hour (limit 2,000)" in told.content[0].text


async def test_a_wrong_setting_is_told_and_runs_nothing(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RFCAT_SANDBOX_CPU", "lots")
    async with Client(build_server(workspace)) as client:
        assert "RFCAT_SANDBOX_CPU: 'lots'" in await refused(client, "print(1)")


async def test_a_cancelled_call_takes_its_worker_along(client: Client) -> None:
    await run(client, "print(1)")
    before = children()
    async with anyio.create_task_group() as group:
        group.start_soon(run, client, "while True:\n    pass")
        with anyio.fail_after(60):
            while not (workers := children() - before):
                await anyio.sleep(0.01)
        group.cancel_scope.cancel()
    with anyio.fail_after(60):
        while children() & workers:
            await anyio.sleep(0.05)


def children() -> set[int]:
    return {child.pid for child in psutil.Process().children(recursive=True)}


async def test_law_3_no_process_of_the_sandbox_holds_a_file_of_the_workspace(client: Client, workspace: Workspace) -> None:
    await run(client, "print(1)")
    mine = [child for child in psutil.Process().children(recursive=True) if "sandbox.zygote" in " ".join(child.cmdline())]
    assert mine, "one stands ready"
    for child in mine:
        assert "RFCAT_WORKSPACE" not in child.environ()
        assert child.open_files() == []


async def test_how_well_code_is_walled_in_is_told(client: Client) -> None:
    market = await client.call_tool("describe_market", {})
    assert market.structured_content is not None
    assert market.structured_content["sandbox"].startswith("strong")
