"""The view of `show` in a real browser, under the policy that hosts of MCP Apps set, against real answers."""

import html
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp.types import Implementation

from factory.core.canonical import in_order
from factory.market.build import build
from factory.market.spec import load_spec
from factory.storage.workspace import Workspace
from factory.tasks import perform
from factory.workshop import Workshop
from server.mcp.app import build_server
from server.mcp.resources import VIEW
from tests.e2e.browser import CHROMIUM, needs_browser
from tests.hostile import ALL_IN_ONE
from tests.workshop.market import BINARY, SPEC

pytestmark = [pytest.mark.slow, pytest.mark.anyio, needs_browser]

POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "media-src 'self' data:; connect-src 'none'"
)
"""What a host must set where a resource names no domain: MCP Apps 2026-01-26."""
HOST = """
const frame = document.querySelector("iframe"), told = [], answers = %s;
addEventListener("message", (event) => {
  const { id, method, params } = event.data;
  told.push(method ?? "answer");
  const send = (message) => frame.contentWindow.postMessage({ jsonrpc: "2.0", ...message }, "*");
  if (method === "ui/initialize") send({ id, result: { protocolVersion: "2026-01-26", hostCapabilities: answers.capabilities,
    hostInfo: { name: "host", version: "1" }, hostContext: { theme: "dark", styles: { variables: { "--font-sans": "serif" } } } } });
  if (method === "ui/notifications/initialized") {
    send({ method: "ui/notifications/tool-input", params: { arguments: {} } });
    send({ method: "ui/notifications/tool-result", params: answers.result });
  }
  if (method === "resources/read") send(answers.card[params.uri]
    ? { id, result: { contents: [{ uri: params.uri, text: answers.card[params.uri] }] } }
    : { id, error: { code: -32602, message: "unknown" } });
});
setTimeout(() => {
  const inner = frame.contentDocument;
  const images = [...inner.images].map((one) => [one.alt, one.naturalWidth]);
  const found = { told, images, text: inner.body.innerText, scripts: inner.querySelectorAll("script").length,
    elements: inner.querySelectorAll("b, svg, a[href^=javascript]").length, struck: Boolean(frame.contentWindow.struck),
    scheme: inner.documentElement.style.colorScheme, width: inner.documentElement.scrollWidth };
  document.body.innerHTML = `<pre id="found"></pre>`;
  document.getElementById("found").textContent = JSON.stringify(found);
}, 4000);
"""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = Workspace.open(tmp_path_factory.mktemp("view"))
    build(workspace, load_spec(SPEC))
    pipeline = Workshop(workspace, "tester").define(BINARY)["pipeline"]
    perform(str(workspace.root), "backtest", {"pipeline": pipeline, "agent": "tester", "why": "to see"})
    return workspace


def open_view(folder: Path, view: str, answers: dict[str, Any], width: int = 700) -> dict[str, Any]:
    """What a browser has on the screen once a host has given the view an answer."""
    page = view.replace("<head>", f'<head><meta http-equiv="Content-Security-Policy" content="{POLICY}">', 1)
    script = HOST % json.dumps(answers).replace("</", "<\\/")
    frame = f'<iframe sandbox="allow-scripts allow-same-origin" style="width: {width}px; height: 900px; border: 0" srcdoc="{html.escape(page)}">'
    wrapper = folder / "host.html"
    wrapper.write_text(f"<!doctype html><meta charset=utf-8>{frame}</iframe><script>{script}</script>", encoding="utf-8")
    assert CHROMIUM
    own = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", f"--user-data-dir={folder / 'profile'}")
    command = [CHROMIUM, *own, "--virtual-time-budget=10000", "--dump-dom", wrapper.as_uri()]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    told = re.search(r'<pre id="found">(.*?)</pre>', shown.stdout, re.DOTALL)
    assert told, shown.stdout[-500:]
    return dict(json.loads(html.unescape(told[1])))


def wire(result: Any) -> dict[str, Any]:
    return dict(result.model_dump(by_alias=True, exclude_none=True, mode="json"))


async def test_the_view_shows_a_chart_and_its_table(workspace: Workspace, tmp_path: Path) -> None:
    async with Client(build_server(workspace)) as client:
        view = (await client.read_resource(VIEW)).contents[0].text
        result = wire(await client.call_tool("show", {"what": "small-up-or-down", "chart": "calibration"}))
    seen = open_view(tmp_path, view, {"capabilities": {}, "result": result, "card": {}})
    assert [width for _, width in seen["images"]] == [900]
    assert "calibration of" in seen["images"][0][0]
    for row in result["structuredContent"]["rows"]:
        assert all(str(cell) in seen["text"] for cell in row)
    assert f"The card in a browser: rfcat card {result['structuredContent']['pipeline']}" in seen["text"]
    assert seen["scheme"] == "dark"
    assert {"ui/initialize", "ui/notifications/initialized", "ui/notifications/size-changed"} <= set(seen["told"])


@pytest.mark.parametrize("reads", [True, False], ids=["card", "no card"])
async def test_the_view_shows_the_card_where_the_host_reads_resources(
    workspace: Workspace, tmp_path: Path, reads: bool
) -> None:
    async with Client(build_server(workspace), client_info=Implementation(name="tester", version="1")) as client:
        view = (await client.read_resource(VIEW)).contents[0].text
        result = wire(await client.call_tool("show", {"what": "small-up-or-down"}))
        uri = f"ui://random-forest-cat/card/{result['structuredContent']['pipeline']}"
        page = (await client.read_resource(uri)).contents[0].text
    assert "<script" not in page
    assert len(page) < 1_000_000
    seen = open_view(
        tmp_path, view, {"capabilities": {"serverResources": {}} if reads else {}, "result": result, "card": {uri: page}}
    )
    assert ("Figures on validation" in seen["text"]) == reads
    assert len([width for _, width in seen["images"] if width > 300]) == len(seen["images"])
    assert bool(seen["images"]) == reads
    assert "rfcat card" in seen["text"]
    assert seen["width"] <= 700
    if not reads:
        assert "features:" in seen["text"]


async def test_words_in_an_answer_are_text_in_the_view(workspace: Workspace, tmp_path: Path) -> None:
    async with Client(build_server(workspace)) as client:
        view = (await client.read_resource(VIEW)).contents[0].text
    hostile = f"<b>bold</b><img src=x onerror='window.struck = true'><svg onload='window.struck = true'>{ALL_IN_ONE}"
    data = {
        "pipeline": hostile,
        "columns": [hostile],
        "rows": [[hostile]],
        "yaml": hostile,
        "score": {hostile: hostile},
        "card": hostile,
    }
    result = {"content": [{"type": "text", "text": in_order(data)}], "structuredContent": data}
    seen = open_view(tmp_path, view, {"capabilities": {"serverResources": {}}, "result": result, "card": {}})
    assert (seen["images"], seen["elements"], seen["struck"]) == ([], 0, False)
    assert "<b>bold</b>" in seen["text"]
