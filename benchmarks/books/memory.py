"""The memory of a process, from Linux."""

from pathlib import Path


def read_peak() -> int:
    """Read the bytes of this process at its peak: `getrusage` would begin with those of the process that started it."""
    return _read("VmHWM")


def read_mapped() -> int:
    """Read the bytes of files that are mapped in: pages of the system's own cache, which it takes back when it needs them."""
    return _read("RssFile")


def _read(name: str) -> int:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return 1024 * int(next(line for line in lines if line.startswith(f"{name}:")).split()[1])
