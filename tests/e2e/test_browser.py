"""Every page in a real browser: light and dark, wide and narrow, without a fault, and without a call elsewhere."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.routing import APIRoute
from playwright.sync_api import Browser

from factory.pipeline import load_shipped
from factory.storage.workspace import Workspace
from factory.tasks import perform
from factory.workshop import Workshop
from server.web.pages import list_pages
from tests.e2e.browser import AXE, BROKEN_WORDS, enter, find_faults, needs_browser, open_browser, open_page, read_through
from tests.e2e.conftest import serve_pages
from tests.e2e.market import small_workspace

pytestmark = [pytest.mark.slow, needs_browser]
PERSON, PASSWORD = "ada", "correct horse battery"
STRATEGIES: dict[str, dict[str, None]] = {"btc-up-or-down-5m": {}, "btc-long-short": {"refit": None}}
"""What the small market is too short for is left out."""
EXAMPLES = {"reference": "btc-up-or-down-5m"}
"""What stands for a part of an address; whoever adds a page with another part adds an example of it."""
NO_PAGES = (".csv", "/events", "/sign-out")
"""Addresses that are read and shown by no browser."""
WIDTHS = (1280, 390)


def page_addresses() -> list[str]:
    routes = [route for page in list_pages() for route in page.router.routes if isinstance(route, APIRoute)]
    paths = [route.path for route in routes if "GET" in route.methods and not route.path.endswith(NO_PAGES)]
    return [re.sub(r"{(\w+)}", lambda part: EXAMPLES[part[1]], path) for path in paths if path != "/sign-in"]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    made = small_workspace(tmp_path_factory.mktemp("pages") / "workspace")
    workshop = Workshop(made, "tester")
    for name, changes in STRATEGIES.items():
        pipeline = workshop.define(parent=name, changes=changes)["pipeline"] if changes else load_shipped()[name].id
        perform(str(made.root), "backtest", {"agent": "tester", "pipeline": pipeline, "why": "to see"})
    return made


@pytest.fixture(scope="module")
def base(workspace: Workspace) -> Iterator[str]:
    with serve_pages(workspace, {PERSON: "reviewer"}, PASSWORD) as base:
        yield base


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as browser:
        yield browser


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_is_whole_readable_and_calls_nobody(
    browser: Browser, base: str, scheme: str, width: int, tmp_path: Path
) -> None:
    assert AXE.is_file(), "npm install axe-core"
    picture = tmp_path / "page.png"
    faults: list[str] = []
    with open_page(browser, base, scheme=scheme, width=width) as (page, watch):
        page.goto("/sign-in")
        faults += find_faults(page)
        enter(page, PERSON, PASSWORD)
        for address in page_addresses():
            answer = page.goto(address)
            read_through(page)
            shown = page.evaluate("document.scrollingElement.scrollWidth")
            complaints = [
                *([] if answer and answer.ok else ["not shown"]),
                *find_faults(page),
                *([] if shown == width else [f"{shown} pixels wide"]),
                *(f"broken word: {word}" for word in page.evaluate(BROKEN_WORDS)),
                *watch.complaints,
                *([] if page.title().endswith(" · Random Forest Cat") else ["no title"]),
                *([] if page.locator("main h1").count() == 1 else ["not one heading"]),
            ]
            faults += [f"{address}: {one}" for one in complaints]
            watch.complaints.clear()
            page.screenshot(path=picture, full_page=True)
            assert picture.stat().st_size > 10_000, address
    assert faults == []


@pytest.mark.parametrize("width", [320, 600, 800])
def test_no_page_is_wider_than_its_window(browser: Browser, base: str, width: int) -> None:
    with open_page(browser, base, width=width) as (page, _):
        enter(page, PERSON, PASSWORD)
        for address in page_addresses():
            page.goto(address)
            read_through(page)
            assert (address, page.evaluate("document.scrollingElement.scrollWidth")) == (address, width)


def test_words_are_explained_on_pointing_and_by_the_keyboard(browser: Browser, base: str) -> None:
    with open_page(browser, base) as (page, watch):
        enter(page, PERSON, PASSWORD)
        word, meaning = page.locator("[data-meaning]").first, page.locator("#meaning")
        assert meaning.is_hidden()
        word.hover()
        assert meaning.text_content() == word.get_attribute("data-meaning")
        page.keyboard.press("Escape")
        assert meaning.is_hidden()
        page.mouse.move(0, 0)
        word.focus()
        assert meaning.is_visible()
        assert watch.complaints == []


def test_a_stranger_sees_how_to_connect_and_nothing_else(browser: Browser, tmp_path: Path) -> None:
    with serve_pages(small_workspace(tmp_path / "workspace"), {}, "") as base, open_page(browser, base) as (page, watch):
        page.goto("/")
        shown = page.locator("main").inner_text()
        assert f"claude mcp add --transport http random-forest-cat {base}/mcp" in shown
        assert "btc-sim" not in shown
        for address in page_addresses():
            page.goto(address)
            assert "btc-sim" not in page.locator("body").inner_text(), address
        assert watch.complaints == []
