"""A build that is going on is left alone; one that was killed is named, and finished or undone."""

import json
from pathlib import Path

import pytest

from factory.core.errors import DataError
from factory.core.hashes import write_hashes
from factory.market import staging
from factory.market.build import build
from factory.market.catalog import Catalog
from factory.storage.workspace import Workspace
from factory.vault.recovery import list_unfinished, recover
from factory.workshop import Workshop
from tests.market.bars import csv, rows, spec


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    csv(tmp_path / "btc.csv", rows())
    workspace = Workspace.open(tmp_path / "workspace")
    build(workspace, spec(), tmp_path)
    return workspace


def left(workspace: Workspace) -> list[str]:
    return list_unfinished(workspace, Workshop(workspace).ledger)


def begin(workspace: Workspace) -> Path:
    """What a build that is killed early leaves."""
    folder = workspace.vault / staging.FOLDER
    (folder / staging.OPENED).mkdir(parents=True)
    (folder / staging.CLOSED).mkdir()
    return folder


def test_a_living_build_is_left_alone_and_no_command_waits_for_it(workspace: Workspace) -> None:
    with staging.lock_builds(workspace), staging.stage(workspace) as halves:
        assert left(workspace) == []
        assert all(half.exists() for half in halves)


def test_the_next_command_removes_what_a_killed_build_wrote(workspace: Workspace) -> None:
    before, folder = Catalog(workspace).meta("small"), begin(workspace)
    ledger = Workshop(Workspace.open(workspace.root.with_name("other"))).ledger
    assert list_unfinished(workspace, ledger) == [
        "a dataset: what a killed build left, of which nothing is in use; the next command removes it"
    ]
    recover(workspace)
    assert not folder.exists()
    assert Catalog(workspace).meta("small") == before
    assert left(workspace) == []


def test_a_build_that_cannot_record_what_was_opened_refuses_and_a_command_finishes_that(
    workspace: Workspace, tmp_path: Path
) -> None:
    row = {"dataset": "small", "claims": [["BTCUSDT", 0, 1]], "why": "extended", "subject": "s"}
    (begin(workspace) / staging.COMMIT).write_text(json.dumps({"dataset": "small", "row": row}))
    for half, parent in ((staging.OPENED, workspace.datasets), (staging.CLOSED, workspace.vault)):
        (parent / "small").rename(workspace.vault / staging.FOLDER / half)
    with pytest.raises(DataError, match="'small': it was being extended; run `rfcat dataset list` to finish that"):
        build(workspace, spec(), tmp_path)
    assert Catalog(workspace).names() == []
    for _ in range(2):
        assert Workshop(workspace).catalog.names() == ["small"]
    (retired,) = Workshop(workspace).ledger.of_kinds(("retirement",))
    assert retired.payload["claims"] == row["claims"]


def test_halves_of_two_builds_are_named(workspace: Workspace) -> None:
    seal = workspace.vault / "small" / "seal.json"
    seal.write_text(seal.read_text().replace("2024-01-13", "2024-01-14"))
    write_hashes(seal.parent)
    assert left(workspace) == ["dataset 'small': its halves are not of one build; run `rfcat dataset build` with its file"]
    (workspace.datasets / "small").rename(workspace.root / "gone")
    assert left(workspace) == ["dataset 'small': its halves are not of one build; run `rfcat dataset build` with its file"]


def test_halves_on_two_file_systems_are_refused_before_anything_is_written(workspace: Workspace, tmp_path: Path) -> None:
    elsewhere = Path("/dev/shm")
    if not elsewhere.is_dir() or elsewhere.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("needs a second file system")
    (workspace.datasets / "small").rename(tmp_path / "small")
    workspace.datasets.rmdir()
    workspace.datasets.symlink_to(elsewhere)
    with pytest.raises(DataError, match="different file systems; keep both on one"):
        build(workspace, spec(), tmp_path)
    assert not (workspace.vault / staging.FOLDER).exists()


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"dataset'])
def test_a_damaged_plan_is_named_and_nothing_is_guessed(workspace: Workspace, text: str) -> None:
    (begin(workspace) / staging.COMMIT).write_text(text, encoding="utf-8")
    before = sorted(workspace.vault.rglob("*"))
    for look in (lambda: left(workspace), lambda: Workshop(workspace).describe()):
        with pytest.raises(DataError, match="plan of a killed build, is damaged; restore the workspace"):
            look()
    assert sorted(workspace.vault.rglob("*")) == before
