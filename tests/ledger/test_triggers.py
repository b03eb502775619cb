"""Law 4: a ledger whose triggers are not in place is opened by nobody before its rows are proven."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from factory.core.errors import LedgerError
from factory.jobs.table import JobTable
from factory.ledger import Ledger
from factory.storage.schema import TRIGGERS
from factory.storage.store import Store
from factory.storage.workspace import Workspace
from tests.ledger.conftest import fill
from tests.server.terminal import run_all

HARMLESS = "BEGIN SELECT 1; END"
DAMAGE = {
    **{f"{name} dropped": (name, f"DROP TRIGGER {name}") for name in TRIGGERS},
    "altered": (
        "ledger_no_update",
        f"DROP TRIGGER ledger_no_update; CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger {HARMLESS}",
    ),
    "narrowed": (
        "ledger_no_delete",
        f"DROP TRIGGER ledger_no_delete; {TRIGGERS['ledger_no_delete'].replace('ON ledger', 'ON ledger WHEN OLD.seq > 3')}",
    ),
    "added": ("a stranger's", f'CREATE TRIGGER "a stranger\'s" BEFORE INSERT ON ledger {HARMLESS}'),
}


def damage(workspace: Workspace, statement: str) -> None:
    connection = sqlite3.connect(workspace.database)
    connection.executescript(statement)
    connection.close()


@pytest.mark.parametrize("case", DAMAGE)
@pytest.mark.parametrize("opened", [Ledger, Store, JobTable])
def test_law_4_tables_without_the_triggers_are_refused(
    opened: Callable[[Workspace], Any], case: str, workspace: Workspace, ledger: Ledger
) -> None:
    fill(ledger, 2)
    name, statement = DAMAGE[case]
    damage(workspace, statement)
    with pytest.raises(
        LedgerError, match=rf"missing or altered \({name}\): rows may have been changed; run `rfcat ledger verify`"
    ):
        opened(workspace)


@pytest.mark.parametrize("case", DAMAGE)
def test_the_triggers_of_whole_rows_are_put_back(case: str, workspace: Workspace, ledger: Ledger) -> None:
    fill(ledger, 2)
    name, statement = DAMAGE[case]
    damage(workspace, statement)
    assert Ledger(workspace, guarded=False).restore_triggers() == [name]
    again = Ledger(workspace)
    assert again.restore_triggers() == []
    assert again.verify().ok
    connection = sqlite3.connect(workspace.database)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute("DELETE FROM ledger")
    connection.close()


def test_law_4_the_triggers_of_changed_rows_are_not_put_back(workspace: Workspace, ledger: Ledger) -> None:
    fill(ledger, 3)
    damage(workspace, "DROP TRIGGER ledger_no_update; UPDATE ledger SET at = 0 WHERE seq = 2")
    with pytest.raises(LedgerError, match="row 2: edited"):
        Ledger(workspace, guarded=False).restore_triggers()
    with pytest.raises(LedgerError, match="ledger_no_update"):
        Ledger(workspace)


def test_the_command_that_the_refusal_names_mends_it(workspace: Workspace, ledger: Ledger, tmp_path: Path) -> None:
    fill(ledger, 2)
    damage(workspace, "DROP TRIGGER ledger_no_delete")
    show, mend, again = run_all(workspace.root, [["show"], ["ledger", "verify"], ["ledger", "verify"]], tmp_path)
    assert (show.status, mend.status, again.status) == (1, 0, 0)
    assert "`rfcat ledger verify`" in show.err
    assert "are back: ledger_no_delete" in mend.out
    assert "whole: 2 rows" in mend.out
    assert again.out.startswith("whole: 2 rows")
