"""Files that changed since they were written."""

import os
import sys
from pathlib import Path

import pytest

from factory.core.hashes import BLOCK, HASHES, DamageError, find_damage, require_whole, write_hashes


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "large").write_bytes(os.urandom(2 * BLOCK + 10))
    (tmp_path / "small").write_text("small")
    write_hashes(tmp_path)
    return tmp_path


def flip(path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def opened(work) -> list[str]:
    """Names of the files that some work opens."""
    names: list[str] = []
    listening = True
    sys.addaudithook(lambda event, args: names.append(Path(str(args[0])).name) if listening and event == "open" else None)
    work()
    listening = False
    return names


@pytest.mark.parametrize("place", [0, BLOCK, -1])
def test_a_flipped_bit_is_found_in_any_block(folder: Path, place: int) -> None:
    require_whole(folder, {"below/large": 0, "small": 0})
    flip(folder / "below" / "large", place)
    with pytest.raises(DamageError, match=r"^below/large$"):
        require_whole(folder, {"below/large": 0, "small": 0})
    require_whole(folder, {"small": 0})
    assert find_damage(folder) == ["below/large"]
    flip(folder / "below" / "large", place)
    require_whole(folder, {"below/large": 0})
    assert find_damage(folder) == []


def test_only_blocks_that_are_used_are_read(folder: Path) -> None:
    flip(folder / "below" / "large", -1)
    require_whole(folder, {"below/large": 10})
    with pytest.raises(DamageError):
        require_whole(folder, {"below/large": 9})


def test_a_process_reads_a_file_once_until_it_changes(folder: Path) -> None:
    def check() -> None:
        require_whole(folder, {"below/large": 0})

    assert opened(check) == [HASHES, "large"]
    assert opened(check) == []
    os.utime(folder / "below" / "large")
    assert opened(check) == [HASHES, "large"]


@pytest.mark.parametrize("more", [b"x", b"x" * (BLOCK - 10)])
def test_what_was_cut_or_grew_is_found(folder: Path, more: bytes) -> None:
    path = folder / "below" / "large"
    path.write_bytes(path.read_bytes() + more)
    with pytest.raises(DamageError):
        require_whole(folder, {"below/large": 0})
    path.write_bytes(path.read_bytes()[: BLOCK + 7])
    with pytest.raises(DamageError):
        require_whole(folder, {"below/large": 0})


def test_files_that_are_gone_or_that_nobody_wrote_down_are_found(folder: Path) -> None:
    (folder / "added").write_text("added")
    (folder / "small").unlink()
    assert find_damage(folder) == ["added", "small"]
    with pytest.raises(DamageError, match="added"):
        require_whole(folder, {"added": 0})
    with pytest.raises(FileNotFoundError):
        require_whole(folder, {"small": 0})


@pytest.mark.parametrize("text", ["", "[]", '{"small": 3}', '{"small": ["0"]}'])
def test_damaged_hashes_are_damage(folder: Path, text: str) -> None:
    (folder / HASHES).write_text(text)
    with pytest.raises(DamageError):
        require_whole(folder, {"small": 0})
