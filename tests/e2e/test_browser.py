"""The start page in a real browser."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.e2e.conftest import http_server

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None and "RFCAT_REQUIRE_TOOLS" not in os.environ, reason="needs Chromium on the PATH"),
]


def test_the_start_page_renders_and_loads_nothing_from_elsewhere(environment: Mapping[str, str], tmp_path: Path) -> None:
    assert BROWSER
    with http_server(environment) as url:
        command = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        command += ["--no-first-run", "--disable-component-update", "--disable-sync", f"--user-data-dir={tmp_path / 'profile'}"]
        page = url.removesuffix("/mcp") + "/"
        shown = subprocess.run([*command, "--dump-dom", page], capture_output=True, text=True, check=True, timeout=120)
        subprocess.run([*command, f"--screenshot={tmp_path / 'start.png'}", page], capture_output=True, check=True, timeout=120)
    assert f"claude mcp add --transport http random-forest-cat {url}" in shown.stdout
    assert "simulated" in shown.stdout
    assert "http" not in shown.stdout.replace(url.removesuffix("/mcp"), "").replace("--transport http", "").split("<body", 1)[0]
    assert (tmp_path / "start.png").stat().st_size > 10_000
