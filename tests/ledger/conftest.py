import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from factory.ledger import Ledger
from factory.storage.workspace import Workspace

DATASET = "btc-sim"
FINGERPRINT = "f" * 64


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.open(tmp_path / "workspace")


@pytest.fixture
def ledger(workspace: Workspace) -> Iterator[Ledger]:
    ledger = Ledger(workspace)
    yield ledger
    ledger.close()


def fill(ledger: Ledger, trials: int = 6) -> None:
    """Some trials, each with its own pipeline."""
    for number in range(trials):
        ledger.trial(f"pipeline{number}", DATASET, FINGERPRINT, {"agent": "ann", "edge": 0.01 * number})


def behind_its_back(workspace: Workspace) -> sqlite3.Connection:
    """A connection without the triggers, as somebody with a shell could open one."""
    connection = sqlite3.connect(workspace.database, isolation_level=None)
    connection.execute("PRAGMA synchronous=OFF")
    for trigger in ("ledger_no_update", "ledger_no_delete", "ledger_in_order"):
        connection.execute(f"DROP TRIGGER IF EXISTS {trigger}")
    return connection
