"""Law 4: whatever is done to the ledger behind its back is found."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from factory.core.errors import LedgerError
from factory.ledger import Ledger, Position
from factory.ledger.anchors import GENESIS
from factory.ledger.rows import row_hash
from factory.storage.workspace import Workspace
from tests.ledger.conftest import DATASET, FINGERPRINT, behind_its_back, fill

ROWS = 6
COLUMNS = ("kind", "at", "payload", "prev", "hash", "dataset", "subject", "count")


def rebuild(connection: sqlite3.Connection) -> None:
    """Renumber and hash all rows anew, as somebody who knows the code could."""
    rows = connection.execute("SELECT seq, kind, at, payload FROM ledger ORDER BY seq").fetchall()
    prev = GENESIS
    for seq, (old, kind, at, payload) in enumerate(rows, start=1):
        now = row_hash(prev, seq, kind, at, payload)
        connection.execute("UPDATE ledger SET seq=?, prev=?, hash=? WHERE seq=?", (seq, prev, now, old))
        prev = now


def edit(connection: sqlite3.Connection, seq: int) -> None:
    payload = json.loads(connection.execute("SELECT payload FROM ledger WHERE seq=?", (seq,)).fetchone()[0])
    connection.execute("UPDATE ledger SET payload=? WHERE seq=?", (json.dumps(payload | {"edge": 9}), seq))


def swap(connection: sqlite3.Connection, one: int, other: int) -> None:
    for old, new in ((one, 99), (other, one), (99, other)):
        connection.execute("UPDATE ledger SET seq=? WHERE seq=?", (new, old))


def forge(connection: sqlite3.Connection, seq: int) -> None:
    """Append a row whose hash is right."""
    prev = connection.execute("SELECT hash FROM ledger WHERE seq=?", (seq - 1,)).fetchone()[0]
    row = (seq, "look", 0, '{"v":1}', prev, row_hash(prev, seq, "look", 0, '{"v":1}'), None, None, 1)
    connection.execute("INSERT INTO ledger VALUES (?,?,?,?,?,?,?,?,?)", row)


def edited(connection: sqlite3.Connection) -> None:
    edit(connection, 3)


def dropped_first(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM ledger WHERE seq=1")


def dropped_middle(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM ledger WHERE seq IN (3, 4)")


def reordered(connection: sqlite3.Connection) -> None:
    swap(connection, 2, 5)


def truncated(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM ledger WHERE seq > 4")


def emptied(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM ledger")


def edited_and_rebuilt(connection: sqlite3.Connection) -> None:
    edit(connection, 2)
    rebuild(connection)


def dropped_and_rebuilt(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM ledger WHERE seq=2")
    rebuild(connection)


def reordered_and_rebuilt(connection: sqlite3.Connection) -> None:
    swap(connection, 2, 5)
    rebuild(connection)


def last_edited_and_rebuilt(connection: sqlite3.Connection) -> None:
    edit(connection, ROWS)
    rebuild(connection)


def forged(connection: sqlite3.Connection) -> None:
    forge(connection, ROWS + 1)
    forge(connection, ROWS + 2)


def replaced_by_no_json(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE ledger SET payload='row two' WHERE seq=2")
    rebuild(connection)


FOUND = {
    edited: ["row 3: edited"],
    dropped_first: ["row 1: missing"],
    dropped_middle: ["row 3: missing"],
    reordered: ["row 2: does not continue", "row 2: edited", "row 5: edited"],
    truncated: ["row 5: cut off", "row 6: cut off"],
    emptied: ["row 1: cut off", "row 6: cut off"],
    edited_and_rebuilt: ["row 2: not the row that was anchored"],
    dropped_and_rebuilt: ["row 2: not the row that was anchored", "row 6: cut off"],
    reordered_and_rebuilt: ["row 2: not the row that was anchored"],
    last_edited_and_rebuilt: ["row 6: not the row that was anchored"],
    forged: ["rows 7 to 8: without anchor"],
    replaced_by_no_json: ["row 2: edited", "row 2: not the row that was anchored"],
}


@pytest.fixture
def filled(workspace: Workspace, ledger: Ledger) -> Iterator[sqlite3.Connection]:
    fill(ledger, ROWS)
    assert ledger.verify().ok
    connection = behind_its_back(workspace)
    yield connection
    connection.close()


@pytest.mark.parametrize("tamper", FOUND, ids=lambda tamper: tamper.__name__)
def test_law_4_tampering_is_found(
    tamper: Callable[[sqlite3.Connection], None], ledger: Ledger, filled: sqlite3.Connection
) -> None:
    tamper(filled)
    problems = ledger.verify().problems
    assert [line for line in FOUND[tamper] if not any(problem.startswith(line) for problem in problems)] == []


@pytest.mark.parametrize("column", ["payload", "at", "hash", "dataset"])
def test_law_4_an_edited_row_is_not_read(column: str, ledger: Ledger, filled: sqlite3.Connection) -> None:
    before = filled.execute(f"SELECT {column} FROM ledger WHERE seq=2").fetchone()[0]
    after = before + 1 if isinstance(before, int) else before.replace(before[-2], "7" if before[-2] != "7" else "6")
    assert [row.seq for row in ledger.of_kinds(("trial",))]
    filled.execute(f"UPDATE ledger SET {column}=? WHERE seq=2", (after,))
    filled.commit()
    with pytest.raises(LedgerError, match="row 2 was edited; run `rfcat ledger verify`"):
        ledger.of_kinds(("trial",))


@pytest.mark.parametrize("column", COLUMNS)
def test_law_4_no_cell_of_any_row_can_change(column: str, ledger: Ledger, filled: sqlite3.Connection) -> None:
    for seq in range(1, ROWS + 1):
        filled.execute("BEGIN")
        before = filled.execute(f"SELECT {column} FROM ledger WHERE seq=?", (seq,)).fetchone()[0]
        after = before + 1 if isinstance(before, int) else before.replace(before[-2], "x")
        filled.execute(f"UPDATE ledger SET {column}=? WHERE seq=?", (after, seq))
        filled.execute("COMMIT")
        assert any(f"row {seq}:" in problem for problem in ledger.verify().problems)
        filled.execute(f"UPDATE ledger SET {column}=? WHERE seq=?", (before, seq))
    assert ledger.verify().ok


@pytest.mark.parametrize("tamper", [truncated, emptied, last_edited_and_rebuilt, dropped_and_rebuilt, forged])
def test_law_4_nothing_is_appended_to_a_ledger_that_lost_its_anchor(
    tamper: Callable[[sqlite3.Connection], None], ledger: Ledger, filled: sqlite3.Connection
) -> None:
    tamper(filled)
    held = ledger.position()
    with pytest.raises(LedgerError, match="rfcat ledger verify"):
        ledger.append("look", {"dataset": DATASET})
    assert ledger.position() == held


def test_law_4_deleting_the_database_does_not_reset_the_counts(workspace: Workspace, ledger: Ledger) -> None:
    fill(ledger)
    ledger.close()
    for path in workspace.root.glob("ledger.sqlite*"):
        path.unlink()
    fresh = Ledger(workspace)
    assert not fresh.verify().ok
    with pytest.raises(LedgerError):
        fresh.trial("pipeline9", DATASET, FINGERPRINT, {})
    fresh.close()


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("cut", lambda lines: lines[:3]),
        ("emptied", lambda lines: []),
        ("line dropped", lambda lines: lines[:2] + lines[3:]),
        ("line edited", lambda lines: [*lines[:2], lines[2].replace(b'"hash":"', b'"hash":"x'), *lines[3:]]),
        ("short hash", lambda lines: [*lines[:2], b'{"hash":"","seq":3}\n', *lines[3:]]),
        ("no JSON", lambda lines: [*lines[:2], b"row three\n", *lines[3:]]),
        ("swapped", lambda lines: [lines[1], lines[0], *lines[2:]]),
    ],
)
def test_law_4_tampering_with_the_anchors_is_found(
    name: str, change: Callable[[list[bytes]], list[bytes]], workspace: Workspace, ledger: Ledger
) -> None:
    fill(ledger, ROWS)
    anchors = workspace.vault / "anchors.jsonl"
    anchors.write_bytes(b"".join(change(anchors.read_bytes().splitlines(keepends=True))))
    assert not ledger.verify().ok, name


def test_law_4_a_head_in_a_strategy_file_finds_a_chain_rebuilt_with_its_anchors(
    workspace: Workspace, ledger: Ledger, filled: sqlite3.Connection
) -> None:
    head = ledger.position()
    edited_and_rebuilt(filled)
    rows = filled.execute("SELECT hash, seq FROM ledger ORDER BY seq").fetchall()
    text = "".join(json.dumps({"hash": hash, "seq": seq}) + "\n" for hash, seq in rows)
    (workspace.vault / "anchors.jsonl").write_text(text)
    assert ledger.verify().ok
    assert ledger.verify([head]).problems == (
        f"row {ROWS}: not the row that was anchored; the chain was rebuilt from there or before",
    )
    assert not ledger.verify([Position(head.seq, head.hash[:12])]).ok


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger SET payload='{}' WHERE seq=2",
        "DELETE FROM ledger WHERE seq=6",
        "REPLACE INTO ledger SELECT seq, kind, 0, payload, prev, hash, dataset, subject, count FROM ledger WHERE seq=2",
        "INSERT INTO ledger SELECT 9, kind, at, payload, prev, hash, dataset, NULL, count FROM ledger WHERE seq=2",
    ],
)
def test_law_4_the_database_itself_refuses_changes(statement: str, workspace: Workspace, ledger: Ledger) -> None:
    fill(ledger, ROWS)
    connection = sqlite3.connect(workspace.database)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute(statement)
    connection.close()
    assert ledger.verify().ok


def test_law_4_the_anchors_lie_outside_the_database_and_are_private(workspace: Workspace, ledger: Ledger) -> None:
    fill(ledger)
    anchors: Path = workspace.vault / "anchors.jsonl"
    assert anchors.stat().st_mode & 0o777 == 0o600
    assert len(anchors.read_text().splitlines()) == ROWS
