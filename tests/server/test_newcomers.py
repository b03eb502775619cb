"""What somebody new meets at the terminal: help that says what a thing costs, refusals that say how to go on."""

from pathlib import Path

import pytest

from factory.market.build import build
from factory.market.spec import load_spec
from factory.workspace import Workspace
from tests.server.terminal import run_all
from tests.vault.market import SPEC


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
