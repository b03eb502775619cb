"""Servers on one small workspace."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from mcp import StdioServerParameters

from factory.people import People
from factory.storage.workspace import Workspace
from tests.conftest import ROOT
from tests.e2e.market import small_workspace
from tests.ports import find_port


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A workspace with the small simulated market."""
    return small_workspace(tmp_path / "workspace")


@pytest.fixture
def environment(workspace: Workspace) -> Mapping[str, str]:
    """What servers are started with: proposals stay out of the checkout."""
    return {**os.environ, "RFCAT_WORKSPACE": str(workspace.root), "RFCAT_PROPOSALS": str(workspace.root / "proposed")}


@pytest.fixture
def stdio(environment: Mapping[str, str]) -> StdioServerParameters:
    """How a host starts the server over stdio."""
    return StdioServerParameters(command=sys.executable, args=["-m", "server"], env=dict(environment), cwd=ROOT)


@contextmanager
def http_server(environment: Mapping[str, str]) -> Iterator[str]:
    """Serve over HTTP until the block ends; yields the URL of the MCP route."""
    port = find_port()
    command = [sys.executable, "-m", "server", "serve", "--port", str(port)]
    process = subprocess.Popen(command, env=dict(environment), cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        for _ in range(600):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert process.poll() is None, "the server ended"
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        process.terminate()
        process.wait(120)


@contextmanager
def serve_pages(workspace: Workspace, people: Mapping[str, str], password: str) -> Iterator[str]:
    """Serve a workspace to people of some roles; yields the address of the start page, without its last slash."""
    with closing(People(workspace)) as kept:
        for name, role in people.items():
            kept.add(name, role, password)
    places = {"RFCAT_WORKSPACE": str(workspace.root), "RFCAT_PROPOSALS": str(workspace.root / "proposed")}
    with http_server({**os.environ, **places}) as url:
        yield url.removesuffix("/mcp")
