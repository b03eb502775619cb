import signal
import subprocess
import sys
from pathlib import Path

import pytest

from factory.errors import WorkspaceError
from factory.workspace import FORMAT, PART, Workspace, atomic, leftovers, write_text


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
    assert [found.name for found in tmp_path.iterdir()] == ["kept"]


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    write_text(path, "old")
    code = (
        "import resource, signal, sys; from pathlib import Path; from factory.workspace import write_text;"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000));"
        "write_text(Path(sys.argv[1]), 'new' * 10_000)"
    )
    told = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False)
    assert "OSError" in told.stderr
    assert path.read_text(encoding="utf-8") == "old"
    assert [found.name for found in tmp_path.iterdir()] == ["kept"]


def test_a_write_removes_what_a_killed_one_left_beside_it_and_nothing_that_is_being_written(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path; from factory.workspace import atomic\n"
        "with atomic(Path(sys.argv[1])) as temporary: temporary.write_text('half'); os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(tmp_path / "one")], check=False)
    assert killed.returncode == -signal.SIGKILL
    with atomic(tmp_path / "two") as living:
        assert leftovers(tmp_path) == [], "the killed one's went when this one began"
        write_text(tmp_path / "three", "whole")
        living.write_text("whole too")
    assert sorted(found.name for found in tmp_path.iterdir()) == ["three", "two"]


def test_what_a_killed_write_left_is_found_until_the_next(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / f"{PART}one.x").write_text("half")
    assert leftovers(tmp_path) == [tmp_path / "deep" / f"{PART}one.x"]
    write_text(tmp_path / "deep" / "one", "whole")
    assert leftovers(tmp_path) == []
