"""Several servers share a workspace, and go when they like."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from factory.jobs import Jobs
from factory.ledger import Ledger
from factory.storage.workspace import Workspace
from tests.conftest import ROOT
from tests.jobs.conftest import TARGET, eventually, lives, pid_behind

LONG = 60.0
Serve = Callable[..., "tuple[subprocess.Popen[str], str]"]


@pytest.fixture
def serve(workspace: Workspace) -> Iterator[Serve]:
    """Start a server process with one job; gives the process and the job's id."""
    servers = []

    def start(kind: str, **args: object) -> "tuple[subprocess.Popen[str], str]":
        command = [sys.executable, "-m", "tests.jobs.server", str(workspace.root), kind, json.dumps(args)]
        server = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        servers.append(server)
        assert server.stdout is not None
        return server, server.stdout.readline().strip()

    yield start
    for server in servers:
        server.kill()
        server.communicate()


def test_a_killed_server_leaves_its_jobs_interrupted_and_no_workers(
    jobs: Jobs, serve: Serve, workspace: Workspace, tmp_path: Path
) -> None:
    server, id = serve("gated", gate=str(tmp_path / "gate"))
    pid = pid_behind(tmp_path / "gate")
    assert jobs.get(id)["state"] == "running"
    server.kill()
    server.wait()
    job = jobs.get(id)
    assert (job["state"], job["error"]) == ("interrupted", "gated: the server that ran it has gone; start it again")
    assert eventually(lambda: not lives(pid))
    assert id in [listed["id"] for listed in jobs.list()]


def test_a_restarted_server_shows_interrupted_jobs_before_anyone_asks(
    serve: Serve, workspace: Workspace, tmp_path: Path
) -> None:
    server, id = serve("gated", gate=str(tmp_path / "gate"))
    pid_behind(tmp_path / "gate")
    server.kill()
    server.wait()
    with Jobs(workspace, TARGET) as restarted:
        assert restarted.get(id)["state"] == "interrupted"
        again = restarted.start("add", {"a": 1, "b": 2}, "ann")
        assert restarted.wait(again, LONG)["state"] == "done"


def test_a_server_whose_input_closes_goes_at_once_with_its_workers(jobs: Jobs, serve: Serve, tmp_path: Path) -> None:
    server, id = serve("gated", gate=str(tmp_path / "gate"))
    pid = pid_behind(tmp_path / "gate")
    out, _ = server.communicate(timeout=LONG)
    assert (server.returncode, out) == (0, "")
    assert eventually(lambda: not lives(pid))
    assert jobs.get(id)["error"] == "the server stopped; start it again"


def test_three_servers_see_wait_for_and_cancel_each_others_jobs(jobs: Jobs, serve: Serve, tmp_path: Path) -> None:
    gates = [tmp_path / "gate0", tmp_path / "gate1"]
    (_, first), (_, second) = (serve("gated", gate=str(gate)) for gate in gates)
    mine = jobs.start("add", {"a": 1, "b": 2}, "ann")
    assert {first, second, mine} <= {job["id"] for job in jobs.list()}
    for gate in gates:
        pid_behind(gate)
    gates[0].touch()
    jobs.cancel(second)
    assert jobs.wait(first, LONG)["state"] == "done"
    assert jobs.wait(second, LONG)["state"] == "cancelled"
    assert jobs.wait(mine, LONG)["state"] == "done"
    assert len({jobs.get(id)["server"] for id in (first, second, mine)}) == 3


def test_a_stubborn_job_of_another_server_is_killed_by_that_server(jobs: Jobs, serve: Serve) -> None:
    server, id = serve("stubborn")
    assert eventually(lambda: jobs.get(id)["message"] == "not listening")
    jobs.cancel(id)
    assert jobs.wait(id, LONG)["state"] == "cancelled"
    assert server.poll() is None


def test_jobs_and_the_ledger_share_the_database(jobs: Jobs, workspace: Workspace) -> None:
    ledger = Ledger(workspace)
    id = jobs.start("steps", {"steps": 20, "pause": 0.02}, "ann")
    for number in range(20):
        ledger.append("review", {"number": number})
    assert jobs.wait(id, LONG)["state"] == "done"
    assert ledger.verify().ok
    ledger.close()
