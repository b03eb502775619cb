import os
import signal
from pathlib import Path

import pytest

from factory.core.errors import JobError
from factory.jobs import Job, Jobs
from factory.storage.workspace import Workspace
from tests.jobs.conftest import TARGET, eventually, lives, pid_behind

LONG = 60.0


def perform(jobs: Jobs, kind: str, **args: object) -> Job:
    return jobs.wait(jobs.start(kind, args, "ann"), LONG)


def test_a_job_gives_its_result(jobs: Jobs) -> None:
    job = perform(jobs, "add", a=1, b=2)
    assert (job["state"], job["result"], job["error"]) == ("done", {"sum": 3}, None)
    assert (job["progress"], job["owner"], job["kind"]) == (1.0, "ann", "add")
    assert job["started"] is not None
    assert job["finished"] is not None
    assert job["created"] <= job["started"] <= job["finished"]
    assert job["id"] in [listed["id"] for listed in jobs.list()]


def test_a_second_job_finds_the_worker_warm(one_at_a_time: Jobs) -> None:
    pids = {perform(one_at_a_time, "surroundings")["result"]["pid"] for _ in range(3)}
    assert len(pids) == 1
    assert os.getpid() not in pids


def test_a_worker_is_prepared_before_it_imports(jobs: Jobs, workspace: Workspace) -> None:
    around = perform(jobs, "surroundings")["result"]
    assert around["threads"] == "1"
    assert around["numba_cache"] == os.environ["NUMBA_CACHE_DIR"]
    assert around["preloaded"]
    assert not around["numpy"]
    assert around["stdin"] == ""


def test_waiting_reports_progress_in_order_and_returns_in_time(jobs: Jobs) -> None:
    told: list[tuple[float, str]] = []
    id = jobs.start("steps", {"steps": 4, "pause": 0.25}, "ann")
    assert jobs.wait(id, 0)["state"] in ("queued", "running")
    assert jobs.wait(id, LONG, lambda share, what: told.append((share, what)))["state"] == "done"
    assert told == sorted(told, key=lambda report: report[0])
    assert {(0.25, "step 1"), (0.5, "step 2"), (1.0, "done")} <= set(told)


def test_two_jobs_run_at_a_time_and_the_third_waits(jobs: Jobs, tmp_path: Path) -> None:
    gates = [tmp_path / f"gate{k}" for k in range(3)]
    ids = [jobs.start("gated", {"gate": str(gate)}, "ann") for gate in gates]
    assert pid_behind(gates[0]) != pid_behind(gates[1])
    assert jobs.get(ids[2])["state"] == "queued"
    gates[0].touch()
    assert jobs.wait(ids[0], LONG)["state"] == "done"
    assert pid_behind(gates[2])
    gates[1].touch()
    gates[2].touch()
    assert [jobs.wait(id, LONG)["state"] for id in ids] == ["done"] * 3


def test_a_mistake_of_the_caller_comes_back_as_it_is(jobs: Jobs) -> None:
    job = perform(jobs, "refused")
    assert (job["state"], job["error"]) == ("failed", "features.r1: infinite at 3 decisions; bound it with clip")


@pytest.mark.parametrize(("kind", "error"), [("bug", "ZeroDivisionError"), ("nan", "ValueError"), ("unknown", "KeyError")])
def test_an_unexpected_error_is_named_and_nothing_of_it_told(kind: str, error: str, jobs: Jobs) -> None:
    job = perform(jobs, kind)
    assert job["state"] == "failed"
    assert job["error"] == f"{kind}: stopped by an unexpected {error}; the server's log has the rest under {job['id']}"


def test_a_worker_writes_nothing_to_standard_output(jobs: Jobs, capfd: pytest.CaptureFixture[str]) -> None:
    assert perform(jobs, "chatty")["state"] == "done"
    assert capfd.readouterr().out == ""


def test_cancelling_a_running_job_keeps_its_worker(one_at_a_time: Jobs, tmp_path: Path) -> None:
    id = one_at_a_time.start("gated", {"gate": str(tmp_path / "never")}, "ann")
    pid = pid_behind(tmp_path / "never")
    one_at_a_time.cancel(id)
    job = one_at_a_time.wait(id, LONG)
    assert (job["state"], job["error"]) == ("cancelled", "gated: cancelled on request")
    assert lives(pid)
    assert perform(one_at_a_time, "surroundings")["result"]["pid"] == pid


def test_a_job_that_does_not_listen_is_killed(jobs: Jobs) -> None:
    id = jobs.start("stubborn", {}, "ann")
    assert eventually(lambda: jobs.get(id)["message"] == "not listening")
    jobs.cancel(id)
    assert jobs.wait(id, LONG)["state"] == "cancelled"
    assert perform(jobs, "add", a=1, b=1)["state"] == "done"


def test_cancelling_a_queued_job_ends_it_at_once(jobs: Jobs, tmp_path: Path) -> None:
    gates = [tmp_path / f"gate{k}" for k in range(3)]
    ids = [jobs.start("gated", {"gate": str(gate)}, "ann") for gate in gates]
    assert jobs.cancel(ids[2])["state"] == "cancelled"
    for gate in gates:
        gate.touch()
    assert [jobs.wait(id, LONG)["state"] for id in ids] == ["done", "done", "cancelled"]
    assert not gates[2].with_suffix(".pid").exists()


def test_cancelling_an_ended_job_changes_nothing(jobs: Jobs) -> None:
    job = perform(jobs, "add", a=1, b=2)
    assert jobs.cancel(job["id"]) == job


def test_a_killed_worker_takes_only_its_own_job_along(jobs: Jobs, tmp_path: Path) -> None:
    other = jobs.start("gated", {"gate": str(tmp_path / "gate")}, "ann")
    pid_behind(tmp_path / "gate")
    job = perform(jobs, "killed")
    assert job["state"] == "interrupted"
    assert job["error"] == "killed: its worker process was killed, perhaps for want of memory; start it again"
    (tmp_path / "gate").touch()
    assert jobs.wait(other, LONG)["state"] == "done"
    assert perform(jobs, "add", a=1, b=1)["state"] == "done"


def test_a_worker_killed_while_idle_is_replaced(one_at_a_time: Jobs) -> None:
    pid = perform(one_at_a_time, "surroundings")["result"]["pid"]
    os.kill(pid, signal.SIGKILL)
    assert eventually(lambda: not lives(pid))
    job = perform(one_at_a_time, "surroundings")
    if job["state"] == "interrupted":  # it was handed over before the death was noticed
        job = perform(one_at_a_time, "surroundings")
    assert job["result"]["pid"] != pid


@pytest.mark.parametrize("ask", [Jobs.get, Jobs.cancel])
def test_an_unknown_job_is_an_error(ask: object, jobs: Jobs) -> None:
    assert callable(ask)
    with pytest.raises(JobError, match="'job-none' unknown"):
        ask(jobs, "job-none")


def test_closing_ends_the_workers_and_interrupts_what_runs(workspace: Workspace, jobs: Jobs, tmp_path: Path) -> None:
    with Jobs(workspace, TARGET, workers=1) as mine:
        running = mine.start("gated", {"gate": str(tmp_path / "never")}, "ann")
        queued = mine.start("add", {"a": 1, "b": 2}, "ann")
        pid = pid_behind(tmp_path / "never")
    assert eventually(lambda: not lives(pid))
    for id in (running, queued):
        job = jobs.get(id)
        assert (job["state"], job["error"]) == ("interrupted", "the server stopped; start it again")
    with pytest.raises(JobError, match="stopping"):
        mine.start("add", {"a": 1, "b": 2}, "ann")


def test_a_worker_can_be_started_ahead_of_its_first_job(workspace: Workspace) -> None:
    with Jobs(workspace, TARGET) as mine:
        mine.warm()
        assert perform(mine, "add", a=1, b=2)["result"] == {"sum": 3}
    mine.warm()
    with pytest.raises(JobError, match="stopping"):
        mine.start("add", {"a": 1, "b": 2}, "ann")


def test_a_target_that_cannot_be_imported_fails_its_jobs(workspace: Workspace) -> None:
    with Jobs(workspace, "tests.jobs.no_such:perform", workers=1) as mine:
        job = mine.wait(mine.start("add", {}, "ann"), LONG)
    assert job["state"] == "failed"
    assert job["error"] is not None
    assert "ModuleNotFoundError" in job["error"]
