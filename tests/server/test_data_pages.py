"""The pages on data, ledger, vault, jobs, calls and what a search came to: what stands there, and what never does."""

import json
import re
import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from factory.core.times import iso, moment, now_ms
from factory.jobs.table import JobTable
from factory.ledger import Ledger
from factory.market.build import build
from factory.market.spec import load_spec
from factory.storage.store import Store
from factory.storage.workspace import Workspace
from tests.hostile import ALL_IN_ONE
from tests.server.recorded import DATA, METRICS, add_jobs, add_look, add_review, add_trial
from tests.server.signed import signed_in
from tests.vault.market import SPEC

PAGES = ("/", "/datasets", "/ledger", "/vault", "/jobs", "/calls")


def figures_of(page: str) -> dict[str, Any]:
    """Read the figures that a page draws."""
    blocks = re.findall(r'<script type="application/json" data-figures>(.*?)</script>', page, re.DOTALL)
    return {name: figure for block in blocks for name, figure in json.loads(block).items()}


@pytest.mark.parametrize("path", PAGES)
def test_a_page_of_an_empty_workspace_says_so(workspace: Workspace, path: str) -> None:
    with signed_in(workspace) as client:
        page = client.get(path)
    assert page.status_code == 200
    assert re.search(r"[Nn]one|[Nn]othing|no data yet|not since", page.text)


def test_the_menu_leads_to_every_page_in_order(workspace: Workspace) -> None:
    with signed_in(workspace) as client:
        menu = re.search(r'<nav aria-label="Pages">(.*?)</nav>', client.get("/").text, re.DOTALL)
    assert menu is not None
    linked = re.findall(r'href="([^"]+)"', menu[1])
    assert [path for path in linked if path in PAGES] == list(PAGES)


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/datasets/nope", "dataset: &#39;nope&#39; unknown"),
        ("/summary/nope", "dataset: &#39;nope&#39; unknown"),
        ("/jobs/job-nope", "job: &#39;job-nope&#39; unknown"),
        ("/calls/call-nope", "call: &#39;call-nope&#39; unknown"),
        ("/datasets/..%2f..%2fvault", "no such page"),
        ("/datasets/.hidden", "unknown"),
    ],
)
def test_an_unknown_name_is_not_found_with_a_line(data: Workspace, path: str, says: str) -> None:
    with signed_in(data) as client:
        page = client.get(path)
    assert page.status_code == 404
    assert says in page.text


@pytest.mark.parametrize(
    "path",
    [
        "/ledger?page=0",
        "/ledger?page=x",
        "/ledger?kind=nope",
        "/ledger?dataset=nope",
        "/jobs?page=-1",
        "/calls?page=99999999999999",
    ],
)
def test_a_question_that_cannot_be_is_refused_with_a_line(data: Workspace, path: str) -> None:
    with signed_in(data) as client:
        page = client.get(path)
    assert page.status_code == 400
    assert 'role="alert"' in page.text


@pytest.mark.parametrize("path", ["/ledger?page=999999", "/jobs?page=7", "/calls?page=7"])
def test_a_page_beyond_the_last_is_empty(data: Workspace, path: str) -> None:
    with signed_in(data) as client:
        page = client.get(path)
    assert page.status_code == 200
    assert "none" in page.text


def test_the_start_page_says_what_to_do_next_by_what_there_is(data: Workspace, ledger: Ledger, workspace: Workspace) -> None:
    def next_of(one: Workspace) -> str:
        with signed_in(one, name=f"p{now_ms()}") as client:
            text = client.get("/").text
        match = re.search(r'id="next">.*?</section>', text, re.DOTALL)
        assert match is not None
        return match[0] + (" connect is open" if '<details class="connect" open>' in text else "")

    assert "<code>rfcat start btc</code>" in next_of(workspace)
    untried = next_of(data)
    assert "Connect a host" in untried
    assert untried.endswith("connect is open")
    add_trial(ledger, "a" * 12)
    tried = next_of(data)
    assert f"/summary/{DATA}" in tried
    assert not tried.endswith("connect is open")
    add_review(ledger, "a" * 12, "proposed")
    assert "1 strategy waits for your review" in next_of(data)
    add_review(ledger, "a" * 12, "rejected")
    assert "waits for your review" not in next_of(data)


def test_the_start_page_says_who_does_what(data: Workspace, ledger: Ledger) -> None:
    add_trial(ledger, "a" * 12)
    with closing(Store(data)) as store:
        store.put_call("coder", DATA, "0" * 64, 0.5, 10, None, None)
    with signed_in(data) as client:
        page = client.get("/").text
    assert re.search(r"<h3>tester</h3>\s*<ul>\s*<li>1 trial, newest", page)
    assert re.search(r"<h3>coder</h3>\s*<ul>\s*<li>1 call of own code", page)
    assert "SIMULATED" in page
    assert "name-aaaaaaaaaaaa" in page
    assert "earns after costs, evidence none" in page


def test_a_dataset_is_told_in_full_but_for_its_sealed_part(data: Workspace) -> None:
    spec = load_spec(SPEC)
    with signed_in(data) as client:
        page = client.get(f"/datasets/{DATA}").text
        shutil.rmtree(data.vault / DATA / "series")
        assert client.get(f"/datasets/{DATA}").text == page, "it needs nothing of the sealed part"
    assert "SIMULATED" in page
    for text in (
        "0.50 a share of Up is ASSUMED",
        "5 looks left",
        "train: [2024-01-01, 2024-01-31]",
        "VAULTBTC",
        "Fingerprint",
    ):
        assert text in page
    for stretch in ("train", "validation", "sealed"):
        assert f"<strong>{stretch}</strong>" in page
    assert page.count("<strong>gap</strong>") == 2
    figures = figures_of(page)
    assert {"btc.p1", "btc.d1", "btc.d2", "eth.p1"} <= figures.keys()
    end = iso(spec.bounds("validation")[1])
    stamps = [at for name, figure in figures.items() if ".p" in name for line in figure["data"] for at in line["x"]]
    assert stamps
    assert max(stamps) < end
    # Of those rows alone: their counts are what the dataset says it holds before its sealed part.
    rows = (spec.bounds("validation")[1] - moment("2024-01-01")) // 60_000
    assert f"{rows:,}" in page


def test_gaps_jumps_and_what_was_set_aside_are_told_where_they_are(tmp_path: Path, workspace: Workspace) -> None:
    start, lines = moment("2024-01-01"), ["time,open,high,low,close,volume"]
    for minute in range(8 * 1440):
        if 3_000 <= minute < 3_030:
            continue
        price = (100 if minute < 5_000 else 130) + (minute % 7) / 100
        high = 1 if minute == 1_000 else price + 0.1
        lines.append(
            f"{iso(start + 60_000 * minute)[:10]} {minute // 60 % 24:02d}:{minute % 60:02d}:00Z,{price},{high},{price - 0.1},{price},5"
        )
    (tmp_path / "bars.csv").write_text("\n".join(lines) + "\n")
    spec = """\
dataset: holes
confirmed: true
series:
  btc: {kind: bars, underlying: HOLES, period: 1m, source: {use: files, files: bars.csv}}
contracts: {}
split:
  train: [2024-01-01, 2024-01-04]
  validation: [2024-01-04, 2024-01-06]
  sealed: [2024-01-06, 2024-01-09]
looks: 5
"""
    build(workspace, load_spec(spec), tmp_path)
    with signed_in(workspace) as client:
        page = client.get("/datasets/holes").text
    assert "REAL" in page
    assert "SIMULATED" not in page
    assert "high or low contradicts" in page
    assert "2024-01-01T16:40:00Z, bars.csv row" in page
    assert "2024-01-03T02:00:00Z" in page, "where the gap begins"
    price = figures_of(page)["btc.p1"]["data"]
    gaps = next(line for line in price if line["name"] == "gap")
    assert 30 in gaps["customdata"]
    jumps = next(line for line in price if line["name"] == "jump")
    assert jumps["x"] == ["2024-01-04T11:20:00Z"]


def test_a_search_that_found_nothing_says_what_it_ruled_out(data: Workspace, ledger: Ledger) -> None:
    loses = {"mean_net": -0.02, "mean_low": -0.03, "mean_high": -0.01, "p_value": 0.99, "sharpe": -3.0, "total_return": -0.1}
    add_trial(ledger, "a" * 12, **loses)
    with signed_in(data) as client:
        page = client.get(f"/summary/{DATA}").text
        assert "No edge was found: of 1 trial of 1 idea every one loses after costs" in page
        assert "any gain after costs" in page
        assert "no cost" in page, "it loses even without costs"
        add_trial(ledger, "b" * 12, "up_down 1h, each 1h")
        page = client.get(f"/summary/{DATA}").text
        assert "No edge was found: the best of 2 trials of 2 ideas is no better than luck" in page
        assert "more than 0.03 a decision" in page
        assert "0.03</td>" in page, "its break-even cost: 0.01 net and 0.02 paid"
        figure = figures_of(page)["ruled"]
        assert sorted(figure["data"][0]["y"]) == ["up_down 1h, each 1h", "up_down 5m, each 5m"]
        assert sorted(figure["data"][1]["x"]) == [-0.01, 0.03]


def test_a_search_that_found_something_says_so_soberly(data: Workspace, ledger: Ledger) -> None:
    add_trial(ledger, "a" * 12, p_value=0.0001, mean_low=0.005)
    with signed_in(data) as client:
        page = client.get(f"/summary/{DATA}").text
        assert "Something may be there" in page
        assert "sealed data have the last word" in page
        assert "No edge" not in page
        look = add_look(ledger, 0)
        page = client.get(f"/summary/{DATA}").text
        assert f"Something was found: {look} heard PASS" in page
        assert "nothing of other dates" in page


def test_nothing_is_ruled_out_before_anything_was_tried(data: Workspace) -> None:
    with signed_in(data) as client:
        page = client.get(f"/summary/{DATA}").text
    assert "nothing is ruled out" in page
    assert "5 looks left" in page


def test_words_of_others_are_text_on_every_page(data: Workspace, ledger: Ledger) -> None:
    raw = ALL_IN_ONE
    add_trial(ledger, "a" * 12, idea=raw)
    ledger.trial(
        "b" * 12, DATA, "f" * 8, {"name": raw, "idea": raw, "agent": raw, "why": raw, "metrics": METRICS, "daily": [1, 2, 3]}
    )
    ledger.exploration(DATA, {"agent": raw, "what": raw})
    ledger.append("review", {"state": raw, "pipeline": raw, "name": raw, "dataset": DATA, "by": raw, "comment": raw})
    ledger.append(
        "review", {"state": "proposed", "pipeline": "c" * 12, "name": raw, "dataset": DATA, "by": raw, "comment": raw}
    )
    ledger.append("unheard of", {"name": raw, "what": raw, "dataset": DATA})
    ledger.append("waiver", {"pipeline": raw, "probe": raw, "why": raw})
    ledger.append("grant", {"dataset": DATA, "a_day": 3, "signature": raw})
    add_look(ledger, 0, why=raw)
    with closing(Store(data)) as store:
        call = store.put_call(raw, DATA, "0" * 64, 0.1, 1, raw[:20], raw)
    args = {"pipeline": raw, "why": raw, "spec": {raw: [raw, {raw: raw}]}, "columns": [raw]}
    with closing(JobTable(data)) as table:
        job = table.add(raw, args, raw, "gone")
        failed = table.add("backtest", args, raw, "gone")
        table.finish(failed, "failed", error=raw)
    paths = (
        *PAGES,
        f"/datasets/{DATA}",
        f"/summary/{DATA}",
        f"/jobs/{job}",
        f"/jobs/{failed}",
        f"/calls/{call}",
        "/ledger?kind=unheard%20of",
    )
    with signed_in(data, role="reviewer") as client:
        for path in paths:
            page = client.get(path)
            assert page.status_code == 200, path
            assert "<b>" not in page.text, path
            assert not re.search(r"<style|\sstyle=|\son[a-z]+=", page.text), path


def test_a_viewer_reads_all_of_it(data: Workspace, ledger: Ledger) -> None:
    add_trial(ledger, "a" * 12)
    done, _ = add_jobs(data, {})
    with signed_in(data, role="viewer") as client:
        for path in (*PAGES, f"/datasets/{DATA}", f"/summary/{DATA}", f"/jobs/{done}"):
            assert client.get(path).status_code == 200, path
