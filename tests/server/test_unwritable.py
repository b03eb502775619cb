"""A workspace that cannot be written, or has no room left, can still be read and proved."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

from factory.jobs import Jobs
from factory.ledger import Ledger
from factory.market.build import build
from factory.storage.workspace import Workspace
from factory.tasks import perform
from factory.workshop import Workshop
from tests.conftest import ROOT
from tests.corpus.market import hourly_market
from tests.server.test_foreign_text import SPEC

pytestmark = pytest.mark.anyio

LONG = 300
READING = [
    ("ledger", "verify"),
    ("show",),
    ("show", "trials"),
    ("show", "ledger"),
    ("show", "summary"),
    ("show", "looks"),
    ("show", "calls"),
    ("show", "jobs"),
    ("show", "daily-gold"),
    ("dataset", "list"),
    ("dataset", "show", "hourly"),
    ("doctor",),
]
LOOKS: list[tuple[str, dict[str, Any]]] = [
    ("describe_market", {}),
    ("list_features", {"family": "momentum"}),
    *(("show", {"what": words[1]}) for words in READING if words[0] == "show" and len(words) > 1),
    ("show", {}),
]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a trial and a job in it."""
    workspace = Workspace.open(tmp_path_factory.mktemp("written") / "workspace")
    build(workspace, hourly_market())
    pipeline = Workshop(workspace).define(SPEC)["pipeline"]
    perform(str(workspace.root), "backtest", {"agent": "tester", "pipeline": pipeline, "why": "to learn"})
    with Jobs(workspace, "tests.jobs.target:perform", workers=1) as jobs:
        jobs.wait(jobs.start("add", {"a": 1, "b": 2}, "tester"), LONG)
    with closing(sqlite3.connect(workspace.database)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    copy = workspace.root.with_name("closed")  # As its last server leaves it: this process still has it open.
    shutil.copytree(workspace.root, copy, ignore=shutil.ignore_patterns("*-wal", "*-shm"))
    return copy


def mount(*words: str) -> None:
    if shutil.which("mount") is None or subprocess.run(["mount", *words], capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount")


def _read_only(written: Path, folder: Path) -> None:
    mount("--bind", str(written), str(folder))
    mount("-o", "remount,ro,bind", str(folder))


def _full(written: Path, folder: Path) -> None:
    mount("-t", "tmpfs", "-o", "size=64m", "tmpfs", str(folder))
    shutil.copytree(written, folder, dirs_exist_ok=True)
    with (folder / "rest").open("wb", buffering=0) as rest, suppress(OSError):
        while rest.write(bytes(4096)):
            pass


@pytest.fixture(params=[_read_only, _full], ids=["read-only", "full"])
def folder(request: pytest.FixtureRequest, written: Path, tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "mounted ?%20#"
    folder.mkdir()
    prepare: Callable[[Path, Path], None] = request.param
    try:
        prepare(written, folder)
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], capture_output=True, check=False)


def inside(folder: Path) -> dict[str, tuple[int, int]]:
    """All files, with their sizes and times."""
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in sorted(folder.rglob("*")) if path.is_file()}


EACH = """
import json, sys
from server.cli.app import app
for words in json.loads(sys.argv[2]):
    print(">", *words, flush=True)
    app(["--workspace", sys.argv[1], *words], standalone_mode=False)
"""
"""Runs commands one after the other, in a process that imports once."""


def run(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return started("-m", "server", "--workspace", str(folder), *words)


def started(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True, timeout=LONG, check=False)


def test_people_read_and_prove_it(folder: Path) -> None:
    before = inside(folder)
    done = started("-c", EACH, str(folder), json.dumps(READING))
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    assert "whole: 1 rows" in done.stdout
    assert "daily-gold" in done.stdout
    after = inside(folder)
    assert {path: after[path] for path in before} == before
    # On a full disk SQLite tries to make its files, and may leave them empty.
    assert {Path(path).name for path in after.keys() - before.keys()} <= {"ledger.sqlite-wal", "ledger.sqlite-shm"}


def test_what_would_write_is_refused_in_a_line(folder: Path) -> None:
    done = run(folder, "backtest", "daily-gold", "--set", "meta.leaf=60")
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
async def test_agents_read_it_and_are_told_what_they_cannot_do(folder: Path) -> None:
    parameters = StdioServerParameters(
        command=sys.executable, args=["-m", "server", "--workspace", str(folder)], env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    async with Client(parameters) as client:
        for tool, arguments in LOOKS:
            looked = await client.call_tool(tool, arguments)
            assert not looked.is_error, (tool, arguments, looked.content)
        refused = await client.call_tool("backtest", {"parent": "daily-gold", "changes": {"meta.leaf": 60}})
    assert refused.is_error
    assert "Error executing tool" not in refused.content[0].text  # type: ignore[union-attr]


def test_rows_that_a_killed_server_left_in_the_log_are_read_too(tmp_path: Path, written: Path) -> None:
    left = tmp_path / "left"
    shutil.copytree(written, left)
    code = (
        "import os, sys; from factory.ledger import Ledger; from factory.storage.workspace import Workspace\n"
        "Ledger(Workspace.open(sys.argv[1])).append('note', {'by': 'killed'}); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(left)], cwd=ROOT, check=False)
    assert (left / "ledger.sqlite-wal").stat().st_size
    mounted = tmp_path / "mounted"
    mounted.mkdir()
    try:
        _read_only(left, mounted)
        done = run(mounted, "ledger", "verify")
    finally:
        subprocess.run(["umount", str(mounted)], capture_output=True, check=False)
    assert "whole: 2 rows" in done.stdout, done.stderr


def test_a_ledger_without_a_trigger_is_refused_where_it_can_only_be_read_too(tmp_path: Path, written: Path) -> None:
    left, mounted = tmp_path / "left", tmp_path / "mounted"
    shutil.copytree(written, left)
    with closing(sqlite3.connect(left / "ledger.sqlite")) as database:
        database.executescript("DROP TRIGGER ledger_no_update; PRAGMA journal_mode=DELETE")
    mounted.mkdir()
    try:
        _read_only(left, mounted)
        shown, proven = run(mounted, "show"), run(mounted, "ledger", "verify")
    finally:
        subprocess.run(["umount", str(mounted)], capture_output=True, check=False)
    assert "missing or altered (ledger_no_update)" in shown.stderr
    assert "cannot be written here, only read" in proven.stderr


def test_a_workspace_whose_path_holds_what_addresses_hold_is_its_own(tmp_path: Path) -> None:
    for name in ("a?b", "a%20b", "a b#c", "a&mode=ro"):
        workspace = Workspace.open(tmp_path / name)
        Ledger(workspace).append("note", {"of": name})
        assert json.loads(json.dumps(Ledger(workspace).position().seq)) == 1
        assert workspace.database.is_file()
    assert {path.name for path in tmp_path.iterdir()} == {"a?b", "a%20b", "a b#c", "a&mode=ro"}
