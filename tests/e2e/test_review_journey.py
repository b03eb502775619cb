"""A person's way from signing in to an approved strategy, in a real browser; and who is refused on it."""

import os
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, expect

from factory.ledger import Ledger
from factory.storage.workspace import Workspace
from factory.vault.reviewer import appoint
from tests.conftest import ROOT
from tests.e2e.browser import enter, needs_browser, open_browser, open_page
from tests.e2e.conftest import serve_pages
from tests.e2e.market import small_workspace
from tests.e2e.test_browser import score_shipped

pytestmark = [pytest.mark.slow, needs_browser]
PASSWORD, PASSPHRASE = "correct horse battery", "a passphrase of some length"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    made = small_workspace(tmp_path_factory.mktemp("journey") / "workspace")
    appoint(Ledger(made), PASSPHRASE)
    return made


@pytest.fixture(scope="module")
def ids(workspace: Workspace) -> dict[str, str]:
    return score_shipped(workspace)


@pytest.fixture(scope="module")
def base(workspace: Workspace, ids: dict[str, str]) -> Iterator[str]:
    with serve_pages(workspace, {"ada": "reviewer", "bob": "viewer"}, PASSWORD) as base:
        yield base


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as browser:
        yield browser


def command(workspace: Workspace, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "RFCAT_PROPOSALS": str(workspace.root / "proposed")}
    line = [sys.executable, "-m", "server", "--workspace", str(workspace.root), *words]
    return subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)


def test_from_signing_in_to_an_approved_strategy(
    browser: Browser, base: str, workspace: Workspace, ids: dict[str, str]
) -> None:
    sent: list[str] = []
    with open_page(browser, base) as (page, watch):
        page.on("request", lambda request: sent.append(request.post_data or ""))
        enter(page, "ada", PASSWORD)

        page.get_by_role("navigation", name="Pages").get_by_role("link", name="Trials").click()
        expect(page.get_by_role("checkbox", name="Compare")).to_have_count(2)
        page.get_by_label("Name, id or reason").fill("up-or-down")
        page.get_by_role("button", name="Apply").click()
        expect(page.locator("main")).to_contain_text("1 of 2 trials")
        expect(page.get_by_role("checkbox", name="Compare")).to_have_count(1)

        page.locator(f'a[href="/cards/{ids["btc-up-or-down-5m"]}"]').first.click()
        expect(page.locator("h1")).to_contain_text("btc-up-or-down-5m")
        term = page.locator("article.card .term").first
        term.click()
        expect(page.locator("article.card .about:popover-open")).to_be_visible()
        page.keyboard.press("Escape")
        id = page.url.rpartition("/")[2]

        page.goto("/trials")
        for box in page.get_by_role("checkbox", name="Compare").all():
            box.check()
        page.get_by_role("button", name="Compare 2").click()
        expect(page).to_have_url(f"{base}/trials/compare?" + page.url.partition("?")[2])
        expect(page.locator("main")).to_contain_text("btc-long-short")

        page.goto(f"/cusum/{ids['btc-long-short']}")
        slider, said = page.get_by_role("slider"), page.locator("[data-cusum-said]")
        page.wait_for_load_state("networkidle")
        before = said.text_content()
        slider.focus()
        page.keyboard.press("ArrowRight")
        expect(said).not_to_have_text(before or "")

        page.goto(f"/reviews/{id}")
        page.get_by_label("Why should a person look at it?").fill("to see the whole way")
        page.get_by_role("button", name="Propose").click()
        page.get_by_role("radio", name="Approve").check()
        page.get_by_label("What did you see?").fill("what the card says")
        page.get_by_role("button", name="Go on").click()
        expect(page.locator(".banner.bad")).to_contain_text("WITHOUT A PASS")
        page.get_by_label("The reviewer's passphrase").fill("not this one at all")
        page.get_by_role("button", name="Approve").click()
        expect(page.get_by_role("alert")).to_contain_text("not the reviewer's passphrase")
        page.get_by_label("The reviewer's passphrase").fill(PASSPHRASE)
        page.get_by_role("button", name="Approve").click()
        expect(page.locator("main")).to_contain_text("approved, no PASS by ada")

        page.get_by_role("button", name="Sign out").click()
        page.wait_for_url("**/sign-in")
        page.goto(f"/reviews/{id}")
        expect(page).to_have_url(f"{base}/sign-in")
        assert watch.complaints == []
    assert not [one for one in sent if "passphrase" in one or PASSPHRASE.replace(" ", "+") in one], "it never left the browser"

    file = next((workspace.root / "proposed").glob(f"*{id}*.yaml"))
    key = command(workspace, "review", "key").stdout.strip()
    verified = command(workspace, "verify", str(file), "--key", key)
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert "APPROVED, and whole" in verified.stdout
    assert "WITHOUT A PASS" in verified.stdout
    file.write_text(file.read_text(encoding="utf-8").replace("edge: ", "edge: 0", 1), encoding="utf-8")
    forged = command(workspace, "verify", str(file), "--key", key)
    assert forged.returncode == 1
    assert "NOT VERIFIED" in forged.stdout + forged.stderr


def test_what_is_sent_is_what_was_shown_whatever_a_field_holds_by_then(
    browser: Browser, base: str, ids: dict[str, str]
) -> None:
    """A browser may fill a field with an older draft, which would be as valid."""
    id, held = ids["btc-long-short"], "document.querySelector('[name=message]').value"
    with open_page(browser, base) as (page, _):
        enter(page, "ada", PASSWORD)
        page.goto(f"/reviews/{id}")
        page.get_by_label("Why should a person look at it?").fill("to see")
        page.get_by_role("button", name="Propose").click()
        drafts = []
        for comment in ("an older draft", "what is shown"):
            page.goto(f"/reviews/{id}")
            page.get_by_role("radio", name="Reject").check()
            page.get_by_label("What did you see?").fill(comment)
            page.get_by_role("button", name="Go on").click()
            expect(page.locator("#signed")).to_contain_text(comment)
            page.wait_for_load_state("networkidle")
            drafts.append(page.evaluate(held))
        page.evaluate(f"older => {{ {held} = older }}", drafts[0])
        page.get_by_label("The reviewer's passphrase").fill(PASSPHRASE)
        page.get_by_role("button", name="Reject").click()
        expect(page.locator("main")).to_contain_text("rejected by ada")
        expect(page.locator("main blockquote").first).to_have_text("what is shown")


def test_a_viewer_and_an_agents_token_are_refused_where_they_must_be(browser: Browser, base: str, ids: dict[str, str]) -> None:
    with open_page(browser, base) as (page, _):
        enter(page, "bob", PASSWORD)
        page.goto(f"/reviews/{ids['btc-long-short']}")
        expect(page.locator("main")).to_contain_text("A viewer reads; a reviewer proposes.")
        expect(page.locator("main form")).to_have_count(0)
        answer = page.request.post(f"/reviews/{ids['btc-long-short']}/propose", form={"why": "x"}, headers={"origin": base})
        assert answer.status == 403
    for headers in ({"authorization": "Bearer agents-token"}, {}):
        shown = httpx.get(f"{base}/trials", headers=headers)
        assert (shown.status_code, shown.headers["location"]) == (303, "/sign-in")


def test_a_strategys_pages_work_by_the_keyboard_alone(browser: Browser, base: str) -> None:
    with open_page(browser, base) as (page, _):
        page.goto("/sign-in")
        page.keyboard.type("bob")
        page.keyboard.press("Tab")
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url("**/")
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
        for _ in range(4):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.textContent.trim()") == "Trials":
                break
        page.keyboard.press("Enter")
        page.wait_for_url("**/trials")
