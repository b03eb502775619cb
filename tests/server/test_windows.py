"""Where there is neither ``fcntl`` nor ``fork``, as on Windows, all but agents' own Python works."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

from factory.ledger import Ledger
from factory.market.build import build
from factory.storage.workspace import Workspace
from tests.conftest import ROOT
from tests.corpus.market import hourly_market
from tests.server.test_foreign_text import SPEC

pytestmark = pytest.mark.anyio

LONG = 300
LACKING = """\
import builtins, os, signal, socket

LACKING = {"fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "syslog", "readline"}
found = builtins.__import__

def there(name, globals=None, *rest, **named):
    ours = (globals or {}).get("__name__", "").partition(".")[0] in ("factory", "server", "sandbox")
    if ours and name in LACKING:
        raise ModuleNotFoundError(name)
    return found(name, globals, *rest, **named)

builtins.__import__ = there
for name in ("fork", "forkpty", "geteuid", "getgid", "getegid", "getgroups", "setsid", "getpgid", "killpg", "nice",
             "memfd_create", "sendfile", "pidfd_open", "wait4", "mkfifo", "chown", "fchmod", "fchown", "getloadavg",
             "sched_getaffinity", "posix_fallocate", "pread", "pwrite", "O_PATH", "O_TMPFILE"):
    delattr(os, name) if hasattr(os, name) else None
del signal.SIGXCPU, signal.SIGXFSZ, signal.pidfd_send_signal, socket.send_fds, socket.recv_fds
"""
"""Run first in every process: what Windows lacks, less what libraries need here, such as ``signal.SIGKILL``."""


@pytest.fixture
def lacking(tmp_path: Path) -> dict[str, str]:
    """An environment in which processes start without it."""
    (tmp_path / "sitecustomize.py").write_text(LACKING, encoding="utf-8")
    return {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}", "RFCAT_PROPOSALS": str(tmp_path / "proposed")}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    workspace = Workspace.open(tmp_path / "workspace")
    build(workspace, hourly_market())
    return workspace


def command(workspace: Workspace, environment: dict[str, str], *words: str) -> str:
    asked = [sys.executable, "-m", "server", "--workspace", str(workspace.root), *words]
    done = subprocess.run(asked, env=environment, capture_output=True, text=True, timeout=LONG, check=False)
    assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
    return done.stdout


@pytest.mark.slow
def test_people_build_define_score_and_verify(workspace: Workspace, lacking: dict[str, str], tmp_path: Path) -> None:
    spec = tmp_path / "gold.json"
    spec.write_text(json.dumps(SPEC))
    command(workspace, lacking, "define", str(spec))
    command(workspace, lacking, "backtest", "daily-gold")
    assert "daily-gold" in command(workspace, lacking, "show")
    assert "hourly" in command(workspace, lacking, "dataset", "list")
    assert "whole: 1 rows" in command(workspace, lacking, "ledger", "verify")
    assert "weak" in command(workspace, lacking, "doctor")
    command(workspace, lacking, "show", "jobs")


@pytest.mark.slow
async def test_agents_look_define_train_and_are_told_in_one_line_what_is_off(
    workspace: Workspace, lacking: dict[str, str]
) -> None:
    parameters = StdioServerParameters(
        command=sys.executable, args=["-m", "server", "--workspace", str(workspace.root)], env=lacking
    )

    async def call(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
        result = await client.call_tool(tool, arguments)
        assert not result.is_error, result.content
        answer = dict(result.structured_content or {})
        return await call(client, "show", what=answer["job"]) if answer.keys() >= {"job", "next"} else answer

    async with Client(parameters) as client:
        assert (await call(client, "describe_market"))["sandbox"] == "weak"
        assert (await call(client, "list_features", family="momentum"))["features"]
        pipeline = (await call(client, "define_pipeline", spec=SPEC))["pipeline"]
        assert "trades" in await call(client, "backtest", pipeline=pipeline)
        for what in ("leaderboard", "ledger", "jobs", "summary"):
            await call(client, "show", what=what)
        refused = await client.call_tool("execute_python", {"code": "1 + 1"})
    told = refused.content[0].text  # type: ignore[union-attr]
    assert refused.is_error
    assert "this machine offers no wall for untrusted code (Linux with seccomp is needed)" in told.splitlines()[0]


def test_many_processes_append_to_one_ledger(workspace: Workspace, lacking: dict[str, str]) -> None:
    code = (
        "import sys; from pathlib import Path; from factory.ledger import Ledger; from factory.storage.workspace import Workspace\n"
        "ledger = Ledger(Workspace.open(sys.argv[1]))\n"
        "for n in range(20): ledger.append('note', {'by': sys.argv[2], 'n': n})"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(workspace.root), str(n)], env=lacking, stderr=subprocess.PIPE, text=True
        )
        for n in range(4)
    ]
    assert [process.communicate(timeout=LONG)[1] for process in started] == [""] * 4
    verification = Ledger(workspace).verify()
    assert (verification.ok, verification.rows) == (True, 80)


def test_locks_keep_others_out_and_go_with_their_holder(tmp_path: Path, lacking: dict[str, str]) -> None:
    code = """
import subprocess, sys
from pathlib import Path
from factory.storage import locks
path = Path(sys.argv[1])
assert not locks.HAS_FLOCK
other = f"from pathlib import Path; from factory.storage.locks import take; print(take(Path({str(path)!r})) is not None)"
tries = lambda: subprocess.run([sys.executable, "-c", other], capture_output=True, text=True).stdout.strip()
held = locks.take(path)
assert locks.take(path) is None and tries() == "False"
held.close()
assert tries() == "True", "whoever held it has ended"
assert path.stat().st_size == 0 and [found.name for found in path.parent.glob("lock*")] == [path.name]
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "lock?%20#")], env=lacking, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_nothing_but_the_sandbox_asks_for_what_windows_lacks(tmp_path: Path) -> None:
    asked = [sys.executable, "-m", "mypy", "--platform", "win32", "--cache-dir", str(tmp_path)]
    told = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False).stdout
    mistakes = re.findall(r"^(\S+\.py):\d+: error: .*$", told, re.MULTILINE)
    assert mistakes, told
    assert {name.split("/")[0] for name in mistakes} == {"sandbox"}, told
