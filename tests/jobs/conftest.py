import contextlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from factory.jobs import Jobs
from factory.storage.workspace import Workspace

TARGET = "tests.jobs.target:perform"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return Workspace.open(tmp_path_factory.mktemp("jobs") / "workspace")


@pytest.fixture(scope="module")
def jobs(workspace: Workspace) -> Iterator[Jobs]:
    with Jobs(workspace, TARGET) as jobs:
        yield jobs


@pytest.fixture(scope="module")
def one_at_a_time(workspace: Workspace) -> Iterator[Jobs]:
    with Jobs(workspace, TARGET, workers=1) as jobs:
        yield jobs


def eventually(holds: Callable[[], bool], seconds: float = 120.0) -> bool:
    """Whether something comes true within some seconds."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def lives(pid: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def pid_behind(gate: Path) -> int:
    """The worker of a ``gated`` job, once it runs."""
    told = gate.with_suffix(".pid")
    assert eventually(lambda: told.exists() and bool(told.read_text()))
    return int(told.read_text())
