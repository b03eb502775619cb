"""Run a small search, serve it, and take a picture of three pages in Chromium."""

import io
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from factory.people import People
from factory.storage.workspace import Workspace
from factory.tasks import perform
from factory.workshop import Workshop

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "docs" / "pictures"
WIDTH, COLOURS = 1280, 128
SEARCH: tuple[tuple[str, str, Mapping[str, Any]], ...] = (
    ("claude-code", "btc-up-or-down-5m", {}),
    ("claude-code", "btc-long-short", {}),
    ("claude-code", "btc-up-or-down-5m", {"meta.leaf": 100}),
    ("claude-code", "btc-up-or-down-5m", {"trade.edge": 0.02}),
    ("claude-code", "btc-up-or-down-5m", {"features.wick": None}),
    ("cursor", "btc-long-short", {"trade.enter": 0.57}),
    ("cursor", "btc-long-short", {"label.take": 1, "label.stop": 1}),
    ("cursor", "btc-up-or-down-5m", {"experts.lead.rounds": 80}),
    ("cursor", "btc-up-or-down-5m", {"meta.calibrate": "sigmoid"}),
)
"""Who tries what: the agent, the parent, and what is changed."""


def search(workspace: Workspace) -> dict[str, str]:
    """Make the trials; the ids of the first two by name."""
    root, ids = str(workspace.root), {}
    perform(root, "simulate", {"dataset": "btc-sim", "agent": "person"})
    for agent, parent, changes in SEARCH:
        workshop = Workshop(workspace, agent)
        id = workshop.define(parent=parent, changes=dict(changes))["pipeline"] if changes else workshop.resolve(parent).id
        ids.setdefault(parent, id)
        perform(root, "backtest", {"pipeline": id, "agent": agent, "why": "for the pictures"})
    perform(root, "rank", {"pipeline": ids["btc-up-or-down-5m"], "agent": "claude-code"})
    return ids


@contextmanager
def serve(workspace: Workspace) -> Iterator[str]:
    """Serve the pages until the block ends; yields their address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "server", "--workspace", str(workspace.root), "serve", "--port", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        while socket.socket().connect_ex(("127.0.0.1", port)):
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def take(page: Page, address: str, name: str, height: int, *, top: str | None = None) -> None:
    """Take a picture of a page, from its top or from where an element stands."""
    page.set_viewport_size({"width": WIDTH, "height": height})
    page.goto(address)
    page.wait_for_load_state("networkidle")
    if top:
        page.locator(top).scroll_into_view_if_needed()
        page.evaluate("top => document.querySelector(top).scrollIntoView()", top)
    page.wait_for_timeout(1_500)
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(OUT / f"{name}.png", optimize=True)


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace.open(Path(folder) / "workspace")
        ids = search(workspace)
        password = secrets.token_urlsafe(16)
        with closing(People(workspace)) as people:
            people.add("ada", "reviewer", password)
        with serve(workspace) as base, sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            page = chromium.new_page()
            page.set_default_timeout(120_000)
            page.goto(f"{base}/sign-in")
            page.get_by_label("Name").fill("ada")
            page.get_by_label("Password").fill(password)
            page.get_by_role("button", name="Sign in").click()
            page.wait_for_url("**/")
            take(page, f"{base}/trials", "trials", 720)
            take(page, f"{base}/cards/{ids['btc-up-or-down-5m']}", "card", 1_500)
            take(page, f"{base}/cusum/{ids['btc-long-short']}", "cusum", 900, top="#picture")
            chromium.close()
    for path in sorted(OUT.glob("*.png")):
        print(f"{path.relative_to(ROOT)}  {path.stat().st_size // 1024} KiB")


if __name__ == "__main__":
    os.environ.setdefault("RFCAT_PROPOSALS", tempfile.gettempdir())
    main()
