"""What somebody new meets at the terminal: help that says what a thing costs, refusals that say how to go on."""

from pathlib import Path

import pytest

from factory.market.build import build
from factory.market.spec import load_spec
from factory.workspace import Workspace
from tests.server.terminal import run_all
from tests.vault.market import FAST, SPEC


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a small market and no trial."""
    workspace = Workspace.open(tmp_path_factory.mktemp("newcomers") / "workspace")
    build(workspace, load_spec(SPEC))
    return workspace.root


def test_help_says_what_is_counted_as_a_trial(market: Path, tmp_path: Path) -> None:
    lines = [("help", "backtest"), ("help", "tune")]
    for one in run_all(market, lines, tmp_path):
        assert "on validation: one trial" in " ".join(one.out.split())


READING = [
    *[("show",), ("show", "jobs"), ("show", "job-0"), ("dataset", "list"), ("dataset", "show", "x"), ("ledger", "verify")],
    *[("doctor",), ("vault", "show"), ("cancel", "job-0"), ("backtest", "btc-long-short"), ("rank", "--family", "momentum")],
    *[("submit", "x"), ("forward", "look-1"), ("propose", "x", "--why", "y"), ("dataset", "fresh", "x"), ("tune", "x")],
]


def test_a_command_that_only_reads_makes_no_workspace(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine", encoding="utf-8")
    for place, mend in (("missing", "make one there with `rfcat start`"), ("mine", "choose a new or empty folder")):
        for line, one in zip(READING, run_all(tmp_path / place, READING, tmp_path), strict=True):
            assert (one.status, one.out) == (1, ""), (line, one)
            assert len(one.err.strip().splitlines()) == 1, (line, one)
            assert str(tmp_path / place) in one.err
            assert mend in one.err
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["mine", "notes.txt"]


def test_what_needs_no_workspace_works_where_none_can_be(tmp_path: Path) -> None:
    (tmp_path / "bars.csv").write_text("time,open,high,low,close,volume\n2024-01-01T00:00:00Z,1,1,1,1,1\n", encoding="utf-8")
    lines = [("features",), ("features", "rsi"), ("data", "check", "bars.csv"), ("help",)]
    assert [one.status for one in run_all(tmp_path / "missing", lines, tmp_path)] == [0, 0, 0, 0]
    assert not (tmp_path / "missing").exists()


def test_a_command_that_begins_work_makes_a_workspace_and_none_among_other_files(tmp_path: Path) -> None:
    (tmp_path / "market.yaml").write_text(SPEC, encoding="utf-8")
    (tmp_path / "pipeline.yaml").write_text(FAST, encoding="utf-8")
    lines = [("dataset", "build", "market.yaml"), ("define", "pipeline.yaml")]
    for line in lines:
        (refused,) = run_all(tmp_path, [line], tmp_path)
        assert "and no workspace; choose a new or empty folder" in refused.err
    assert [one.status for one in run_all(tmp_path / "new", lines, tmp_path)] == [0, 0]
