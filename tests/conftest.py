"""What every test folder shares."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
# Workspaces of tests are new; what they compile is the same.
os.environ.setdefault("NUMBA_CACHE_DIR", str(ROOT / ".pytest_cache" / "numba"))


def pytest_configure() -> None:
    """Take away the width that pytest-xdist or readline set: what commands print into a pipe is not to be folded at it."""
    os.environ.pop("COLUMNS", None)
    os.unsetenv("COLUMNS")  # readline tells the C library alone


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data and reference vectors, beside the checkout or where RFCAT_SHARED says."""
    folder = Path(os.environ.get("RFCAT_SHARED") or ROOT.parent / "shared")
    if not folder.is_dir():
        pytest.skip("needs the real data: set RFCAT_SHARED to their folder")
    return folder


@pytest.fixture(scope="session")
def vectors(shared: Path) -> dict[str, Any]:
    """Reference vectors by name: inputs, expected, tolerance."""
    loaded = json.loads((shared / "reference_vectors.json").read_text())
    return {vector["name"]: vector for vector in loaded["vectors"]}


@pytest.fixture
def anyio_backend() -> str:
    """The event loop that the server runs on."""
    return "asyncio"
