"""What the tests of the doors share."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from factory.ledger import Ledger
from factory.market.build import build
from factory.market.spec import load_spec
from factory.storage.workspace import Workspace
from tests.vault.market import SPEC


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A new workspace without datasets."""
    return Workspace.open(tmp_path / "workspace")


@pytest.fixture(scope="session")
def built_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    workspace = Workspace.open(tmp_path_factory.mktemp("data-pages"))
    build(workspace, load_spec(SPEC))
    return workspace.root


@pytest.fixture
def data(built_data: Path, tmp_path: Path) -> Workspace:
    """A workspace of its own with one drawn market, on which nothing was tried."""
    shutil.copytree(built_data, tmp_path / "data")
    return Workspace.open(tmp_path / "data")


@pytest.fixture
def ledger(data: Workspace) -> Iterator[Ledger]:
    with closing(Ledger(data)) as opened:
        yield opened
