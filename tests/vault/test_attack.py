"""A malicious agent against the vault, through the server's tools alone: all of it comes to nothing."""

import os
import shutil
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters

from factory.storage.workspace import Workspace
from factory.vault.pools import SEAL_ROWS, read_looks
from factory.workshop import Workshop
from tests.conftest import ROOT
from tests.vault.market import break_sealed

pytestmark = [pytest.mark.anyio, pytest.mark.slow]
RELEASE = 20.0
ASKED = {"why": "because", "model": "mallory", "cutoff": "2023-06"}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def workspace(scored: Path, tmp_path: Path) -> Workspace:
    shutil.copytree(scored, tmp_path / "workspace")
    return Workspace.open(tmp_path / "workspace")


@pytest.fixture
def server(workspace: Workspace) -> StdioServerParameters:
    environment: Mapping[str, str] = {
        **os.environ,
        "RFCAT_WORKSPACE": str(workspace.root),
        "RFCAT_RELEASE_SECONDS": str(RELEASE),
        "RFCAT_LOOKS_A_DAY": "0",
    }
    return StdioServerParameters(command=sys.executable, args=["-m", "server"], env=dict(environment), cwd=ROOT)


async def call(client: Client, tool: str, **arguments: Any) -> tuple[bool, dict[str, Any], str]:
    """Whether it was refused, the answer, and its text; jobs are waited for."""
    result = await client.call_tool(tool, arguments)
    text = result.content[0].text  # type: ignore[union-attr]
    answer = result.structured_content or {}
    if not result.is_error and answer.keys() >= {"job", "next"}:
        return await call(client, "show", what=answer["job"])
    return bool(result.is_error), answer, text


async def child(client: Client, **changes: Any) -> str:
    refused, answer, text = await call(client, "backtest", parent="fast-up-or-down", changes=changes)
    assert not refused, text
    return str(answer["pipeline"])


def looks(workspace: Workspace) -> list[Any]:
    return read_looks(Workshop(workspace).ledger.of_kinds(SEAL_ROWS))


async def test_terms_and_splits_cannot_be_smuggled(server: StdioServerParameters, workspace: Workspace) -> None:
    async with Client(server) as client:
        for path in (
            "trade.price",
            "trade.fee",
            "trade.half_spread",
            "trade.leverage",
            "split",
            "looks",
            "data.split",
            "refit.until",
        ):
            refused, _, text = await call(client, "define_pipeline", parent="fast-up-or-down", changes={path: 0.01})
            assert refused, path
            assert len(text) < 800
        for text in ("row()", "index()", "lag(btc.close, -1)", "time()", "btc.close[5]", "at(1h, lag(btc.close, -3))"):
            refused, _, _ = await call(client, "define_pipeline", parent="fast-up-or-down", changes={"features.x": text})
            assert refused, text
        for arguments in ({"partition": "sealed"}, {"split": [0, 1]}, {"data": "sealed"}):
            assert (await call(client, "backtest", pipeline="fast-up-or-down", **arguments))[0]
            assert (await call(client, "submit", pipeline="fast-up-or-down", claim=0.05, **ASKED, **arguments))[0]
        assert (await call(client, "execute_python", code="1", data="sealed"))[0]
        huge = {f"features.f{i}": f"ret(btc.close, {i + 1})" for i in range(5_000)}
        refused, _, text = await call(client, "define_pipeline", parent="fast-up-or-down", changes=huge)
        assert refused
        assert len(text) < 800
        assert (await call(client, "submit", pipeline="x" * 65, claim=0.05, **ASKED))[0]
        for what in ("sealed", "look-999", "vault", "../vault/log"):
            assert (await call(client, "show", what=what))[0], what
    assert looks(workspace) == []


async def test_a_pass_and_a_fail_look_alike_until_their_time_and_tell_nothing_after(
    server: StdioServerParameters, workspace: Workspace
) -> None:
    async with Client(server) as client:
        # The second exam breaks on its sealed rows: their files are gone by then.
        good = await _submit(client, "fast-up-or-down")
        await anyio.sleep(RELEASE + 1)
        other = workspace.vault / "vault-sim" / "series" / "eth" / "close.npy"
        passed = (await call(client, "show", what=good["look"]))[1]
        assert passed["verdict"] == "PASS"
        refused, _, text = await call(client, "submit", pipeline=await child(client, **{"meta.leaf": 140}), claim=0.05, **ASKED)
        assert refused
        assert "closed at its PASS" in text
        assert other.is_file()
        for answer in (good, passed):
            assert not {"p_value", "trades", "win_rate", "sharpe", "figures"} & answer.keys()


async def test_an_exam_that_breaks_on_sealed_rows_is_a_plain_fail(server: StdioServerParameters, workspace: Workspace) -> None:
    break_sealed(workspace.vault)
    async with Client(server) as client:
        asked = await _submit(client, "fast-up-or-down")
        await anyio.sleep(RELEASE + 1)
        heard = (await call(client, "show", what=asked["look"]))[1]
    assert heard["verdict"] == "FAIL"
    assert heard["next"] == "search on, or report what was ruled out"
    assert set(heard) == {"look", "pipeline", "verdict", "grade", "price", "next", "ledger"}
    assert str(heard["ledger"]).endswith("4 looks left")


async def test_duplicates_renamed_horizons_and_parallel_submits_share_the_looks(
    server: StdioServerParameters, workspace: Workspace
) -> None:
    break_sealed(workspace.vault)
    asked: list[tuple[bool, str]] = []

    async def submit(client: Client, pipeline: str) -> None:
        refused, _, text = await call(client, "submit", pipeline=pipeline, claim=0.05, **ASKED)
        asked.append((refused, text))

    async with Client(server) as client:
        made = [await child(client, **{"meta.leaf": leaf}) for leaf in (101, 102, 103, 104, 105, 106)]
        async with anyio.create_task_group() as group:
            for one in made:
                group.start_soon(submit, client, one)
        assert sum(not refused for refused, _ in asked) == 1
        assert all("is pending" in text for refused, text in asked if refused)
        assert len(looks(workspace)) == 1
        await anyio.sleep(max(0.0, looks(workspace)[0].due / 1000 - time.time()))
        spent = str(looks(workspace)[0].payload["pipeline"])
        refused, _, text = await call(client, "submit", pipeline=spent, claim=0.05, **ASKED)
        assert refused
        assert "was examined as look-" in text
        await _submit(client, next(one for one in made if one != spent))
        longer = {"label.horizon": "10m"}
        refused, answer, _ = await call(client, "define_pipeline", parent="fast-up-or-down", changes=longer)
        if not refused:  # a contract of five minutes may refuse it before
            assert (await call(client, "submit", pipeline=answer["pipeline"], claim=0.05, **ASKED))[0]
    entries = looks(workspace)
    assert [look.payload["look"] for look in entries] == [1, 2]
    assert [look.payload["alpha"] for look in entries] == pytest.approx([0.01, 0.01])
    assert Workshop(workspace).verify().ok


async def test_a_restart_between_look_and_verdict_changes_nothing(server: StdioServerParameters, workspace: Workspace) -> None:
    async with Client(server) as client:
        asked = await _submit(client, "fast-up-or-down")
    async with Client(server) as client:
        pending = (await call(client, "show", what=asked["look"]))[1]
        await anyio.sleep(RELEASE + 1)
        heard = (await call(client, "show", what=asked["look"]))[1]
        assert pending["verdict"] in ("pending", heard["verdict"])
        assert heard["verdict"] == "PASS"


async def test_the_verdict_comes_at_its_time_whatever_it_is(server: StdioServerParameters, workspace: Workspace) -> None:
    async with Client(server) as client:
        asked = await _submit(client, "fast-up-or-down")
        while (await call(client, "show", what=asked["look"]))[1]["verdict"] == "pending":
            await anyio.sleep(0.2)
    (look,) = looks(workspace)
    assert look.verdict is not None
    assert look.release - 2_000 <= look.verdict.at < look.release


async def _submit(client: Client, pipeline: str) -> dict[str, Any]:
    refused, answer, text = await call(client, "submit", pipeline=pipeline, claim=0.05, **ASKED)
    assert not refused, text
    assert answer["verdict"] == "pending"
    assert "verdict_at" in answer
    return answer
