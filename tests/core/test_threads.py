"""Work that is spread over threads."""

import time
from contextlib import closing
from pathlib import Path

import pytest

from factory.core.threads import parallel_map, worker_environment


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_what_comes_of_each_item_comes_in_order(threads: int) -> None:
    assert list(parallel_map(lambda item: item * item, range(40), threads)) == [item * item for item in range(40)]


@pytest.mark.parametrize("threads", [1, 3])
def test_what_has_not_begun_when_the_rest_is_no_longer_wanted_never_does(threads: int) -> None:
    begun: list[int] = []

    def work(item: int) -> int:
        begun.append(item)
        time.sleep(0.01)
        return item

    with closing(parallel_map(work, range(1_000), threads)) as results:
        assert next(results) == 0
    after = len(begun)
    assert after < 1_000
    time.sleep(0.05)
    assert len(begun) == after


@pytest.mark.parametrize("threads", [1, 3])
def test_a_failure_is_raised_in_its_place(threads: int) -> None:
    results = parallel_map(lambda item: 1 // (3 - item), range(10), threads)
    assert [next(results) for _ in range(3)] == [0, 0, 1]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_kernels_are_kept_in_the_workspace_unless_somebody_names_another_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", "elsewhere")
    assert worker_environment(tmp_path)["NUMBA_CACHE_DIR"] == "elsewhere"
    monkeypatch.delenv("NUMBA_CACHE_DIR")
    assert worker_environment(tmp_path)["NUMBA_CACHE_DIR"] == str(tmp_path / "numba")
