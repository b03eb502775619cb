import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from factory.core.errors import WorkspaceError
from factory.storage.workspace import FORMAT, PART, Workspace, atomic, find_leftovers, write_text


@pytest.mark.parametrize("written", ["0", str(FORMAT + 1), "soon"])
def test_a_workspace_of_another_version_is_refused_and_left_alone(tmp_path: Path, written: str) -> None:
    (tmp_path / "format").write_text(written, encoding="utf-8")
    with pytest.raises(WorkspaceError, match=rf"written in format '{written}', this version reads {FORMAT}"):
        Workspace.open(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["format"]


def test_a_workspace_that_is_a_file_is_refused_with_the_mend(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("", encoding="utf-8")
    with pytest.raises(WorkspaceError, match="choose another folder with --workspace"):
        Workspace.open(path)


@pytest.mark.parametrize("name", ["not\udcfftext", "nothing\0there"])
def test_a_path_that_is_no_text_is_refused_with_the_mend(tmp_path: Path, name: str) -> None:
    with pytest.raises(WorkspaceError, match=r"holds bytes that are no text; choose another folder"):
        Workspace.open(tmp_path / name)


def test_a_folder_that_begins_with_a_tilde_is_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert Workspace.open("~nobody-is-called-so").root == tmp_path / "~nobody-is-called-so"


def test_law_3_the_vault_is_the_owners_alone(tmp_path: Path) -> None:
    vault = Workspace.open(tmp_path / "new").vault
    assert vault.stat().st_mode & 0o777 == 0o700


def test_the_workspace_is_where_the_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RFCAT_WORKSPACE", str(tmp_path / "there"))
    assert Workspace.open().root == tmp_path / "there"


def test_an_atomic_write_that_fails_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    write_text(path, "old")
    with pytest.raises(UnicodeEncodeError), atomic(path) as temporary:
        temporary.write_text("half \ud800", encoding="utf-8")
    assert path.read_text(encoding="utf-8") == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["kept"]


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    write_text(path, "old")
    code = (
        "import resource, signal, sys; from pathlib import Path; from factory.storage.workspace import write_text;"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000));"
        "write_text(Path(sys.argv[1]), 'new' * 10_000)"
    )
    told = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False)
    assert "OSError" in told.stderr
    assert path.read_text(encoding="utf-8") == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["kept"]


def test_a_write_removes_what_a_killed_one_left_beside_it_and_nothing_that_is_being_written(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path; from factory.storage.workspace import atomic\n"
        "with atomic(Path(sys.argv[1])) as temporary: temporary.write_text('half'); os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(tmp_path / "one")], check=False)
    assert killed.returncode == -signal.SIGKILL
    with atomic(tmp_path / "two") as living:
        assert find_leftovers(tmp_path) == [], "the killed one's went when this one began"
        write_text(tmp_path / "three", "whole")
        living.write_text("whole too")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["three", "two"]


def test_what_a_killed_write_left_is_found_until_the_next(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / f"{PART}one.x").write_text("half")
    assert find_leftovers(tmp_path) == [tmp_path / "deep" / f"{PART}one.x"]
    write_text(tmp_path / "deep" / "one", "whole")
    assert find_leftovers(tmp_path) == []


@pytest.mark.parametrize("held", ["notes.txt", ".git", "datasets", "ledger.sqlite"])
@pytest.mark.parametrize("enter", [Workspace.open, Workspace.find])
def test_a_folder_with_other_files_is_refused_and_left_alone(tmp_path: Path, enter: Any, held: str) -> None:
    (tmp_path / held).mkdir()
    with pytest.raises(WorkspaceError, match=rf"{held} and no workspace; choose a new or empty folder with --workspace"):
        enter(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [held]


@pytest.mark.parametrize("left", [f"{PART}format.x", "lost+found"])
def test_a_folder_with_no_more_than_a_new_disk_or_a_killed_beginning_becomes_one(tmp_path: Path, left: str) -> None:
    (tmp_path / left).mkdir() if left == "lost+found" else (tmp_path / left).write_text("half")
    assert Workspace.open(tmp_path).id == Workspace.find(tmp_path).id


@pytest.mark.parametrize("named", ["missing", "empty", "missing/deep"])
@pytest.mark.parametrize("by_variable", [True, False])
def test_finding_makes_no_workspace_where_one_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str, by_variable: bool
) -> None:
    (tmp_path / "empty").mkdir()
    folder = tmp_path / named
    if by_variable:
        monkeypatch.setenv("RFCAT_WORKSPACE", str(folder))
    with pytest.raises(WorkspaceError, match=r"(no such folder|empty, no workspace yet); choose another .* `rfcat start`"):
        Workspace.find(None if by_variable else folder)
    assert [path.name for path in tmp_path.rglob("*")] == ["empty"]


def test_the_users_own_workspace_is_made_on_first_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RFCAT_WORKSPACE", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert Workspace.find().root == tmp_path / "random-forest-cat"
