"""What the tests of people share."""

from pathlib import Path

import pytest

from factory.storage.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A new workspace without datasets."""
    return Workspace.open(tmp_path / "workspace")
