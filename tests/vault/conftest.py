"""A workspace of its own a test, over one drawn market whose planted edge is plain, and one scored pipeline on it."""

import gc
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from factory.pipeline import parse
from factory.storage.workspace import Workspace
from factory.tasks import perform
from factory.vault.client import vault_client
from factory.workshop import Workshop
from tests.vault.market import FAST, score_fast


@pytest.fixture(scope="session")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    workspace = score_fast(tmp_path_factory.mktemp("vault"))
    gc.collect()  # What still holds the database open would take its files away while a test copies them.
    return workspace.root


@pytest.fixture
def workshop(scored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workshop]:
    root = tmp_path / "workspace"
    shutil.copytree(scored, root)
    monkeypatch.setenv("RFCAT_RELEASE_SECONDS", "0")
    monkeypatch.setenv("RFCAT_LOOKS_A_DAY", "0")
    workspace = Workspace.open(root)
    yield Workshop(workspace, "tester")
    vault_client(workspace).close()


@pytest.fixture
def submit(workshop: Workshop):
    def run(pipeline: str = parse(FAST).id, claim: float = 0.05, **args: str):
        given = {"why": "the lead of eth", "model": "some model", "cutoff": "2023-06", **args}
        return perform(
            str(workshop.workspace.root), "submit", {"agent": "tester", "pipeline": pipeline, "claim": claim, **given}
        )

    return run


os.environ.setdefault("RFCAT_THREADS", "1")
