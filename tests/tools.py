"""Programs that nobody of this project wrote and that slow tests run: ``.ci/run`` installs them."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT

PATH = os.pathsep.join((str(ROOT / "node_modules" / ".bin"), str(ROOT / ".venv" / "tools" / "bin"), os.environ["PATH"]))


def find_tool(name: str) -> str:
    """Where a program is; a test that needs it is skipped where it is not, but fails where tools are required."""
    tool = shutil.which(name, path=PATH)
    if tool is None:
        if os.environ.get("RFCAT_REQUIRE_TOOLS"):
            pytest.fail(f"{name} is not installed")
        pytest.skip(f"needs {name}: see .ci/run")
    return tool


def run_tool(*command: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=cwd, env={**os.environ, "PATH": PATH}, capture_output=True, text=True, encoding="utf-8", timeout=300
    )
