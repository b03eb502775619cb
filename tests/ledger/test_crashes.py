"""Law 4: many processes append at once, and die when they like."""

import random
import sqlite3
import subprocess
import sys
import textwrap
import time

import pytest

from factory.core.errors import LedgerError, WorkspaceError
from factory.ledger import Ledger
from factory.storage.database import lock_ledger
from factory.storage.schema import VERSION
from factory.storage.store import Store
from factory.storage.workspace import Workspace
from tests.conftest import ROOT
from tests.ledger.conftest import DATASET, FINGERPRINT, behind_its_back, fill


def appender(workspace: Workspace, name: str, first: int, last: int) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.ledger.appender", str(workspace.root), name, str(first), str(last)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def test_law_4_concurrent_appenders_make_one_chain_and_count_each_trial_once(workspace: Workspace) -> None:
    """Four processes open an empty workspace at once and write overlapping trials."""
    processes = [appender(workspace, f"agent{k}", 10 * k, 10 * k + 20) for k in range(4)]
    answers = [line.split() for process in processes for line in process.communicate(timeout=60)[0].splitlines()]
    assert [process.returncode for process in processes] == [0] * 4
    assert len(answers) == 80
    ledger = Ledger(workspace)
    assert ledger.verify().problems == ()
    assert ledger.counts(DATASET).trials == ledger.position().seq == 50
    assert sorted(int(seq) for seq, new in answers if new == "1") == list(range(1, 51))
    ledger.close()


def test_law_4_a_process_killed_in_mid_append_loses_no_confirmed_row(workspace: Workspace, ledger: Ledger) -> None:
    chance = random.Random(7)
    confirmed = 0
    for round in range(4):
        process = appender(workspace, f"round{round}", confirmed, 100_000)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(chance.uniform(0, 0.05))
        process.kill()
        confirmed += 1 + len([line for line in process.communicate()[0].splitlines() if line.endswith((" 0", " 1"))])
        held = ledger.verify()
        assert held.problems == ()
        assert held.rows >= confirmed
        confirmed = held.rows
    fill(ledger, 1)
    assert ledger.append("review", {}).seq == confirmed + 1
    assert ledger.verify().ok


@pytest.mark.parametrize("left", [0, 1, 40, -1], ids=["no anchor", "one byte", "half a line", "no line end"])
def test_law_4_a_crash_between_row_and_anchor_is_mended_by_the_next_append(
    left: int, workspace: Workspace, ledger: Ledger
) -> None:
    fill(ledger, 3)
    anchors = workspace.vault / "anchors.jsonl"
    *whole, last = anchors.read_bytes().splitlines(keepends=True)
    anchors.write_bytes(b"".join(whole) + last[:left])
    assert ledger.verify().ok
    ledger.append("review", {})
    assert ledger.verify().ok
    assert len(anchors.read_text().splitlines()) == 4


def test_law_4_the_first_row_too_may_lack_its_anchor_after_a_crash(workspace: Workspace, ledger: Ledger) -> None:
    fill(ledger, 1)
    (workspace.vault / "anchors.jsonl").unlink()
    assert ledger.verify().ok
    assert not ledger.trial("pipeline0", DATASET, FINGERPRINT, {})[1]
    assert len((workspace.vault / "anchors.jsonl").read_text().splitlines()) == 1


def test_a_full_disk_refuses_the_row_and_keeps_the_rest(workspace: Workspace, ledger: Ledger) -> None:
    fill(ledger, 3)
    ledger.close()
    script = """
        import resource, sys
        from pathlib import Path
        from factory.core.errors import LedgerError
        from factory.ledger import Ledger
        from factory.storage.store import Store
        from factory.storage.workspace import Workspace

        workspace = Workspace(Path(sys.argv[1]))
        ledger, store = Ledger(workspace), Store(workspace)
        resource.setrlimit(resource.RLIMIT_FSIZE, (8192, resource.RLIM_INFINITY))
        for write in (
            lambda: ledger.append("review", {"text": "x" * 100_000}),
            lambda: store.put_run("r", "p", "train", "d", {"text": "x" * 100_000}),
        ):
            try:
                write()
            except LedgerError as error:
                print(error)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        print(ledger.append("review", {}).seq, store.find_run("r"))
    """
    command = [sys.executable, "-c", textwrap.dedent(script), str(workspace.root)]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True).stdout.splitlines()
    assert len(answer) == 3
    assert all("nothing was written; free some space" in line for line in answer[:2])
    assert answer[2] == "4 None"
    assert Ledger(workspace).verify().ok


def test_a_held_lock_is_waited_for_and_then_refused(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("factory.storage.database.PATIENCE", 0.05)
    with lock_ledger(workspace), pytest.raises(LedgerError, match="another process holds its lock"), lock_ledger(workspace):
        pass
    with lock_ledger(workspace):
        pass


@pytest.mark.parametrize("statement", [f"PRAGMA user_version={VERSION + 1}", "PRAGMA user_version=0"], ids=["newer", "older"])
def test_tables_of_another_version_are_refused(statement: str, workspace: Workspace, ledger: Ledger) -> None:
    fill(ledger, 1)
    connection = behind_its_back(workspace)
    connection.execute(statement)
    connection.close()
    for opened in (Ledger, Store):
        with pytest.raises(WorkspaceError, match=f"this version reads {VERSION}; use the version that wrote it"):
            opened(workspace)


def test_tables_that_an_older_version_lacked_are_added_and_nothing_is_lost(workspace: Workspace, ledger: Ledger) -> None:
    fill(ledger, 3)
    connection = sqlite3.connect(workspace.database)
    connection.executescript("DROP TABLE calls; PRAGMA user_version=1")
    connection.close()
    id = Store(workspace).put_call("agent", "data", "code", 0.1, 1, None, "printed")
    assert Store(workspace).call(id) is not None
    assert Ledger(workspace).position().seq == 3
    assert Ledger(workspace).verify().ok


@pytest.mark.parametrize("written", ["0", "2", ""], ids=["older", "newer", "empty"])
def test_a_workspace_of_another_version_is_refused(written: str, workspace: Workspace) -> None:
    (workspace.root / "format").write_text(written)
    with pytest.raises(WorkspaceError, match="another folder with --workspace"):
        Workspace.open(workspace.root)


def test_a_file_that_is_no_database_is_refused(workspace: Workspace) -> None:
    workspace.database.write_bytes(b"no database, but long enough to be looked at as one" * 100)
    with pytest.raises(LedgerError, match=r"restore ledger\.sqlite from a backup"):
        Ledger(workspace)
