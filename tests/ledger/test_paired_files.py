"""A row and its file are both there or neither, whatever stands in the way of the file."""

from pathlib import Path

import pytest

from factory.core.errors import LedgerError
from factory.ledger import Ledger, paired_files
from factory.ledger.paired_files import LOCK, PLAN, PlannedFile, append_with_file
from factory.storage.locks import exclusive
from factory.storage.workspace import Workspace, write_text

KIND = "review"


def append(workspace: Workspace, ledger: Ledger, folder: Path, text: str = "first", *, replaces: bool = False) -> Path:
    planned = PlannedFile("x.yaml", text, replaces)
    subject = f"{text} {ledger.position().seq}"
    return append_with_file(workspace, ledger, folder, KIND, (KIND,), lambda entries: ({"subject": subject}, planned))


def test_files_are_numbered_or_replaced(workspace: Workspace, ledger: Ledger, tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "folder"
    paths = [append(workspace, ledger, folder, text) for text in ("first", "second", "third")]
    assert [path.name for path in paths] == ["x.yaml", "x-2.yaml", "x-3.yaml"]
    assert append(workspace, ledger, folder, "other", replaces=True) == paths[0]
    assert [path.read_text() for path in paths] == ["other", "second", "third"]
    assert not paired_files.is_planned(workspace)


def test_a_file_that_cannot_be_written_is_written_by_who_comes_when_it_can(
    workspace: Workspace, ledger: Ledger, tmp_path: Path
) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("no folder")
    with pytest.raises(LedgerError, match="the next command writes it"):
        append(workspace, ledger, blocked)
    assert len(ledger.of_kinds((KIND,))) == 1
    assert "the next command writes the file" in str(paired_files.unfinished(workspace, ledger))
    paired_files.recover(workspace, ledger, blocked)
    assert paired_files.is_planned(workspace), "still in the way, and no command fails for it"
    blocked.unlink()
    paired_files.recover(workspace, ledger, blocked)
    assert (blocked / "x.yaml").read_text() == "first"
    assert paired_files.unfinished(workspace, ledger) is None


def test_a_plan_without_its_row_is_forgotten(workspace: Workspace, ledger: Ledger, tmp_path: Path) -> None:
    write_text(workspace.root / PLAN, '{"kind":"review","subject":"none","name":"x.yaml","text":"t","replaces":false}')
    assert "the next command forgets it" in str(paired_files.unfinished(workspace, ledger))
    with exclusive(workspace.root / LOCK):
        paired_files.recover(workspace, ledger, tmp_path)
        assert paired_files.is_planned(workspace), "its writer lives"
    paired_files.recover(workspace, ledger, tmp_path)
    assert not paired_files.is_planned(workspace)
    assert list(tmp_path.glob("*.yaml")) == []


def test_a_plan_names_no_folder(workspace: Workspace, ledger: Ledger, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    ledger.append(KIND, {"subject": "there"})
    name = f"../{workspace.root.name}/format"
    write_text(workspace.root / PLAN, f'{{"kind":"review","subject":"there","name":"{name}","text":"t","replaces":true}}')
    paired_files.recover(workspace, ledger, folder)
    assert (workspace.root / "format").read_text() != "t"
    assert [path.name for path in folder.iterdir()] == ["format"]


def test_a_refusal_leaves_neither(workspace: Workspace, ledger: Ledger, tmp_path: Path) -> None:
    def refuse(entries: object) -> tuple[dict[str, str], PlannedFile]:
        raise LedgerError("no")

    with pytest.raises(LedgerError, match="no"):
        append_with_file(workspace, ledger, tmp_path, KIND, (KIND,), refuse)
    assert ledger.position().seq == 0
    assert not paired_files.is_planned(workspace)
