import os
import threading
from pathlib import Path

import numpy as np
import pytest

from factory.core.hashes import HASHES
from factory.storage.cache import Cache


def key(letter: str) -> str:
    return letter * 64


def test_arrays_come_back_as_they_went(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    arrays = {"oof": np.arange(5.0), "fitted.coef": np.ones((2, 3), np.float32), "method": np.array(["isotonic"])}
    cache.put(key("a"), arrays)
    entry = cache.get(key("a"))
    assert entry is not None
    assert set(entry) == set(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(entry[name], array)
    assert cache.has(key("a"))


def test_what_is_not_there_is_none(tmp_path: Path) -> None:
    assert Cache(tmp_path / "nowhere").get(key("a")) is None
    assert not Cache(tmp_path).has(key("a"))


def test_cached_arrays_cannot_be_written_to(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put(key("a"), {"x": np.arange(3.0)})
    entry = cache.get(key("a"))
    assert entry is not None
    with pytest.raises(ValueError, match="read-only"):
        entry["x"][0] = 1.0


def test_the_least_used_goes_first(tmp_path: Path) -> None:
    cache = Cache(tmp_path, limit=25_000)
    for i, letter in enumerate("ab"):
        cache.put(key(letter), {"x": np.zeros(1_000)})
        os.utime(tmp_path / (letter * 2) / key(letter), (i, i))
    cache.get(key("a"))
    cache.put(key("c"), {"x": np.zeros(1_500)})
    assert [letter for letter in "abc" if cache.has(key(letter))] == ["a", "c"]


def test_a_broken_entry_is_as_if_it_were_not_there(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put(key("a"), {"x": np.zeros(3)})
    [file] = tmp_path.rglob("x.npy")
    file.write_bytes(b"half")
    assert cache.get(key("a")) is None


@pytest.mark.parametrize("file", ["x.npy", HASHES])
def test_a_damaged_entry_is_dropped_said_and_made_anew(tmp_path: Path, file: str, caplog: pytest.LogCaptureFixture) -> None:
    cache = Cache(tmp_path)
    cache.put(key("a"), {"x": np.zeros(3)})
    assert cache.get(key("a")) is not None
    [path] = tmp_path.rglob(file)
    content = bytearray(path.read_bytes())
    content[-20] ^= 1
    path.write_bytes(content)
    assert cache.get(key("a")) is None
    assert len(caplog.messages) == 1
    assert not cache.has(key("a"))
    cache.put(key("a"), {"x": np.zeros(3)})
    entry = cache.get(key("a"))
    assert entry is not None
    np.testing.assert_array_equal(entry["x"], np.zeros(3))


def test_an_entry_of_a_version_without_hashes_is_made_anew(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put(key("a"), {"x": np.zeros(3)})
    next(tmp_path.rglob(HASHES)).unlink()
    assert cache.get(key("a")) is None
    assert not cache.has(key("a"))


def test_an_entry_that_lost_an_array_is_none(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put(key("a"), {"x": np.zeros(3), "y": np.zeros(3)})
    next(tmp_path.rglob("y.npy")).unlink()
    assert cache.get(key("a")) is None


def test_writers_that_evict_one_another_lose_entries_and_never_halves(tmp_path: Path) -> None:
    arrays = {name: np.zeros(500) for name in "xyz"}
    halves: list[int] = []
    failures: list[BaseException] = []

    def put(letter: str) -> None:
        try:
            for i in range(150):
                Cache(tmp_path, limit=60_000).put(f"{i % 16:x}{letter}{i:062}", arrays)
        except BaseException as error:
            failures.append(error)

    writers = [threading.Thread(target=put, args=(letter,)) for letter in "abc"]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        entries = [Cache(tmp_path).get(folder.name) for folder in tmp_path.glob("??/*")]
        halves += [len(entry) for entry in entries if entry is not None and len(entry) != len(arrays)]
    assert failures == []
    assert halves == []


def test_a_folder_that_cannot_be_written_loses_nothing_but_the_entry(tmp_path: Path) -> None:
    (tmp_path / "aa").write_text("in the way")
    Cache(tmp_path).put(key("a"), {"x": np.zeros(3)})
    assert Cache(tmp_path).get(key("a")) is None
