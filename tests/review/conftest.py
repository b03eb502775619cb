"""A workspace of its own a test, with a reviewer and one scored pipeline; made once and copied."""

import gc
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from factory.ledger import Ledger
from factory.pipeline import parse
from factory.review.decisions import draft_decision, record_decision, signing_bytes
from factory.storage.workspace import Workspace
from factory.vault.client import vault_client
from factory.vault.reviewer import Unlocked, appoint, unlock
from factory.workshop import Workshop
from tests.vault.market import FAST, score_fast

PASSPHRASE = "correct horse battery"
PIPELINE = parse(FAST).id
WHY = "the lead of eth"


@pytest.fixture(scope="session")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    workspace = score_fast(tmp_path_factory.mktemp("review"))
    appoint(Ledger(workspace), PASSPHRASE)
    gc.collect()  # What still holds the database open would take its files away while a test copies them.
    return workspace.root


@pytest.fixture
def workshop(scored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workshop]:
    root = tmp_path / "workspace"
    shutil.copytree(scored, root)
    monkeypatch.setenv("RFCAT_PROPOSALS", str(tmp_path / "proposed"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("RFCAT_RELEASE_SECONDS", "0")
    monkeypatch.setenv("RFCAT_LOOKS_A_DAY", "0")
    workspace = Workspace.open(root)
    yield Workshop(workspace, "tester")
    vault_client(workspace).close()


@pytest.fixture
def reviewer(workshop: Workshop) -> Unlocked:
    return unlock(workshop.ledger, PASSPHRASE)


@pytest.fixture
def proposed(workshop: Workshop) -> Path:
    return Path(workshop.propose(PIPELINE, WHY)["file"])


@pytest.fixture
def decide(workshop: Workshop, reviewer: Unlocked):
    """Decide as a person with the passphrase does, or without it."""

    def run(state: str, comment: str = "seen", by: str = "ana", *, signs: bool = True) -> Path:
        message = signing_bytes(draft_decision(workshop, PIPELINE, state, comment, by))
        return record_decision(workshop, message, reviewer.sign_message(message) if signs else None, by)

    return run


os.environ.setdefault("RFCAT_THREADS", "1")
