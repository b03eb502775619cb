"""One thread a library: two-thread libraries collapse on shared cores."""

from pathlib import Path

LIBRARIES = ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "VECLIB_MAXIMUM", "NUMBA")


def environment(root: Path) -> dict[str, str]:
    """What a process that does heavy work in a workspace is to find in its environment.

    Parameters
    ----------
    root : Path
        The workspace's folder, which keeps compiled kernels.
    """
    return {**{f"{library}_NUM_THREADS": "1" for library in LIBRARIES}, "NUMBA_CACHE_DIR": str(root / "numba")}
