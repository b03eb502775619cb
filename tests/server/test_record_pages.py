"""The pages on the ledger, the vault, jobs and calls: what stands there, and what never does."""

import re
from contextlib import closing

import pytest
from starlette.testclient import TestClient

from factory.core.times import now_ms
from factory.ledger import Ledger
from factory.storage.store import Store
from factory.storage.workspace import Workspace
from tests.server.recorded import DATA, METRICS, add_jobs, add_look, add_trial, post
from tests.server.signed import signed_in


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
