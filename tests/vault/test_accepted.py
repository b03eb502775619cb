"""Whatever is called a trial can be submitted, whoever scored it and by whichever door."""

import json
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp.types import Implementation

import factory.market
from factory.core.errors import SealError
from factory.market.build import build
from factory.market.spec import load_spec
from factory.pipeline import load_shipped
from factory.pipeline.stored import find_pipeline
from factory.storage.workspace import Workspace
from factory.tasks import perform
from factory.tracking.binding import bind_shipped
from factory.vault.admission import Request, admit
from factory.vault.client import vault_client
from factory.workshop import Workshop
from server.mcp.app import build_server
from tests.server.test_cli import rfcat
from tests.vault.market import FAST

ASKED = {"why": "the lead of eth", "model": "some model", "cutoff": "2023-06"}


def admitted(workshop: Workshop, pipeline: str) -> str:
    """What the vault finds of a pipeline that `backtest` calls seen before: the trial's pipeline."""
    root = str(workshop.workspace.root)
    assert perform(root, "backtest", {"pipeline": pipeline, "agent": "yet another"})["seen_before"]
    chosen = workshop.resolve(pipeline).id
    request = Request(pipeline=chosen, claim=0.05, agent="yet another", **ASKED)
    admission = admit(workshop.workspace, workshop.ledger, request)
    assert admission.pipeline.id == admission.trial.payload["pipeline"] == chosen
    return chosen


def test_what_the_command_line_scored_or_tuned_is_admitted(workshop: Workshop) -> None:
    root = workshop.workspace.root
    rfcat(root, "backtest", "fast-up-or-down", "--set", "meta.leaf=130")
    rfcat(root, "tune", "fast-up-or-down", "--set", 'tune={"meta.leaf": [140, 150]}', "--judge", "validation")
    for leaf in (130, 140, 150):
        admitted(workshop, workshop.resolve_or_derive("fast-up-or-down", changes={"meta.leaf": leaf}))


@pytest.mark.anyio
async def test_what_an_agent_scored_or_tuned_is_admitted_for_another(workshop: Workshop) -> None:
    whole = workshop.resolve("fast-up-or-down").id  # with a variant its name is no longer one pipeline's
    async with Client(build_server(workshop.workspace), client_info=Implementation(name="somebody", version="1")) as client:
        scored = await answer(client, "backtest", parent="fast-up-or-down", changes={"meta.leaf": 160})
        refused = await client.call_tool("submit", {"pipeline": scored["pipeline"]})
        tuned = await answer(client, "tune", pipeline=whole, grid={"meta.leaf": [170, 180]})
    lines = refused.content[0].text.splitlines()  # type: ignore[union-attr]
    assert [line.partition(":")[0] for line in lines] == ["claim", "why, model, cutoff"]
    assert admitted(workshop, scored["pipeline"]) == scored["pipeline"]
    assert admitted(workshop, tuned["winner"]["pipeline"]) == tuned["winner"]["pipeline"]


async def answer(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    content = result.structured_content or {}
    return await answer(client, "show", what=content["job"]) if content.keys() >= {"job", "next"} else content


def test_a_trial_that_got_another_name_is_admitted_under_both(workshop: Workshop) -> None:
    before = workshop.resolve("fast-up-or-down").id
    workshop.define(FAST.replace("pipeline: fast-up-or-down", "pipeline: renamed"))
    assert admitted(workshop, "renamed") == admitted(workshop, before) == before


def test_a_pipeline_that_bears_another_ones_id_as_its_name_is_not_examined_in_its_place(workshop: Workshop) -> None:
    ours = load_shipped()["btc-up-or-down-5m"]
    workshop.define(FAST.replace("fast-up-or-down", ours.id).replace("leaf: 100", "leaf: 110"))
    assert workshop.resolve(ours.id) == ours
    assert find_pipeline(workshop.store, ours.id) == ours
    assert find_pipeline(workshop.store, "fast-up-or-down") is None


@pytest.mark.slow
def test_what_start_scored_is_submitted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both shipped strategies, which nobody had defined before, on a market on which one earns plainly."""
    monkeypatch.setenv("RFCAT_RELEASE_SECONDS", "0")
    workspace = market_of_the_shipped(tmp_path)
    workshop = Workshop(workspace, "tester")
    rfcat(workspace.root, "start")
    scored = {
        name: perform(str(workspace.root), "backtest", {"pipeline": name}) for name in bind_shipped(workshop.catalog, "btc-sim")
    }
    for name, told in scored.items():
        assert told["seen_before"]
        with pytest.raises(SealError, match="why, model, cutoff: missing"):  # and not that it is no trial
            perform(str(workspace.root), "submit", {"pipeline": name})
    claim = scored["btc-up-or-down-5m"]["ready"]["claim"][1]
    asked = ("--claim", str(claim), "--why", "the overshoot", "--cutoff", "2023-06")
    told = rfcat(workspace.root, "submit", "btc-up-or-down-5m", *asked)
    assert "look-" in told
    assert workshop.pool("btc-sim").left < 5
    vault_client(workspace).close()


def market_of_the_shipped(folder: Path) -> Workspace:
    """``btc-sim`` with fewer days and a larger edge."""
    file = Path(factory.market.__file__).parent / "btc_sim.yaml"
    head, _ = file.read_text(encoding="utf-8").replace("days: 731, edge: 0.04", "days: 450, edge: 0.12").split("split:")
    split = {
        "train": ["2024-01-01", "2025-01-01"],
        "validation": ["2025-01-01", "2025-02-10"],
        "sealed": ["2025-02-10", "2025-03-20"],
    }
    workspace = Workspace.open(folder / "workspace")
    build(workspace, load_spec(f"{head}split: {json.dumps(split)}\nlooks: 5\n"))
    return workspace
