"""Tests of MCP servers that nobody of this project wrote.

Both tools come from npm and need Node 22; ``.ci/run`` installs them into
``node_modules``.
"""

import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.ports import find_port
from tests.tools import find_tool, run_tool

pytestmark = pytest.mark.slow

RESULT = re.compile(r"^[✓✗] ([\w-]+): (\d+) passed, (\d+) failed", re.MULTILINE)
OPTIONAL = "tasks-"
"""Scenarios of an extension that the server does not offer."""

BARE = {
    "2026-07-28": (
        "caching",
        "http-header-validation",
        "dns-rebinding-protection",
        "server-sse-multiple-streams",
        "tools-list",
        "resources-list",
        "prompts-list",
        "completion-complete",
        "sep-2164-resource-not-found",
    ),
    "2025-11-25": (
        "server-initialize",
        "ping",
        "server-session-lifecycle",
        "dns-rebinding-protection",
        "server-sse-multiple-streams",
        "tools-list",
        "resources-list",
        "prompts-list",
        "completion-complete",
    ),
}
"""What the server must pass as users get it, without fixtures."""


def read_checks(folder: Path, scenario: str) -> str:
    """What the suite wrote of a scenario, with its reasons."""
    return "\n".join(file.read_text("utf-8") for file in sorted(folder.glob(f"server-{scenario}-*/checks.json")))


@contextmanager
def serving(*command: str) -> Iterator[str]:
    """Run a server on a free port until the block ends; yields the URL of its MCP route."""
    port = find_port()
    process = subprocess.Popen([sys.executable, "-m", *command, str(port)], cwd=ROOT)
    try:
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        process.terminate()
        process.wait(120)


@pytest.mark.parametrize("revision", ["2026-07-28", "2025-11-25"])
def test_every_applicable_scenario_passes(revision: str, tmp_path: Path) -> None:
    tool = find_tool("conformance")
    with serving("tests.conformance.server") as url:
        run = run_tool(tool, "server", "--url", url, "--requirements", revision, "-o", str(tmp_path))
    results = [scenario for scenario in RESULT.findall(run.stdout) if not scenario[0].startswith(OPTIONAL)]
    assert len(results) >= 30, run.stdout + run.stderr
    wrong = [name for name, passed, failed in results if int(passed) == 0 or int(failed) > 0]
    assert wrong == [], "\n".join(read_checks(tmp_path, name) for name in wrong)
    assert run.returncode == 0


@pytest.mark.parametrize("revision", sorted(BARE))
def test_the_server_without_fixtures_passes_what_applies(revision: str, tmp_path: Path) -> None:
    tool = find_tool("conformance")
    with serving("server", "--workspace", str(tmp_path / "workspace"), "serve", "--port") as url:
        for scenario in BARE[revision]:
            run = run_tool(tool, "server", "--url", url, "--scenario", scenario, "--spec-version", revision, cwd=tmp_path)
            assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("method", ["tools/list", "prompts/list", "resources/list", "resources/templates/list"])
def test_the_inspector_finds_the_tools_portable(method: str, tmp_path: Path) -> None:
    tool = find_tool("mcp-inspector")
    strict = ["--strict"] if method == "tools/list" else []
    command = [sys.executable, "-m", "server", "--workspace", str(tmp_path / "workspace")]
    run = run_tool(tool, "--cli", "--method", method, *strict, "--", *command)
    assert run.returncode == 0, run.stdout + run.stderr
