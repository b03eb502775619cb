"""A warning of a probe is told until its author has explained it, and never hidden from others."""

from collections.abc import Callable
from typing import Any

import pytest
from mcp import Client
from mcp.types import Implementation

from factory.tasks import perform
from factory.workshop import Workshop
from server.mcp.answers import answer
from server.mcp.app import build_server

Do = Callable[..., Any]
WHY = "P7 and P5: the market's edge was planted, and ETH leads by a quarter of an hour"


def warned(told: dict[str, Any]) -> set[str]:
    """Probes whose lines an answer repeats."""
    probes = told["probes"]
    return {line.partition(":")[0] for line in probes.get("warn", ())} - {"and 2 more"} if isinstance(probes, dict) else set()


def test_what_was_explained_by_its_probe_is_not_repeated_for_the_variants(workshop: Workshop, binary: str, do: Do) -> None:
    first = do("backtest", pipeline=binary, why="a first look")
    assert {"P7", "P5"} <= warned(first)
    assert "explained" not in first["probes"]
    for leaf in (60, 70, 80):
        told = do(
            "backtest",
            pipeline=workshop.resolve_or_derive(binary, changes={"meta.leaf": leaf}),
            why=WHY if leaf == 60 else "leaf",
        )
        assert not {"P7", "P5"} & warned(told)
        assert set(told["probes"]["explained"].split()) >= {"P7", "P5"}
    [*_, entry] = workshop.ledger.all_trials("small-sim")
    assert any(line.startswith("P7: ") for line in entry.payload["probes"]["warn"]), "the ledger keeps every line"


def test_a_reason_that_names_the_feature_explains_what_is_said_of_it(workshop: Workshop, binary: str, do: Do) -> None:
    told = do("backtest", pipeline=binary, why="lead15 alone ranks well since ETH moves first")
    assert "P7" not in warned(told)
    assert "P7" in told["probes"]["explained"]
    assert "P5" in warned(told), "it names no feature, and was not explained"


def test_a_reason_may_come_after_the_score(workshop: Workshop, binary: str, do: Do) -> None:
    assert "P7" in warned(do("backtest", pipeline=binary))
    again = do("backtest", pipeline=binary, why="P7 is the planted lead")
    assert again["seen_before"]
    assert "P7" not in warned(again)
    assert workshop.ledger.counts("small-sim").trials == 1


@pytest.mark.parametrize("why", ["", "a first look", "p75 of lead150 looks fine", "leading, 15"])
def test_other_words_explain_nothing(workshop: Workshop, binary: str, do: Do, why: str) -> None:
    assert {"P7", "P5"} <= warned(do("backtest", pipeline=binary, why=why))


def test_another_feature_under_an_explained_name_is_warned_of_anew(workshop: Workshop, binary: str, do: Do) -> None:
    do("backtest", pipeline=binary, why="P7: ETH leads")
    changed = workshop.resolve_or_derive(binary, changes={"features.lead15": "ret(eth.close, 15) - ret(btc.close, 15)"})
    told = do("backtest", pipeline=changed, why="unscaled")
    assert "P7" in warned(told)


def test_an_explanation_is_its_authors_alone(workshop: Workshop, binary: str, do: Do) -> None:
    do("backtest", pipeline=binary, why=WHY)
    args = {"agent": "somebody else", "pipeline": binary}
    assert {"P7", "P5"} <= warned(perform(str(workshop.workspace.root), "backtest", args))


SAID = ["P5: a", "P6: b", "P7: c"]


def test_an_agent_hears_the_first_lines_and_that_there_are_more_and_a_person_hears_all(
    workshop: Workshop, binary: str, do: Do, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("factory.tasks.backtest.trial_findings", lambda findings: {"ran": "P5 P6 P7", "warn": SAID})
    told = do("backtest", pipeline=binary)
    assert told["probes"]["warn"] == SAID
    assert workshop.show(binary)["score"]["probes"]["warn"] == SAID
    assert "probes" not in workshop.show(binary, reader="tester")["score"]
    for heard in (told, {"winner": told}):
        answered = answer(heard).structured_content or {}
        assert answered.get("winner", answered)["probes"]["warn"] == ["P5: a", "P6: b", "and 1 more"]


@pytest.mark.anyio
async def test_an_agent_explains_with_the_same_tool(workshop: Workshop, binary: str, do: Do) -> None:
    do("backtest", pipeline=binary)
    name = Implementation(name="an agent", version="1")
    async with Client(build_server(workshop.workspace), client_info=name) as client:
        answers = []
        for why in (None, "P7: ETH leads", ""):
            result = await client.call_tool("backtest", {"pipeline": binary, "why": why})
            answers.append(result.structured_content or {})
    assert ["P7" in warned(told) for told in answers] == [True, False, False]
