"""Several servers on one workspace, and long work seen from a host."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters

from tests.e2e.agent import Agent
from tests.e2e.conftest import http_server
from tests.e2e.test_whole_loop import SPEC

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


async def gather(*calls: Any) -> list[dict[str, Any]]:
    """Run calls at the same time; their answers in order."""
    answers: list[dict[str, Any]] = [{} for _ in calls]

    async def run(place: int, call: Any) -> None:
        answers[place] = await call

    async with anyio.create_task_group() as group:
        for place, call in enumerate(calls):
            group.start_soon(run, place, call)
    return answers


async def test_three_stdio_servers_and_one_http_server_share_a_workspace(
    stdio: StdioServerParameters, environment: Mapping[str, str]
) -> None:
    async with AsyncExitStack() as stack:
        url = stack.enter_context(http_server(environment))
        clients = [await stack.enter_async_context(Client(door)) for door in (stdio, stdio, stdio, url)]
        agents = [Agent(client) for client in clients]
        defined = await gather(*(agent.call("define_pipeline", spec=SPEC) for agent in agents))
        assert len({answer["pipeline"] for answer in defined}) == 1
        parent = defined[0]["pipeline"]
        # The first two servers score the same child at the same time: one trial.
        leaves = (60, 60, 80, 90)
        trials = await gather(
            *(
                agent.call("backtest", parent=parent, changes={"meta.leaf": leaf})
                for agent, leaf in zip(agents, leaves, strict=True)
            )
        )
        assert trials[0]["pipeline"] == trials[1]["pipeline"]
        assert trials[0]["trial"] == trials[1]["trial"]
        assert trials[0]["win_rate"] == trials[1]["win_rate"]
        boards = await gather(*(agent.call("show", what="trials") for agent in agents))
        assert [len(board["rows"]) for board in boards] == [3, 3, 3, 3]
        assert all("3 trials" in line for board in boards for line in board["ledger"])


async def test_progress_reaches_the_host_and_only_rises(stdio: StdioServerParameters) -> None:
    told: list[float] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        assert total == 1.0
        told.append(progress)

    async with Client(stdio) as client:
        pipeline = (await Agent(client).call("define_pipeline", spec=SPEC))["pipeline"]
        await client.call_tool("train", {"pipeline": pipeline}, progress_callback=hear)
    assert told
    assert told == sorted(set(told))


async def test_a_job_can_be_cancelled_and_says_so(stdio: StdioServerParameters) -> None:
    async with Client(stdio) as client:
        agent = Agent(client)
        pipeline = (await agent.call("define_pipeline", spec={**SPEC, "meta": {**SPEC["meta"], "trees": 2000, "leaf": 1}}))[
            "pipeline"
        ]
        async with anyio.create_task_group() as group:
            group.start_soon(client.call_tool, "backtest", {"pipeline": pipeline})
            rows: list[Any] = []
            with anyio.fail_after(60):
                while not rows:
                    rows = (await agent.call("show", what="jobs"))["rows"]
                    await anyio.sleep(0.1)
            stopped = await agent.call("cancel", job=rows[0][0])
            assert stopped["job"] == rows[0][0]
        with anyio.fail_after(60):
            while (await agent.call("show", what="jobs"))["rows"][0][2] not in ("cancelled",):
                await anyio.sleep(0.1)
        shown = await client.call_tool("show", {"what": rows[0][0]})
        assert shown.is_error
        assert "cancelled" in shown.content[0].text  # type: ignore[union-attr]
        assert (await agent.call("show", what="trials"))["rows"] == []
