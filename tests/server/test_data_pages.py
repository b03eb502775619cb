"""The pages on data, ledger, vault, jobs, calls and what a search came to: what stands there, and what never does."""

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from factory.core.times import iso, moment, now_ms
from factory.jobs.table import JobTable
from factory.ledger import Ledger
from factory.market.build import build
from factory.market.spec import load_spec
from factory.storage.store import Store
from factory.storage.workspace import Workspace
from factory.vault.pools import LOOK, VERDICT, sealed_claims
from tests.hostile import ALL_IN_ONE
from tests.server.signed import BASE, signed_in
from tests.vault.market import SPEC

PAGES = ("/", "/datasets", "/ledger", "/vault", "/jobs", "/calls")
DATA = "vault-sim"
METRICS = {
    "trades": 1234, "blocks": 300, "win_rate": 0.52, "break_even": 0.5, "mean_net": 0.01, "mean_low": -0.01, "mean_high": 0.03,
    "mean_cost": 0.02, "p_value": 0.4, "sharpe": 1.5, "sharpe_error": 1.0, "sharpe_luck": 1.0, "total_return": 0.1,
}  # fmt: skip


@pytest.fixture(scope="session")
def built_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    workspace = Workspace.open(tmp_path_factory.mktemp("data-pages"))
    build(workspace, load_spec(SPEC))
    return workspace.root


@pytest.fixture
def data(built_data: Path, tmp_path: Path) -> Workspace:
    """A workspace of its own with one drawn market, on which nothing was tried."""
    shutil.copytree(built_data, tmp_path / "data")
    return Workspace.open(tmp_path / "data")


@pytest.fixture
def ledger(data: Workspace) -> Iterator[Ledger]:
    with closing(Ledger(data)) as opened:
        yield opened


def add_trial(ledger: Ledger, pipeline: str, idea: str = "up_down 5m, each 5m", **metrics: float) -> None:
    """Write a trial with figures down, as it stands in the ledger."""
    payload = {
        "name": f"name-{pipeline}",
        "idea": idea,
        "agent": "tester",
        "why": "a reason",
        "metrics": {**METRICS, **metrics},
    }
    ledger.trial(pipeline, DATA, "f" * 8, {**payload, "daily": [0.01, -0.01, 0.02]})


def add_look(ledger: Ledger, release: int, verdict: str = "PASS", why: str = "a reason") -> str:
    """Spend a look and write its verdict, which may be told from a moment on."""
    spec = load_spec(SPEC)
    claims = sorted(claim.plain() for claim in sealed_claims(spec))
    told = {
        "dataset": DATA, "claims": claims, "look": 1, "looks": 5, "weights": [1.0], "levels": "joint", "passes": 0, "alpha": 0.01,
        "name": "some-name", "pipeline": "abc123abc123", "claim": 0.05, "grade": "simulated", "release": release, "why": why,
    }  # fmt: skip
    position = ledger.append(LOOK, told)
    ledger.append(VERDICT, {"dataset": DATA, "subject": position.hash, "look": position.seq, "verdict": verdict})
    return f"look-{position.seq}"


def figures_of(page: str) -> dict[str, Any]:
    """Read the figures that a page draws."""
    blocks = re.findall(r'<script type="application/json" data-figures>(.*?)</script>', page, re.DOTALL)
    return {name: figure for block in blocks for name, figure in json.loads(block).items()}


def form_token(client: TestClient, path: str = "/") -> str:
    match = re.search(r'name="form_token" value="([^"]+)"', client.get(path).text)
    assert match is not None
    return match[1]


def post(client: TestClient, path: str) -> int:
    return client.post(path, content=f"form_token={form_token(client)}", headers={"origin": BASE}).status_code


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
    ledger.append("review", {"state": "proposed", "pipeline": "a" * 12, "name": "lead", "dataset": DATA, "by": "tester"})
    assert "1 strategy waits for your review" in next_of(data)
    ledger.append("review", {"state": "rejected", "pipeline": "a" * 12, "name": "lead", "dataset": DATA, "by": "ada"})
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


def test_the_ledger_is_told_in_words_by_page_and_kind(data: Workspace, ledger: Ledger) -> None:
    for number in range(60):
        add_trial(ledger, f"{number:012d}")
    ledger.exploration(DATA, {"agent": "other", "what": "a grid"}, count=7)
    with signed_in(data) as client:
        first, second = client.get("/ledger").text, client.get("/ledger?page=2").text
        explored = client.get("/ledger?kind=exploration").text
    assert "61 rows" in first
    assert first.index("row-61") < first.index("row-60")
    assert "page 1 of 2" in first
    assert 'row-1"' in second
    assert "7 scores without validation: a grid" in explored
    assert "row-60" not in explored
    assert "name-000000000059 scored on validation: 1,234 trades, Sharpe 1.5" in first
    assert ledger.position().hash[:12] in first
    by_agent = re.search(r'aria-label="Trials by agent".*?</table>', first, re.DOTALL)
    assert by_agent is not None
    assert re.findall(r"<td[^>]*>(.*?)</td>", by_agent[0]) == ["tester", DATA, "60"]


def test_trials_are_counted_by_agent_as_they_come(data: Workspace, ledger: Ledger) -> None:
    assert ledger.agent_counts() == []
    add_trial(ledger, "a" * 12)
    assert [(one.agent, one.trials) for one in ledger.agent_counts()] == [("tester", 1)]
    ledger.trial("b" * 12, DATA, "f", {"agent": "other", "metrics": METRICS, "daily": []})
    add_trial(ledger, "c" * 12)
    assert [(one.agent, one.trials) for one in ledger.agent_counts()] == [("tester", 2), ("other", 1)]
    assert ledger.agent_counts() == Ledger(data).agent_counts()


def verify(client: TestClient) -> str:
    """Press the button and wait until the proof is there."""
    assert post(client, "/ledger/verify") == 303
    while "runs now" in (page := client.get("/ledger").text):
        pass
    return page


def test_the_ledger_is_proven_by_a_button_for_whoever_reads(data: Workspace, ledger: Ledger) -> None:
    add_trial(ledger, "a" * 12)
    with signed_in(data) as client:
        assert "not since this server started" in client.get("/ledger").text
        page = verify(client)
        assert ">whole<" in page
        assert "1 rows up to" in page
        assert "asked for by ada" in page
        add_trial(ledger, "b" * 12)
        assert "1 rows came since" in client.get("/ledger").text


def test_a_proof_names_a_row_that_was_edited(data: Workspace, ledger: Ledger) -> None:
    import sqlite3

    add_trial(ledger, "a" * 12)
    add_trial(ledger, "b" * 12)
    with signed_in(data) as client:
        with closing(sqlite3.connect(data.database)) as raw:
            triggers = raw.execute("select name, sql from sqlite_master where type = 'trigger'").fetchall()
            for name, _ in triggers:
                raw.execute(f"drop trigger {name}")
            raw.execute("update ledger set payload = replace(payload, '1234', '9999') where seq = 1")
            for _, sql in triggers:
                raw.execute(sql)
            raw.commit()
        assert post(client, "/ledger/verify") == 303
        while client.app.state.site.verifier.proof.running:  # type: ignore[attr-defined]
            pass
        proof = client.app.state.site.verifier.proof  # type: ignore[attr-defined]
        assert proof.verification is not None
        assert any("row 1: edited" in line for line in proof.verification.problems)
        assert "NOT WHOLE" in client.get("/ledger?page=2").text


@pytest.mark.parametrize("verdict", ["PASS", "FAIL"])
def test_a_verdict_is_told_at_its_time_and_not_before(data: Workspace, ledger: Ledger, verdict: str) -> None:
    early = add_look(ledger, now_ms() + 3_600_000, verdict)
    with signed_in(data) as client:
        vault, rows, summary = (client.get(path).text for path in ("/vault", "/ledger", f"/summary/{DATA}"))
    for page in (vault, rows, summary):
        assert f">{verdict}<" not in page
        assert not re.search(rf": {verdict}\b(?! or)", page)
    assert re.search(rf"{early} <span[^>]*>pending<", vault)
    assert "the verdict: pending" in rows


def test_the_vault_tells_looks_and_how_to_open_a_report(data: Workspace, ledger: Ledger) -> None:
    look = add_look(ledger, 0, "FAIL")
    reports = data.vault / ".reports"
    reports.mkdir()
    (reports / look).write_bytes(b"sealed")
    with signed_in(data) as client:
        page = client.get("/vault").text
    assert re.search(rf"{look} <span[^>]*>FAIL<", page)
    assert f"rfcat vault show {look} --html {look}.html" in page
    assert "4 looks left" in page
    assert "No reviewer yet" in page
    assert "<form" not in page.split("<main", 1)[1], "no passphrase is ever asked for here"


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


def test_calls_say_what_ran_and_whether_it_saw_validation(data: Workspace, ledger: Ledger) -> None:
    seen, unseen = "a" * 64, "b" * 64
    ledger.trial("python:1", DATA, "f", {"what": "execute_python", "agent": "coder", "code": seen, "features": []})
    with closing(Store(data)) as store:
        saw = store.put_call("coder", DATA, seen, 0.25, 12, "wall", "line 1\nred \x1b[31m\u202eend")
        not_seen = store.put_call("coder", DATA, unseen, 0.5, 34, None, None)
    with signed_in(data) as client:
        listed = client.get("/calls").text
        call, other = client.get(f"/calls/{saw}").text, client.get(f"/calls/{not_seen}").text
    assert "yes, row 1" in listed
    assert ">wall<" in listed
    assert seen in call
    assert "red \\x1b[31m\\u202eend" in call
    assert "\x1b" not in call
    assert "stopped by wall" in call
    assert "Not kept" in other
    assert re.search(r"saw validation</dt><dd>no<", other)


def add_jobs(data: Workspace, args: Mapping[str, Any]) -> tuple[str, str]:
    with closing(JobTable(data)) as table:
        done, failed = (table.add("backtest", args, "tester", "gone") for _ in range(2))
        table.finish(done, "done", json.dumps({"pipeline": "a" * 12, "reading": "so it went", "twins": {"coin": [0.5, -0.1]}}))
        table.finish(failed, "failed", error="features.r1: infinite\nand more")
    return done, failed


def test_jobs_are_listed_and_told_with_their_results(data: Workspace) -> None:
    done, failed = add_jobs(data, {"pipeline": "a" * 12, "why": "to see"})
    with signed_in(data) as client:
        listed, one, other = client.get("/jobs").text, client.get(f"/jobs/{done}").text, client.get(f"/jobs/{failed}").text
    assert listed.index(failed) < listed.index(done)
    assert "features.r1: infinite" in listed
    for text in ("to see", "so it went", f"/cards/{'a' * 12}", ">done<"):
        assert text in one
    assert '<p class="bad">and more</p>' in other


def test_a_reviewer_stops_a_job_and_a_viewer_does_not(data: Workspace) -> None:
    with signed_in(data, role="reviewer") as client:
        jobs = client.app.state.site.state.jobs  # type: ignore[attr-defined]
        ids = [jobs.start("frames", {"dataset": "nope", "n": n}, "tester") for n in range(12)]
        last = ids[-1]
        assert f'action="/jobs/{last}/cancel"' in client.get("/jobs").text
        assert post(client, f"/jobs/{last}/cancel") == 303
        assert jobs.wait(last, 60)["state"] == "cancelled"
        assert post(client, "/jobs/job-nope/cancel") == 404
        with signed_in(data, name="eve") as viewer:
            assert "/cancel" not in viewer.get("/jobs").text
            assert post(viewer, f"/jobs/{ids[-2]}/cancel") == 403
        assert jobs.get(ids[-2])["cancel_asked"] is None


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
