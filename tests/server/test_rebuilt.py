"""A dataset that is built of other rows: the build says what becomes of earlier trials, and lists mark them."""

import json
from pathlib import Path

import pytest

from factory.storage.workspace import Workspace
from factory.workshop import Workshop
from tests.server.terminal import run_all
from tests.vault.market import FAST, SPEC

TOLD = "its {} differ from the last build: the ledger keeps 1 earlier trial of other {}, stale in lists"
SCORED = [("backtest", "fast.yaml")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a strategy file, and dataset files that differ in nothing, in rows and in costs."""
    (tmp_path / "fast.yaml").write_text(FAST, encoding="utf-8")
    for name, (old, new) in {
        "same": ("looks", "looks"),
        "rows": ("edge: 0.12", "edge: 0.05"),
        "costs": ("fee: 0.0,", "fee: 0.01,"),
    }.items():
        (tmp_path / f"{name}.yaml").write_text(SPEC.replace(old, new), encoding="utf-8")
    return tmp_path


def build(folder: Path, name: str, *then: tuple[str, ...]) -> list[str]:
    told = run_all(folder / "workspace", [("dataset", "build", f"{name}.yaml"), *then], folder)
    assert [one.status for one in told] == [0] * len(told), told
    return [one.out for one in told]


def test_a_build_of_other_rows_says_so_and_lists_mark_what_was_scored_on_those_before(folder: Path) -> None:
    first = build(folder, "same", *SCORED)
    assert "differ" not in first[0]
    again, board = build(folder, "same", ("show", "--json"))
    assert "differ" not in again
    assert "stale" not in json.loads(board)["columns"], "nothing is added where nothing is stale"
    other, board = build(folder, "rows", *SCORED, ("show", "--json"))[::2]
    assert TOLD.format("rows", "rows") in other
    columns, rows = (json.loads(board)[key] for key in ("columns", "rows"))
    marks = [dict(zip(columns, row, strict=True)) for row in rows]
    assert len({one["pipeline"] for one in marks}) == 1, "one pipeline stands there twice"
    assert sorted(one["stale"] for one in marks) == ["-", "yes"]
    workshop = Workshop(Workspace.open(folder / "workspace"))
    (newest, older) = (dict(zip(columns, row, strict=True)) for row in workshop.show("trials")["rows"])
    assert (newest["stale"], older["stale"]) == ("-", "yes")
    best = workshop.show("ledger")["best"]["vault-sim"]
    assert ("stale" in best) == ("stale" in workshop.show("summary")["best"]) == (marks[0]["stale"] == "yes")


def test_a_build_of_other_costs_says_so_and_one_of_the_rows_before_takes_the_mark_off(folder: Path) -> None:
    build(folder, "same", *SCORED)
    assert TOLD.format("terms", "terms") in build(folder, "costs")[0]
    back, board = build(folder, "same", ("show", "--json"))
    assert "differ" not in back
    assert "stale" not in json.loads(board)["columns"]
