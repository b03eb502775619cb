"""Jobs as agents and people read them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from factory.core.errors import JobError
from factory.jobs import Jobs
from factory.storage.workspace import Workspace
from factory.views.jobs import PAGE, describe_job, find_result, list_jobs

LONG = 60.0


@pytest.fixture
def jobs(tmp_path: Path) -> Iterator[Jobs]:
    with Jobs(Workspace.open(tmp_path / "workspace"), "tests.jobs.target:perform", workers=1) as jobs:
        yield jobs


def test_a_job_that_was_asked_to_stop_is_cancelling_until_it_ends(jobs: Jobs, tmp_path: Path) -> None:
    id = jobs.start("gated", {"gate": str(tmp_path / "gate")}, "tester")
    while jobs.get(id)["state"] == "queued":
        jobs.wait(id, 0.1)
    assert describe_job(jobs, jobs.get(id))["state"] == "running"
    assert describe_job(jobs, jobs.cancel(id))["state"] == "cancelling"
    assert list_jobs(jobs)["rows"] == [[id, "gated", "cancelling", "tester"]]
    ended = jobs.wait(id, LONG)
    assert describe_job(jobs, ended)["state"] == "cancelled"
    with pytest.raises(JobError, match="cancelled on request"):
        find_result(ended)


def test_the_newest_ten_jobs_come_first_and_the_rest_by_page(jobs: Jobs) -> None:
    ids = [jobs.start("add", {"a": 1, "b": i}, "tester") for i in range(2 * PAGE + 1)]
    assert [find_result(jobs.wait(id, LONG)) for id in ids][-1] == {"sum": 2 * PAGE + 1}
    pages = [list_jobs(jobs, number) for number in (1, 2, 3)]
    assert [len(page["rows"]) for page in pages] == [PAGE, PAGE, 1]
    assert {row[0] for page in pages for row in page["rows"]} == set(ids)
    assert [page.get("next_page") for page in pages] == [2, 3, None]


def test_a_job_that_waits_tells_what_is_ahead_and_how_long_it_may_take(jobs: Jobs, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    gate.touch()
    jobs.wait(jobs.start("gated", {"gate": str(gate)}, "tester"), LONG)
    gate.unlink()
    first, second, third = (jobs.start("gated", {"gate": str(gate)}, "tester") for _ in range(3))
    while jobs.get(first)["state"] == "queued":
        jobs.wait(first, 0.1)
    assert "ahead" not in describe_job(jobs, jobs.get(first))
    assert [describe_job(jobs, jobs.get(id))["ahead"] for id in (second, third)] == [1, 2]
    assert describe_job(jobs, jobs.get(third))["about"].endswith("s left")
    gate.touch()
    assert {"ahead", "about"} & set(describe_job(jobs, jobs.wait(third, LONG))) == set()
