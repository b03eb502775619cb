"""What can be refused is refused before it is queued, in the words of the work itself."""

from collections.abc import Callable
from typing import Any

import pytest
from mcp import Client

from factory.core.errors import FactoryError, PipelineError
from factory.expressions.recipes import RECIPES
from factory.jobs import Jobs
from factory.market.build import build
from factory.market.spec import load_spec
from factory.pipeline.screening import plan_screen
from factory.storage.workspace import Workspace
from factory.tasks.requests import check_request
from factory.workshop import Workshop
from server.mcp.app import build_server
from tests.market.bars import SPEC as BARS
from tests.market.bars import csv, rows

FAMILIES = sorted({recipe.family for recipe in RECIPES.values()})

REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("train", {"pipeline": "nobody"}),
    ("backtest", {"pipeline": "btc-long-short"}),
    ("tune", {"pipeline": "BINARY", "grid": {"meta.leaf": [0, 50]}}),
    ("tune", {"pipeline": "BINARY", "grid": {"label.horizon": ["5m", "10m"]}}),
    ("tune", {"pipeline": "BINARY", "cells": 0}),
    ("tune", {"pipeline": "UNTUNED"}),
    ("tune", {"pipeline": "BINARY", "judge": "validation", "by": "auc"}),
    ("rank", {"pipeline": "BINARY"}),
    ("rank", {"pipeline": "BINARY", "family": "momentum"}),
    ("rank", {"features": ["spread_y"]}),
    ("rank", {"features": ["ret(doge.close, 5)", "takers"]}),
    ("rank", {"features": []}),
    ("rank", {"features": ["hour()"], "family": "clock"}),
    ("rank", {"features": ["hour()"], "by": "auc"}),
    ("rank", {"features": ["hour()"], "groups": False}),
    ("rank", {"features": ["hour()"], "raw": True}),
    ("rank", {"by": "auc"}),
    ("rank", {"family": "momentun"}),
    ("rank", {"features": ["hour()"], "dataset": "nowhere"}),
    ("rank", {"features": ["hour()"], "label": {"use": "up_down", "of": "doge", "horizon": "5m"}}),
    ("rank", {"features": ["hour()"], "label": {"use": "up_down", "of": "gold", "horizon": "90m"}}),
    ("rank", {"features": ["hour()"], "label": {"use": "triple_barrier", "of": "btc"}}),
    ("submit", {"pipeline": "BINARY"}),
]


@pytest.fixture
def fill(workshop: Workshop, binary: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Put ids into arguments that name a pipeline by a word."""
    untuned = workshop.resolve_or_derive(binary, changes={"meta.leaf": 77})
    ids = {"BINARY": binary, "UNTUNED": untuned}

    def filled(args: dict[str, Any]) -> dict[str, Any]:
        given = {**args, "pipeline": ids.get(args.get("pipeline", ""), args.get("pipeline"))}
        if given["pipeline"] == untuned:
            workshop.resolve_or_derive(untuned, changes={"tune": None})
        return {name: value for name, value in given.items() if value is not None}

    return filled


@pytest.mark.parametrize(("kind", "args"), REFUSED, ids=lambda one: str(one)[:60])
def test_a_request_is_refused_before_the_work_as_by_the_work(
    workshop: Workshop, do: Callable[..., Any], fill: Callable[..., dict[str, Any]], kind: str, args: dict[str, Any]
) -> None:
    given, before = fill(args), workshop.ledger.position()
    with pytest.raises(FactoryError) as early:
        check_request(workshop, kind, given)
    if args.get("judge") is None:
        with pytest.raises(FactoryError) as late:
            do(kind, **given)
        assert early.value.lines == late.value.lines
    assert workshop.ledger.position() == before


ASKED = [
    ("rank_features", {"features": ["spread_y"]}, "spread_y"),
    ("rank_features", {"family": "clock", "by": "auc"}, "by: taken only with a pipeline"),
    ("tune", {"pipeline": "small-up-or-down", "grid": {"label.horizon": ["5m", "10m"]}}, "label"),
    ("submit", {"pipeline": "small-up-or-down", "claim": 0.5}, "is no trial"),
    ("show", {"what": "leaderboard", "by": "hour"}, "by: "),
    ("show", {"by": "hour"}, "by: "),
    ("show", {"what": "jobs", "by": "hour"}, "by: "),
    ("list_features", {"part": "trade", "family": "momentum"}, "family: "),
    ("list_features", {"part": "trade", "search": "size"}, "search: "),
]


@pytest.mark.anyio
async def test_what_an_agent_is_refused_leaves_no_job(workshop: Workshop, binary: str) -> None:
    async with Client(build_server(workshop.workspace)) as client:
        for tool, arguments, told in ASKED:
            result = await client.call_tool(tool, arguments)
            assert result.is_error, (tool, arguments)
            assert told in result.content[0].text, (tool, arguments)  # type: ignore[union-attr]
    with Jobs(workshop.workspace) as jobs:
        assert jobs.list() == []


def test_every_mistake_among_features_is_told_at_once_with_what_it_is_in(workshop: Workshop) -> None:
    asked = ["ret(doge.close, 5)", "r15", "hour()", "zscore(gold, 5)", "1 + " * 60 + "hour("]
    for call in (lambda: check_request(workshop, "rank", {"features": asked}), lambda: workshop.frames(features=asked)):
        with pytest.raises(PipelineError) as error:
            call()
        doge, bare, gold, long = error.value.lines
        assert doge.startswith("features: 'ret(doge.close, 5)': series 'doge' is not in the dataset")
        assert bare.startswith("features: 'r15': character 1: 'r15' alone is no value; write a series")
        assert gold == "features: 'zscore(gold, 5)': character 8: 'gold' is a series; name a column of it, such as gold.close"
        assert long.startswith("features: '1 + 1 + ")
        assert len(long) < 200


@pytest.mark.parametrize(
    ("label", "told"),
    [
        ({"horizon": "1h"}, "label.use: missing; allowed: fixed_return, up_down"),
        ({"use": "updown", "of": "btc", "horizon": "1h"}, "label.use: 'updown' unknown; did you mean 'up_down'?"),
        ({"use": "direction"}, "label.use: 'direction' unknown; allowed: fixed_return, up_down"),
        ({"use": "triple_barrier"}, "label.use: a triple_barrier needs a unit feature; screen with up_down or fixed_return"),
    ],
)
def test_only_labels_that_can_be_screened_are_named(workshop: Workshop, label: dict[str, Any], told: str) -> None:
    with pytest.raises(PipelineError) as error:
        check_request(workshop, "rank", {"features": ["hour()"], "label": label})
    assert error.value.lines == (told,)


@pytest.mark.parametrize("name", ["spread_z", "ret_15", "day_sine", "vol_ratio", "hour_ret"])
def test_recipes_are_ranked_by_their_names(workshop: Workshop, do: Callable[..., Any], name: str) -> None:
    by_name = do("rank", features=[name])
    [expression] = [row[0] for row in by_name["rows"] if row[0] != "(noise)"]
    assert expression == RECIPES[name].on("btc", "eth").text
    assert do("rank", features=[expression])["rows"] == by_name["rows"]


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_is_a_column_for_code_and_is_written_out_for_a_spec(workshop: Workshop, binary: str, name: str) -> None:
    written = RECIPES[name].on("btc", "eth").text
    [file] = [file for file in workshop.frames(features=[name]).files["train"] if file.kind == "feature"]
    assert file.expression is not None
    assert (file.name, file.expression.text) == (name, written)
    with pytest.raises(PipelineError) as error:
        workshop.define(parent=binary, changes={"features.idea": name})
    assert str(error.value) == f"features.idea: '{name}' is a recipe; write it out for your series, such as {written}"
    assert workshop.define(parent=binary, changes={"features.idea": written})["pipeline"]


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """A market of one series of plain bars, as most files hold."""
    folder = tmp_path_factory.mktemp("bare")
    csv(folder / "btc.csv", rows())
    workspace = Workspace.open(folder / "workspace")
    build(workspace, load_spec(BARS), folder)
    return Workshop(workspace, "tester")


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_is_ranked_without_the_recipes_that_the_dataset_cannot_carry(bare: Workshop, family: str) -> None:
    recipes = [one for one in RECIPES.values() if one.family == family]
    held = {"open", "high", "low", "close", "volume"}
    lacking = [one.name for one in recipes if "{t}" in one.template or {column for _, column in one.on("btc").columns} - held]
    if len(lacking) == len(recipes):
        with pytest.raises(PipelineError, match=f"no recipe of '{family}' fits this dataset"):
            plan_screen(bare.catalog, bare.dataset(None), family=family)
        return
    plan = plan_screen(bare.catalog, bare.dataset(None), family=family)
    assert [line.partition(":")[0] for line in plan.left_out] == lacking
    assert len(plan.expressions) == len(recipes) - len(lacking)


def test_what_a_family_was_ranked_without_stands_in_the_answer(workshop: Workshop, do: Callable[..., Any]) -> None:
    label = {"use": "up_down", "of": "gold", "horizon": "1h"}
    answer = do("rank", family="volume and flow", label=label)
    [left] = [line for line in answer["ranked_without"] if line.startswith("takers")]
    assert "taker" in left.partition(":")[2]
    assert any("gold.volume" in row[0] for row in answer["rows"])
    assert "ranked_without" not in do("rank", family="clock")
