"""A real browser that calls nobody, and what is wrong with a page that it shows."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright

from tests.conftest import ROOT

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
"""The checker of accessibility; `npm install axe-core` puts it there."""
needs_browser = pytest.mark.skipif(
    CHROMIUM is None and "RFCAT_REQUIRE_TOOLS" not in os.environ, reason="needs Chromium on the PATH"
)
GRAVE = ("serious", "critical")
BROKEN_WORDS = r"""() => {
  const broken = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode, room = node.parentElement.closest("p, dd, dt, td, th, h1, h2, h3, label, li, main, body").clientWidth;
    if (node.parentElement.closest("script, button, svg, code, pre, [hidden]") || !node.parentElement.checkVisibility()) continue;
    for (const token of node.textContent.matchAll(/\S+/g)) for (const word of token[0].matchAll(/[\p{L}\p{N}_]+/gu)) {
      const at = (start, length) => {
        const range = document.createRange();
        range.setStart(node, start);
        range.setEnd(node, start + length);
        return [...range.getClientRects()];
      };
      const fits = at(token.index, token[0].length).reduce((sum, rect) => sum + rect.width, 0) <= room;
      if (fits && new Set(at(token.index + word.index, word[0].length).map((rect) => Math.round(rect.top))).size > 1) broken.push(word[0]);
    }
  }
  return broken;
}"""
"""Words that stand on two lines although they would fit on one."""


@dataclass
class Watch:
    """What a page does that it should not.

    Parameters
    ----------
    base : str
        Address of the server: all else is elsewhere.
    """

    base: str
    complaints: list[str] = field(default_factory=list)

    def follow(self, page: Page) -> None:
        """Note what a page's console says, what fails in it, and whom it calls."""
        page.on("console", self._note_message)
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("request", self._note_request)

    def _note_message(self, message: ConsoleMessage) -> None:
        # That a form was refused is what its test asks for.
        if message.type in ("error", "warning") and "status of 4" not in message.text:
            self.complaints.append(f"console: {message.text}")

    def _note_request(self, request: Request) -> None:
        if not request.url.startswith((self.base, "data:", "blob:")):
            self.complaints.append(f"elsewhere: {request.url}")


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Start Chromium, without the calls that it makes for itself."""
    assert CHROMIUM
    quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=quiet)
        yield browser
        browser.close()


@contextmanager
def open_page(browser: Browser, base: str, *, scheme: str = "light", width: int = 1280) -> Iterator[tuple[Page, Watch]]:
    """Open a window of its own, watched."""
    options: dict[str, Any] = {"color_scheme": scheme, "viewport": {"width": width, "height": 900}}
    context: BrowserContext = browser.new_context(base_url=base, **options)
    page, watch = context.new_page(), Watch(base)
    watch.follow(page)
    yield page, watch
    context.close()


def enter(page: Page, name: str, password: str) -> None:
    """Sign in by the form, as a person does."""
    page.goto("/sign-in")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/")


def read_through(page: Page) -> None:
    """Scroll down, so that all pictures are drawn."""
    page.wait_for_load_state("networkidle")
    page.evaluate(
        "async () => { for (let y = 0; y < document.body.scrollHeight; y += 500) "
        "{ scrollTo(0, y); await new Promise((done) => setTimeout(done, 40)); } scrollTo(0, 0); }"
    )


def find_faults(page: Page) -> list[str]:
    """Find what axe-core calls serious; the page's own policy stays in force meanwhile."""
    page.context.new_cdp_session(page).send("Runtime.evaluate", {"expression": _axe()})
    told = page.evaluate("async () => (await axe.run(document, { resultTypes: ['violations'] })).violations")
    return [f"{one['id']}: {one['nodes'][0]['html'][:160]}" for one in told if one["impact"] in GRAVE]


@cache
def _axe() -> str:
    return Path(AXE).read_text(encoding="utf-8")
