import os
from pathlib import Path

import pytest

from factory.market.build import build
from factory.market.spec import load_spec
from factory.storage.workspace import Workspace
from factory.tasks import perform
from factory.workshop import Workshop
from tests.workshop.market import BINARY, PERPETUAL, SPEC


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = Workspace.open(tmp_path_factory.mktemp("workshop"))
    build(workspace, load_spec(SPEC))
    return workspace


@pytest.fixture
def workshop(built: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    """A workshop with a ledger of its own over the one drawn market."""
    monkeypatch.setenv("RFCAT_PROPOSALS", str(tmp_path / "proposed"))
    workspace = Workspace.open(tmp_path / "workspace")
    (workspace.datasets / "small-sim").symlink_to(built.datasets / "small-sim")
    workspace.cache.rmdir()
    workspace.cache.symlink_to(built.cache)
    return Workshop(workspace, "tester")


@pytest.fixture
def binary(workshop: Workshop) -> str:
    return str(workshop.define(BINARY)["pipeline"])


@pytest.fixture
def perpetual(workshop: Workshop) -> str:
    return str(workshop.define(PERPETUAL)["pipeline"])


@pytest.fixture
def do(workshop: Workshop):
    """Heavy work in this process."""

    def run(kind: str, **args):
        return perform(str(workshop.workspace.root), kind, {"agent": "tester", **args})

    return run


os.environ.setdefault("RFCAT_THREADS", "2")
