"""The view of `show` in a real browser, under the policy that hosts of MCP Apps set, against real answers."""

import html
import json
from pathlib import Path
from typing import Any

import pytest
from anyio import to_thread
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
from tests.e2e.browser import needs_browser, open_browser, open_page
from tests.hostile import ALL_IN_ONE
from tests.server.hosted import draw
from tests.workshop.market import BINARY, SPEC

pytestmark = [pytest.mark.slow, pytest.mark.anyio, needs_browser]

POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "media-src 'self' data:; connect-src 'none'"
)
"""What a host must set where a resource names no domain: MCP Apps 2026-01-26."""
HOST = """
const told = [], answers = %s;
addEventListener("message", (event) => {
  const { id, method, params } = event.data;
  told.push(method ?? "answer");
  const send = (message) => document.querySelector("iframe").contentWindow.postMessage({ jsonrpc: "2.0", ...message }, "*");
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
"""
FOUND = """async () => {
  const frame = document.querySelector("iframe"), inner = frame.contentDocument;
  await Promise.all([...inner.images].map((one) => one.decode()));
  return { told, images: [...inner.images].map((one) => [one.alt, one.naturalWidth]), text: inner.body.innerText,
    elements: inner.querySelectorAll("b, svg, a[href^=javascript]").length, struck: Boolean(frame.contentWindow.struck),
    scheme: inner.documentElement.style.colorScheme, width: inner.documentElement.scrollWidth };
}"""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = Workspace.open(tmp_path_factory.mktemp("view"))
    build(workspace, load_spec(SPEC))
    pipeline = Workshop(workspace, "tester").define(BINARY)["pipeline"]
    perform(str(workspace.root), "backtest", {"pipeline": pipeline, "agent": "tester", "why": "to see"})
    return workspace


def open_view(folder: Path, view: str, answers: dict[str, Any], until: str) -> dict[str, Any]:
    """What a browser has on the screen once a host has given the view an answer and the view shows the words `until`."""
    page = view.replace("<head>", f'<head><meta http-equiv="Content-Security-Policy" content="{POLICY}">', 1)
    script = HOST % json.dumps(answers).replace("</", "<\\/")
    frame = f'<iframe sandbox="allow-scripts allow-same-origin" style="width: 700px; height: 900px; border: 0" srcdoc="{html.escape(page)}">'
    wrapper = folder / "host.html"
    # A host listens before it opens a view.
    wrapper.write_text(f"<!doctype html><meta charset=utf-8><script>{script}</script>{frame}</iframe>", encoding="utf-8")
    with open_browser() as browser, open_page(browser, wrapper.as_uri()) as (shown, watch):
        shown.goto(wrapper.as_uri())
        shown.frame_locator("iframe").get_by_text(until).first.wait_for()
        shown.wait_for_function("told.includes('ui/notifications/size-changed')")
        found = dict(shown.evaluate(FOUND))
    # The test reads the view from outside, so the frame must be of its origin; a host's is not.
    assert [told for told in watch.complaints if "escape its sandboxing" not in told] == []
    return found


def wire(result: Any) -> dict[str, Any]:
    return dict(result.model_dump(by_alias=True, exclude_none=True, mode="json"))


async def test_the_view_shows_a_chart_and_its_table(workspace: Workspace, tmp_path: Path) -> None:
    async with Client(build_server(workspace)) as client:
        view = (await client.read_resource(VIEW)).contents[0].text
        result = wire(await draw(client, "small-up-or-down", "calibration"))
    answers = {"capabilities": {}, "result": result, "card": {}}
    seen = await to_thread.run_sync(open_view, tmp_path, view, answers, "The card in a browser")
    assert [width for _, width in seen["images"]] == [900]
    assert "calibration of" in seen["images"][0][0]
    for row in result["structuredContent"]["rows"]:
        assert all(str(cell) in seen["text"] for cell in row)
    assert f"The card in a browser: rfcat card {result['structuredContent']['pipeline']}" in seen["text"]
    assert seen["scheme"] == "dark"
    assert {"ui/initialize", "ui/notifications/initialized"} <= set(seen["told"])


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
    answers = {"capabilities": {"serverResources": {}} if reads else {}, "result": result, "card": {uri: page}}
    seen = await to_thread.run_sync(open_view, tmp_path, view, answers, "Figures on validation" if reads else "features:")
    assert ("Figures on validation" in seen["text"]) == reads
    assert len([width for _, width in seen["images"] if width > 300]) == len(seen["images"])
    assert bool(seen["images"]) == reads
    assert "rfcat card" in seen["text"]
    assert seen["width"] <= 700


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
    answers = {"capabilities": {"serverResources": {}}, "result": result, "card": {}}
    seen = await to_thread.run_sync(open_view, tmp_path, view, answers, "<b>bold</b>")
    assert (seen["images"], seen["elements"], seen["struck"]) == ([], 0, False)
    assert "<b>bold</b>" in seen["text"]
