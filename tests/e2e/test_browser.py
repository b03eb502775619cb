"""The start page in a real browser."""

import html
import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from factory.pipeline import load_shipped
from factory.storage.workspace import Workspace
from factory.tasks import perform
from tests.e2e.conftest import http_server

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None and "RFCAT_REQUIRE_TOOLS" not in os.environ, reason="needs Chromium on the PATH"),
]


WIDTHS = (320, 390, 600, 800)
MEASURE = r"""
onload = () => {
const told = [...document.querySelectorAll("iframe")].map((frame) => measure(frame.contentDocument));
document.body.innerHTML = `<pre id="found"></pre>`;
document.getElementById("found").textContent = JSON.stringify(told);
};
function boxes(node, start, length) {
  const range = node.ownerDocument.createRange();
  range.setStart(node, start);
  range.setEnd(node, start + length);
  return [...range.getClientRects()];
}
function measure(inner) {
const found = {broken: [], covered: [], buttons: 0};
const walker = inner.createTreeWalker(inner.body, NodeFilter.SHOW_TEXT), texts = [];
while (walker.nextNode()) {
  const node = walker.currentNode;
  if (node.parentElement.closest("script, button") || !node.textContent.trim()) continue;
  const room = node.parentElement.closest("p, dd, dt, td, th, h1, h2, pre, main").clientWidth;
  for (const token of node.textContent.matchAll(/\S+/g)) for (const word of token[0].matchAll(/[\p{L}\p{N}_]+/gu)) {
    const rects = boxes(node, token.index + word.index, word[0].length);
    const fits = boxes(node, token.index, token[0].length).reduce((sum, rect) => sum + rect.width, 0) <= room;
    if (fits && new Set(rects.map((rect) => Math.round(rect.top))).size > 1) found.broken.push(word[0]);
    texts.push([word[0], ...rects]);
  }
}
for (const button of inner.querySelectorAll("button")) {
  found.buttons += 1;
  const box = button.getBoundingClientRect();
  for (const [word, ...rects] of texts)
    if (rects.some((one) =>
      one.left < box.right && box.left < one.right && one.top < box.bottom && box.top < one.bottom)) found.covered.push(word);
}
found.width = inner.scrollingElement.scrollWidth;
return found;
}
"""
"""What stands on a page: words on two lines, words under a button, its width. A window of a browser is never so narrow as a frame."""


def browser(folder: Path) -> list[str]:
    """Chromium that calls nobody."""
    assert BROWSER
    command = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
    return [*command, "--disable-component-update", "--disable-sync", f"--user-data-dir={folder / 'profile'}"]


def test_the_start_page_breaks_no_word_and_covers_nothing(
    environment: Mapping[str, str], workspace: Workspace, tmp_path: Path
) -> None:
    perform(str(workspace.root), "backtest", {"agent": "tester", "pipeline": load_shipped()["btc-up-or-down-5m"].id})
    with http_server(environment) as url:
        page = html.escape(httpx.get(url.removesuffix("/mcp") + "/", timeout=120).text)
    frames = [f'<iframe style="width: {width}px; height: 3000px; border: 0" srcdoc="{page}"></iframe>' for width in WIDTHS]
    wrapper = tmp_path / "wrapper.html"
    wrapper.write_text(f"<!doctype html>{''.join(frames)}<script>{MEASURE}</script>", encoding="utf-8")
    shown = subprocess.run(
        [*browser(tmp_path), "--dump-dom", wrapper.as_uri()], capture_output=True, text=True, check=True, timeout=120
    )
    told = re.search(r'<pre id="found">(.*?)</pre>', shown.stdout, re.DOTALL)
    assert told, shown.stdout[-500:]
    for width, measured in zip(WIDTHS, json.loads(html.unescape(told[1])), strict=True):
        assert (width, measured["broken"], measured["covered"]) == (width, [], [])
        assert measured["buttons"] == 3
        assert measured["width"] <= width


def test_the_start_page_renders_and_loads_nothing_from_elsewhere(environment: Mapping[str, str], tmp_path: Path) -> None:
    with http_server(environment) as url:
        command = browser(tmp_path)
        page = url.removesuffix("/mcp") + "/"
        shown = subprocess.run([*command, "--dump-dom", page], capture_output=True, text=True, check=True, timeout=120)
        subprocess.run([*command, f"--screenshot={tmp_path / 'start.png'}", page], capture_output=True, check=True, timeout=120)
    assert f"claude mcp add --transport http random-forest-cat {url}" in shown.stdout
    assert "simulated" in shown.stdout
    assert "http" not in shown.stdout.replace(url.removesuffix("/mcp"), "").replace("--transport http", "").split("<body", 1)[0]
    assert (tmp_path / "start.png").stat().st_size > 10_000
