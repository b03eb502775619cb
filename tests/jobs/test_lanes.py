"""Questions never wait behind searches, and searches are not kept out by questions."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.jobs import Jobs
from factory.jobs.lanes import Lanes
from factory.jobs.table import SEARCHING, JobTable
from factory.jobs.worker import _reporter
from factory.storage.workspace import Workspace
from tests.jobs.conftest import TARGET, pid_behind

LONG = 60.0
SEARCH = SEARCHING[0]


@pytest.fixture
def table(tmp_path: Path) -> Iterator[JobTable]:
    table = JobTable(Workspace.open(tmp_path / "workspace"))
    yield table
    table.close()


@given(st.integers(1, 4), st.lists(st.sampled_from(["start search", "start question", "end"]), max_size=40))
def test_a_question_finds_a_worker_whatever_searches_wait(workers: int, events: list[str]) -> None:
    lanes, running, begun = Lanes(workers), list[str](), 0
    for event in events:
        if event == "end" and running:
            lanes.end(running.pop(0))
        elif event != "end":
            begun += 1
            lanes.add((f"job-{begun}", SEARCH if event == "start search" else "rank", {}))
        while len(running) < workers and lanes.ready:
            running.append(lanes.take()[1])
        assert running.count(SEARCH) <= max(1, workers - 1)
    while running:
        lanes.end(running.pop(0))
        while len(running) < workers and lanes.ready:
            running.append(lanes.take()[1])
    assert not lanes.ready, "nothing was left behind"


def test_a_question_overtakes_searches_and_a_search_questions(workspace: Workspace, tmp_path: Path) -> None:
    gates = {name: tmp_path / name for name in ("search", "next search", "question", "next question")}
    with Jobs(workspace, TARGET) as jobs:
        ids = {
            name: jobs.start(SEARCH if "search" in name else "gated", {"gate": str(gate)}, "ann")
            for name, gate in gates.items()
        }
        assert pid_behind(gates["search"]) != pid_behind(gates["question"])
        assert [jobs.get(ids[name])["state"] for name in ("next search", "next question")] == ["queued", "queued"]
        gates["search"].touch()
        assert pid_behind(gates["next search"])
        assert jobs.get(ids["next question"])["state"] == "queued"
        for gate in gates.values():
            gate.touch()
        assert [jobs.wait(id, LONG)["state"] for id in ids.values()] == ["done"] * 4


def test_a_search_rests_while_a_question_is_worked_on(table: JobTable) -> None:
    search, question = table.add(SEARCH, {}, "ann", "here"), table.add("rank", {}, "bob", "here")
    table.begin(search)
    table.begin(question)
    report = _reporter(table, search, yields=True)
    time.sleep(1.0)
    ends = threading.Timer(0.3, table.finish, (question, "done"))
    ends.start()
    report(0.5, "cell 5 of 10")
    assert table.get(question)["state"] == "done"
    ends.join()


@pytest.mark.parametrize(("kind", "server"), [("rank", "here"), (SEARCH, "here"), ("rank", "elsewhere")])
def test_a_search_goes_on_however_long_others_take(kind: str, server: str, table: JobTable) -> None:
    search, other = table.add(SEARCH, {}, "ann", "here"), table.add(kind, {}, "bob", server)
    table.begin(search)
    _reporter(table, search, yields=True)(0.5, "cell 5 of 10")
    assert table.get(other)["state"] == "queued"
    assert table.get(search)["progress"] == 0.5
    assert table.others_wait(search) == ((kind, server) == ("rank", "here"))


def test_jobs_of_one_millisecond_keep_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("factory.jobs.table.now_ms", lambda: 1_700_000_000_000)
    table = JobTable(Workspace.open(tmp_path))
    ids = [table.add("add", {}, "tester", "here") for _ in range(20)]
    assert [job["id"] for job in sorted(table.unfinished(), key=lambda job: job["created"])] == ids
    assert [job["id"] for job in table.list(1, 20)] == ids[::-1]
    monkeypatch.setattr("factory.jobs.table.now_ms", lambda: 1_600_000_000_000)
    assert table.get(table.add("add", {}, "tester", "here"))["created"] == 1_600_000_000_000
    table.close()
