"""A search says what it tried, of how many, what it cost, and which literals its judge cannot tell apart."""

import itertools
from typing import Any

import pytest

from factory.tuning import Cell, cells_of, combinations, idle_literals
from factory.workshop import Workshop


@pytest.mark.parametrize("by", ["log_loss", "auc"])
def test_literals_that_the_judge_cannot_tell_apart_are_named_and_stay_as_they_were(
    workshop: Workshop, binary: str, do, by: str
) -> None:
    grid = {"trade.edge": [0.03, 0.01], "meta.leaf": [50, 200], "trade.size.share": [0.002, 0.001]}
    answer = do("tune", pipeline=binary, grid=grid, by=by)
    named, said = answer["no_difference"].split(f": not to {by}; ")
    assert named == "trade.edge, trade.size.share"
    assert "the one that changes least is taken" in said
    assert "judge=validation" in said
    won = workshop.resolve(answer["winner"]["pipeline"])
    own = workshop.resolve(binary)
    assert (own.trade.edge, own.trade.size.share) == (0.01, 0.002), "the second of the grid, and the first"
    assert (won.trade.edge, won.trade.size.share) == (own.trade.edge, own.trade.size.share)
    leaf = answer["best"]["rows"][0][1]
    alike = [(row[0], row[2]) for row in answer["best"]["rows"] if row[1] == leaf]
    assert alike[0] == (0.01, 0.002)
    assert set(alike[1:3]) == {(0.03, 0.002), (0.01, 0.001)}, "those that change one thing, then the one that changes both"
    assert alike[3] == (0.03, 0.001)


def test_literals_that_the_judge_tells_apart_are_not_named(binary: str, do) -> None:
    assert "no_difference" not in do("tune", pipeline=binary)


def test_a_search_judged_on_validation_names_what_changes_nothing_there(binary: str, do) -> None:
    answer = do("tune", pipeline=binary, grid={"trade.edge": [0.45, 0.46], "meta.leaf": [50, 60]}, judge="validation")
    assert answer["no_difference"].startswith("trade.edge, meta.leaf: not to sharpe; "), "no cell trades"
    assert "judge=" not in answer["no_difference"]
    assert answer["best"]["rows"][0][:2] == [0.45, 50]


@pytest.mark.parametrize(
    ("grid", "cells", "told"),
    [
        ({"meta.leaf": [50, 60, 70]}, 3, 3),
        ({"meta.leaf": [50, 60, 70]}, 2, "2 of 3, drawn"),
        ({"meta.leaf": {"from": 20, "to": 400}}, 2, "2, drawn from ranges"),
    ],
)
def test_an_answer_says_how_many_cells_of_how_many(binary: str, do, grid: dict[str, Any], cells: int, told: object) -> None:
    answer = do("tune", pipeline=binary, grid=grid, cells=cells)
    assert answer["cells"] == told
    assert answer["judged"].endswith("the winner alone on validation: one trial")


def test_cells_that_are_drawn_from_a_grid_stand_in_its_order(workshop: Workshop, binary: str) -> None:
    axes = {"meta.leaf": [200, 50, 100], "trade.edge": [0.02, 0.01, 0.03]}
    drawn = [cell.values for cell in cells_of(workshop.resolve(binary).changed({"tune": axes}), 4)]
    assert len(drawn) == 4
    assert [one for one in itertools.product(*axes.values()) if one in drawn] == drawn


def test_a_grid_too_large_to_be_written_out_is_counted_and_drawn_from(workshop: Workshop, binary: str) -> None:
    shares = [round(0.001 + 0.001 * step, 3) for step in range(50)]
    axes = {
        **{f"experts.trees.{name}": list(range(20, 70)) for name in ("rounds", "leaf")},
        **{f"meta.{name}": list(range(20, 70)) for name in ("leaf", "trees")},
        **dict.fromkeys(("trade.edge", "trade.size.share"), shares),
    }
    assert combinations(axes) == 50**6
    assert len(cells_of(workshop.resolve(binary).changed({"tune": axes}), 2)) == 2


def test_one_literal_never_seen_to_change_alone_is_not_called_idle(workshop: Workshop, binary: str) -> None:
    pipeline = workshop.resolve(binary)
    cells = [Cell(values, pipeline) for values in ((1, "a"), (2, "b"))]
    assert idle_literals(["x", "y"], cells, [0.5, 0.5]) == []
    assert idle_literals(["x", "y"], [*cells, Cell((2, "a"), pipeline)], [0.5, 0.5, 0.5]) == ["x", "y"]
    assert idle_literals(["x", "y"], [*cells, Cell((2, "a"), pipeline)], [0.5, 0.5, 0.4]) == []
