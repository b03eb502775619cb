"""The pages of trials: the list, two to five side by side, families; whatever stands in an address or in foreign words."""

import csv
import io
import re
from collections.abc import Iterator
from contextlib import ExitStack
from html import unescape
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote, urlencode

import numpy as np
import pytest
from starlette.testclient import TestClient

from factory.ledger.trial_list import FILTERS
from factory.market.build import build
from factory.market.spec import load_spec
from factory.storage.workspace import Workspace
from factory.tasks import perform
from factory.views.trial_list import CHUNK, COLUMNS, EXPORTED, PAGE
from factory.workshop import Workshop
from server.web.access import Access
from server.web.app import create_app
from tests.hostile import ALL_IN_ONE, FOLDERS
from tests.server.signed import BASE, signed_in
from tests.workshop.market import BINARY, PERPETUAL, SPEC

SCRIPT = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'
FORMULA = '=HYPERLINK("http://evil.example";"x")'
HOSTILE = (*FOLDERS, ALL_IN_ONE, SCRIPT, FORMULA, "\x00", "%00", "{{7*7}}", "${7*7}", "x" * 5_000, "9" * 40, "-1", "١")
MADE = 120
"""Trials of the list."""


class Search:
    """A workspace after a search, without the work of one: real rows of drawn figures.

    Parameters
    ----------
    workspace : Workspace
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        build(workspace, load_spec(SPEC))
        self.workshop = Workshop(workspace, "ann")
        self._rng = np.random.default_rng(3)
        self.up_or_down, self.long_short = (self.workshop.define(text)["pipeline"] for text in (BINARY, PERPETUAL))
        self.ids = [self.record(self.up_or_down), self.record(self.long_short, judged=False)]

    def change(self, parent: str, changes: dict[str, Any], **words: Any) -> str:
        """Define a child and record its trial."""
        return self.record(self.workshop.define(parent=parent, changes=changes)["pipeline"], **words)

    def record(self, id: str, *, why: str = "to see", agent: str = "ann", judged: bool = True, sharpe: float = 0.0) -> str:
        """Record a trial of a pipeline."""
        self.workshop.agent = agent
        luck = {"sharpe_error": 1.4, "sharpe_luck": 1.4, "p_value": 0.4} if judged else {}
        metrics = {"trades": 900.0, "win_rate": 0.53, "break_even": 0.52, "mean_net": 0.01, "total_return": 0.2, "auc": 0.51}
        outcome = {"metrics": {**metrics, "sharpe": sharpe or float(self._rng.normal()), **luck}, "probes": {"ran": "P1"}}
        daily = self._rng.normal(size=24).tolist()
        self.workshop.record_trial(self.workshop.resolve(id), outcome, model="", why=why, daily=daily)
        return id


@pytest.fixture(scope="module")
def search(tmp_path_factory: pytest.TempPathFactory) -> Search:
    made = Search(Workspace.open(tmp_path_factory.mktemp("trials") / "workspace"))
    made.ids.append(made.change(made.up_or_down, {"meta.leaf": 77}, why=SCRIPT, agent=SCRIPT))
    made.ids.append(made.change(made.up_or_down, {"meta.leaf": 78}, why=FORMULA, agent="@cmd", sharpe=9.0))
    for number in range(MADE - len(made.ids)):
        made.ids.append(made.change(made.ids[2 + number % 9], {"meta.leaf": 100 + number}, agent=f"agent{number % 3}"))
    return made


@pytest.fixture(scope="module")
def client(search: Search) -> Iterator[TestClient]:
    with ExitStack() as stack:
        yield stack.enter_context(signed_in(search.workspace))


def listed(page: str) -> list[str]:
    """Ids of a page of the list, from top to bottom."""
    return re.findall(r'name="ids" value="([0-9a-f]+)"', page)


def exported(client: TestClient, query: str = "") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(client.get(f"/trials.csv{query}").text)))


def test_the_list_is_for_people_who_are_signed_in(search: Search) -> None:
    with TestClient(create_app(search.workspace, Access()), base_url=BASE, follow_redirects=False) as stranger:
        for path in ("/trials", "/trials.csv", f"/trials/compare?ids={search.ids[0]},{search.ids[1]}", "/families"):
            assert stranger.get(path).status_code == 303, path


def test_the_best_stand_first_with_a_warning_and_the_unjudged_last(client: TestClient, search: Search) -> None:
    first, last = (client.get(f"/trials?page={page}").text for page in (1, 3))
    assert listed(first)[0] == search.ids[3]
    assert listed(last)[-1] == search.long_short
    assert f"The first of {MADE} trials stands there by luck as well as by merit" in first
    assert "too few trades" in last
    assert len(listed(first)) == PAGE


def test_what_decides_stands_right_after_the_strategy_whose_name_leads_to_its_card(client: TestClient, search: Search) -> None:
    page = client.get("/trials").text
    names = re.findall(r'<th scope="col"[^>]*><a [^>]*>([^<]+?)\s*<', page)
    assert names[:6] == ["strategy", "win rate", "break-even", "Sharpe", "deflated", "probes"]
    assert re.search(rf'<a href="/cards/{search.ids[3]}"><span class="strategy">[\w-]+</span> <code>', page)


@pytest.mark.parametrize("column", COLUMNS)
def test_every_column_sorts_both_ways_by_a_link_and_says_so(client: TestClient, search: Search, column: str) -> None:
    path = f"/trials?{urlencode({'columns': column, 'sort': f'-{column}'})}"
    page = client.get(path).text
    assert page.count("aria-sort") == 1
    assert 'aria-sort="descending"' in page
    link = re.search(r'aria-sort="descending"><a href="([^"]+)" data-meaning="[^"]{15,}', page)
    assert link is not None
    other = client.get(unescape(link[1])).text
    assert 'aria-sort="ascending"' in other
    every = [row["pipeline"] for row in exported(client, "?" + path.partition("?")[2])]
    assert sorted(every) == sorted(search.ids)


def test_filters_search_and_columns_are_in_the_address_and_survive_sorting(client: TestClient) -> None:
    query = {"agent": "agent1", "q": "SMALL-UP", "columns": "agent,why", "contract": "polymarket-btc-5m", "probes": "clean"}
    page = client.get(f"/trials?{urlencode(query)}").text
    assert re.search(r"39 of 120 trials", page)
    header = re.search(r'<th scope="col"[^>]*><a href="([^"]+)"[^>]*>why', page)
    assert header is not None
    again = client.get(unescape(header[1])).text
    assert re.search(r"39 of 120 trials", again)
    assert '<option value="agent1" selected>' in again
    assert len(re.findall(r'<th scope="col"', again)) == 3, "strategy, agent, why"


def test_the_form_of_columns_needs_no_script(client: TestClient) -> None:
    page = client.get("/trials?columns=agent&columns=why&q=&agent=&sort=-sharpe").text
    assert len(re.findall(r'<th scope="col"', page)) == 3


def test_what_was_changed_stands_beside_the_trial_with_what_it_did(client: TestClient, search: Search) -> None:
    row = next(one for one in exported(client) if one["pipeline"] == search.ids[3])
    assert row["changed"] == "meta: leaf 50 -> 78"
    parent = next(one for one in exported(client) if one["pipeline"] == search.up_or_down)
    assert float(row["gain"]) == pytest.approx(9.0 - float(parent["sharpe"]))
    assert 0 < float(row["gain_error"]) < 1.4 * 2
    assert row["family"] == search.up_or_down
    assert "meta: leaf 50 -&gt; 78" in client.get("/trials").text


def test_the_export_holds_the_whole_filtered_list(client: TestClient, search: Search, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [row["pipeline"] for row in exported(client)] == [
        id for page in (1, 2, 3) for id in listed(client.get(f"/trials?page={page}").text)
    ]
    whole = exported(client, "?agent=agent2&sort=at")
    assert CHUNK > len(whole) == 38
    assert list(whole[0]) == list(EXPORTED)
    monkeypatch.setattr("factory.views.trial_list.CHUNK", 7)
    assert exported(client, "?agent=agent2&sort=at") == whole


def test_words_of_others_begin_no_formula_in_the_export(client: TestClient, search: Search) -> None:
    rows = exported(client)
    for row in rows:
        for name in ("name", "agent", "why", "changed", "idea", "contract"):
            assert not row[name].startswith(("=", "+", "-", "@", "\t", "\r")), (name, row[name])
    evil = next(row for row in rows if row["pipeline"] == search.ids[3])
    assert (evil["why"], evil["agent"]) == (f"'{FORMULA}", "'@cmd")
    assert any(row["sharpe"].startswith("-") for row in rows), "a number stays a number"


def read_tags(page: str) -> list[tuple[str, dict[str, str | None]]]:
    """Read the tags of a page as a browser does."""
    tags: list[tuple[str, dict[str, str | None]]] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            tags.append((tag, dict(attrs)))

    Reader().feed(page)
    return tags


def pages_of(search: Search) -> list[str]:
    return [
        f"/trials?columns={','.join(COLUMNS)}",
        f"/trials?q={quote(SCRIPT)}&agent={quote(SCRIPT)}&idea={quote(SCRIPT)}&family={quote(SCRIPT)}",
        f"/trials/compare?ids={search.ids[2]},{search.ids[3]},{search.long_short}",
        "/families",
        f"/families/{search.up_or_down}",
    ]


def test_foreign_words_are_words_on_every_page(client: TestClient, search: Search) -> None:
    for path in pages_of(search):
        answer = client.get(path)
        assert answer.status_code == 200, path
        for tag, attributes in read_tags(answer.text):
            assert not [name for name in attributes if name.startswith("on") or name == "style"], (path, tag)
            assert tag != "script" or "src" in attributes or attributes.get("type") == "application/json", path
            assert tag != "img" or (attributes["src"] or "").startswith("/static/"), path
            assert not (attributes.get("href") or "").lower().startswith("javascript"), path
    assert "&lt;script&gt;alert(1)" in client.get(pages_of(search)[0]).text


@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
def test_an_address_of_any_content_is_answered_or_refused_in_a_line(client: TestClient, search: Search, hostile: str) -> None:
    sent = quote(hostile, safe="")
    strict = [f"/{file}?{name}={sent}" for file in ("trials", "trials.csv") for name in ("sort", "page", "columns", "probes")]
    strict += [f"/trials/compare?ids={sent}", f"/trials/compare?ids={search.ids[0]},{sent}", f"/families?page={sent}"]
    strict += [f"/trials?{sent}=1"]
    free = [f"/trials?{name}={sent}" for name in ("q", *(name for name in FILTERS if name != "probes"))]
    for path in strict:
        answer = client.get(path)
        assert answer.status_code in (400, 404), path
        assert len(re.findall(r'role="alert"', answer.text)) == 1, path
    for path in free:
        assert client.get(path).status_code == (400 if len(hostile) > 200 else 200), path
    assert client.get(f"/families/{sent}").status_code in (400, 404, 303)


@pytest.mark.parametrize(
    "query", ["page=0", "page=4", "page=1.5", "sort=nothing", "columns=agent,nothing", "ids=1", "probes=good"]
)
def test_what_a_list_cannot_be_is_refused_with_what_is_allowed(client: TestClient, query: str) -> None:
    answer = client.get(f"/trials?{query}")
    assert answer.status_code == 400
    assert re.search(r"came|unknown", answer.text)


@pytest.mark.parametrize("count", [0, 1, 6])
def test_two_to_five_are_compared(client: TestClient, search: Search, count: int) -> None:
    answer = client.get(f"/trials/compare?ids={','.join(search.ids[2 : 2 + count])}")
    assert answer.status_code == 400
    assert f"{count} came; choose 2 to 5 different trials" in answer.text


def test_the_form_of_the_list_compares_what_is_chosen(client: TestClient, search: Search) -> None:
    page = client.get("/trials/compare?" + urlencode([("ids", id) for id in search.ids[2:7]])).text
    assert "5 trials side by side" in page
    assert "meta: leaf 77 -&gt; 78" in page
    assert 'data-figure="equities"' in page


def test_what_does_not_compare_is_said_and_nothing_is_marked(client: TestClient, search: Search) -> None:
    unlike = client.get(f"/trials/compare?ids={search.up_or_down},{search.long_short}").text
    assert "They trade different contracts" in unlike
    assert "B: too few trades to judge" in unlike
    assert 'class="mark"' not in unlike
    alike = client.get(f"/trials/compare?ids={search.ids[3]},{search.ids[4]}").text
    assert re.search(r'<td class="best">9.00 <span class="mark">highest', alike)
    assert "different contracts" not in alike


def test_looking_at_lists_trees_and_curves_counts_as_nothing(client: TestClient, search: Search) -> None:
    before = search.workshop.ledger.position()
    for path in pages_of(search):
        client.get(path)
    assert search.workshop.ledger.position() == before


def test_a_tree_names_each_trial_and_leads_to_its_card(client: TestClient, search: Search) -> None:
    page = client.get(f"/families/{search.up_or_down}").text
    assert f"{MADE - 1} trials: of" in page
    marks = re.findall(r'<a href="/cards/([0-9a-f]+)" class="(?:better|worse|sideways|unknown)"><title>([^<]+)</title>', page)
    assert search.ids[3] in [id for id, _ in marks]
    assert all("Sharpe" in says for _, says in marks)
    folded = sum(int(one) for one in re.findall(r">\+(\d+)</text>", page))
    assert len(marks) + folded == MADE - 1
    assert f"{folded} trials folded" in page
    assert re.search(r'<title id="tree-title">[^<]+</title>\s*<desc id="tree-about">[^<]+', page)


def test_trials_of_a_former_build_are_marked_and_lead_to_no_card(tmp_path: Any) -> None:
    search = Search(Workspace.open(tmp_path / "workspace"))
    build(search.workspace, load_spec(SPEC.replace("fee: 0.07", "fee: 0.06")))
    search.workshop = Workshop(search.workspace, "ann")
    search.record(search.workshop.define(parent=search.up_or_down, changes={"meta.leaf": 9})["pipeline"])
    with signed_in(search.workspace) as client:
        stale = {row["pipeline"]: row["stale"] for row in exported(client)}
        page = client.get("/trials").text
        side = client.get(
            f"/trials/compare?ids={search.up_or_down},{search.workshop.ledger.newest(['small-sim'], 1, 1)[0][0].payload['pipeline']}"
        )
    assert stale.pop(search.up_or_down) == "yes"
    assert stale.pop(search.long_short) == "no"
    assert set(stale.values()) == {"no"}
    assert f'href="/cards/{search.up_or_down}"' not in page
    assert "A: scored on rows or at terms that the dataset has no more" in side.text


def test_what_was_proposed_is_marked_and_leads_to_its_review(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RFCAT_PROPOSALS", str(tmp_path / "proposed"))
    workspace = Workspace.open(tmp_path / "workspace")
    build(workspace, load_spec(SPEC))
    workshop = Workshop(workspace, "ann")
    id = workshop.define(BINARY)["pipeline"]
    perform(str(workspace.root), "backtest", {"pipeline": id, "agent": "ann", "why": "to see"})
    workshop.propose(id, "it pays")
    with signed_in(workspace) as client:
        assert re.search(rf'href="/reviews/{id}"><span class="badge[^>]*>proposed<', client.get("/trials").text)
        assert [row["review"] for row in exported(client)] == ["proposed"]


def test_an_empty_workspace_says_what_to_do(tmp_path: Any) -> None:
    with signed_in(Workspace.open(tmp_path / "workspace")) as client:
        assert "ask it to backtest a strategy" in client.get("/trials").text
        assert "No trial has figures yet" in client.get("/families").text
        assert client.get("/trials.csv").text.splitlines() == [",".join(EXPORTED)]
