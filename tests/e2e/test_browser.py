"""Every page in a real browser: light and dark, wide and narrow, without a fault, and without a call elsewhere."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.routing import APIRoute
from playwright.sync_api import Browser

from factory.jobs import Jobs
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
UP_OR_DOWN, LONG_SHORT = (load_shipped()[name].changed(dict(changes)) for name, changes in STRATEGIES.items())
NO_PAGES = (".csv", ".yaml", "/events", "/sign-out")
"""Addresses that are read and shown by no browser."""
WIDTHS = (1280, 390)


def page_paths() -> list[str]:
    """Paths of all pages behind the sign-in, as their routes have them."""
    routes = [route for page in list_pages() for route in page.router.routes if isinstance(route, APIRoute)]
    paths = [route.path for route in routes if "GET" in route.methods and not route.path.endswith(NO_PAGES)]
    return [path for path in paths if path != "/sign-in"]


@pytest.fixture(scope="module")
def addresses(workspace: Workspace) -> list[str]:
    """An address of every page; whoever adds a page with a part that varies adds an example of it."""
    both = (UP_OR_DOWN.id, LONG_SHORT.id)
    examples = {
        "/calls/{id}": [f"/calls/{log_call(workspace)}"],
        "/cards/{reference}": [f"/cards/{id}" for id in both],
        "/cusum/{reference}": [f"/cusum/{id}" for id in both],
        "/datasets/{name}": ["/datasets/btc-sim"],
        "/families/{root}": [f"/families/{UP_OR_DOWN.id}"],
        "/jobs/{id}": [f"/jobs/{run_job(workspace, UP_OR_DOWN.id)}"],
        "/reviews/{reference}": [f"/reviews/{UP_OR_DOWN.id}"],
        "/summary/{dataset}": ["/summary/btc-sim"],
        "/trials": ["/trials", "/trials?columns=why,changed,gain,family,at,sharpe"],
        "/trials/compare": [f"/trials/compare?ids={','.join(both)}"],
    }
    return [address for path in page_paths() for address in examples.get(path, [path])]


def log_call(workspace: Workspace) -> str:
    """Log a call of an agent's own code."""
    workshop = Workshop(workspace, "tester")
    frames = workshop.frames("btc-sim")
    return workshop.log_code_call(frames, "print(1)", seconds=0.1, tokens=5, limit=None, output="1\n" * 2_000)


def run_job(workspace: Workspace, pipeline: str) -> str:
    """Run a job to its end."""
    with Jobs(workspace) as jobs:
        id = jobs.start("backtest", {"pipeline": pipeline, "agent": "tester"}, "tester")
        assert jobs.wait(id, 120)["state"] == "done"
    return id


def score_shipped(workspace: Workspace) -> dict[str, str]:
    """Score the strategies that come with the project, as far as the small market has rows for them; their ids by name."""
    workshop, ids = Workshop(workspace, "tester"), {}
    for name, changes in STRATEGIES.items():
        ids[name] = workshop.define(parent=name, changes=changes)["pipeline"] if changes else load_shipped()[name].id
        perform(str(workspace.root), "backtest", {"agent": "tester", "pipeline": ids[name], "why": "to see"})
    return ids


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    made = small_workspace(tmp_path_factory.mktemp("pages") / "workspace")
    score_shipped(made)
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
    browser: Browser, base: str, addresses: list[str], scheme: str, width: int, tmp_path: Path
) -> None:
    assert AXE.is_file(), "npm install axe-core"
    picture = tmp_path / "page.png"
    faults: list[str] = []
    with open_page(browser, base, scheme=scheme, width=width) as (page, watch):
        page.goto("/sign-in")
        faults += find_faults(page)
        enter(page, PERSON, PASSWORD)
        for address in addresses:
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
def test_no_page_is_wider_than_its_window(browser: Browser, base: str, addresses: list[str], width: int) -> None:
    with open_page(browser, base, width=width) as (page, _):
        enter(page, PERSON, PASSWORD)
        wide = []
        for address in addresses:
            page.goto(address)
            read_through(page)
            if (shown := page.evaluate("document.scrollingElement.scrollWidth")) != width:
                wide.append((address, shown))
        assert wide == []


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
        for address in page_paths():
            page.goto(address)
            assert "btc-sim" not in page.locator("body").inner_text(), address
        assert watch.complaints == []


def test_trials_are_chosen_and_compared_by_the_keyboard_alone(browser: Browser, base: str) -> None:
    with open_page(browser, base) as (page, watch):
        enter(page, PERSON, PASSWORD)
        page.goto("/trials")
        button = page.locator("#compare button")
        assert button.is_disabled()
        for id in (UP_OR_DOWN.id, LONG_SHORT.id):
            page.locator(f"input[value='{id}']").focus()
            page.keyboard.press("Space")
        assert button.text_content() == "Compare 2"
        button.focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**/trials/compare?ids=*")
        assert page.locator("h1").text_content() == "2 trials side by side"
        assert page.locator("[data-figure] svg").first.is_visible()
        page.goto(f"/families/{UP_OR_DOWN.id}")
        mark = page.locator(".tree svg a").first
        mark.focus()
        assert UP_OR_DOWN.id in (page.locator("#meaning").text_content() or "")
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/cards/{UP_OR_DOWN.id}")
        assert watch.complaints == []


def test_trials_work_without_scripts(browser: Browser, base: str) -> None:
    context = browser.new_context(base_url=base, java_script_enabled=False)
    page = context.new_page()
    enter(page, PERSON, PASSWORD)
    page.goto("/trials")
    page.get_by_label("Name, id or reason").fill("LONG-short")
    page.get_by_role("button", name="Apply").click()
    assert "1 of 2 trials" in page.locator("main").inner_text()
    page.goto("/trials")
    for box in page.locator("input[form=compare]").all():
        box.check()
    page.locator("#compare button").click()
    assert page.locator("h1").text_content() == "2 trials side by side"
    context.close()
