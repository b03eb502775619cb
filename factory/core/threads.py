"""Threads are ours to start, one thread a library: two-thread libraries collapse on shared cores."""

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from factory.core.settings import PlaceSettings

Item = TypeVar("Item")
Found = TypeVar("Found")
LIBRARIES = ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "VECLIB_MAXIMUM", "NUMBA")


def worker_environment(root: Path) -> dict[str, str]:
    """Build the environment variables of a process that does heavy work in a workspace.

    Parameters
    ----------
    root : Path
        The workspace's folder, which keeps compiled kernels unless ``NUMBA_CACHE_DIR`` names another, and the list of fonts.
    """
    kernels = PlaceSettings.read().kernels or str(root / "numba")
    kept = {"NUMBA_CACHE_DIR": kernels, "MPLCONFIGDIR": str(root / "matplotlib")}
    return {**{f"{library}_NUM_THREADS": "1" for library in LIBRARIES}, **kept}


def one_thread() -> AbstractContextManager[Any]:
    """Limit the libraries that this process has loaded to one thread each inside the block."""
    limited: AbstractContextManager[Any] = _libraries().limit(limits=1)
    return limited


def parallel_map(work: Callable[[Item], Found], items: Iterable[Item], threads: int) -> Generator[Found, None, None]:
    """Yield the result of each item in order, worked out by some threads, or by the caller's own where one is enough.

    Close it where the rest is no longer wanted (``contextlib.closing``): what has not begun then does not.
    """
    if threads == 1:
        yield from map(work, items)
        return
    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(work, items)


@cache
def _libraries() -> Any:
    # Finding them takes a millisecond, a fit often no more. First called by what has them loaded.
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
