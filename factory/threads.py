"""One thread a library: two-thread libraries collapse on shared cores."""

from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from typing import Any

LIBRARIES = ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "VECLIB_MAXIMUM", "NUMBA")


def environment(root: Path) -> dict[str, str]:
    """What a process that does heavy work in a workspace is to find in its environment.

    Parameters
    ----------
    root : Path
        The workspace's folder, which keeps compiled kernels.
    """
    return {**{f"{library}_NUM_THREADS": "1" for library in LIBRARIES}, "NUMBA_CACHE_DIR": str(root / "numba")}


def one_thread() -> AbstractContextManager[Any]:
    """Hold the libraries that this process has loaded to one thread each inside the block."""
    limited: AbstractContextManager[Any] = _libraries().limit(limits=1)
    return limited


@cache
def _libraries() -> Any:
    # Finding them takes a millisecond, a fit often no more. First called by what has them loaded.
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
