"""A workspace keeps its ledger inside it, whatever its folder is called."""

from pathlib import Path

import pytest

from factory.ledger import Ledger
from factory.storage.store import Store
from factory.storage.workspace import Workspace
from tests.hostile import ALL_IN_ONE, FOLDERS

NAMES = [*FOLDERS, ALL_IN_ONE]


@pytest.mark.parametrize("name", NAMES)
def test_each_workspace_has_a_ledger_of_its_own_inside_it(tmp_path: Path, name: str) -> None:
    for folder in (tmp_path / name / "one", tmp_path / name / "two"):
        workspace = Workspace.open(folder)
        assert Ledger(workspace).verify().rows == 0
        Ledger(workspace).append_once("exploration", {"subject": "x", "count": 1, "dataset": "d"})
        Store(workspace).close()
        assert Ledger(Workspace.open(folder)).verify().rows == 1
        assert workspace.database.is_file()
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert sorted(path.name for path in (tmp_path / name).iterdir()) == ["one", "two"]


def test_workspaces_whose_names_begin_alike_share_nothing(tmp_path: Path) -> None:
    plain, hostile = Workspace.open(tmp_path / "w"), Workspace.open(tmp_path / "w?cache=shared")
    Ledger(plain).append_once("exploration", {"subject": "x", "count": 1, "dataset": "d"})
    assert Ledger(hostile).verify().rows == 0
