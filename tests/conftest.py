"""What every test folder shares."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data and reference vectors, beside the checkout or where RFCAT_SHARED says."""
    folder = Path(os.environ.get("RFCAT_SHARED") or ROOT.parent / "shared")
    if not folder.is_dir():
        pytest.skip("needs the real data: set RFCAT_SHARED to their folder")
    return folder


@pytest.fixture
def anyio_backend() -> str:
    """The event loop that the server runs on."""
    return "asyncio"
