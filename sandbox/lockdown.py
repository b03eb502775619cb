"""What the worker gives up before it sees the code. Each step is irreversible; if one fails, nothing is run.

Here are resource limits and an audit hook. The hook sits in the interpreter, so it
stops Python code and not native code: a fence in front of the wall, not the wall.
"""

import os
import resource
import sys
import zoneinfo
from pathlib import Path

from sandbox.limits import Limits

WRITE_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
FORBIDDEN_ROOTS = ("os", "shutil", "socket", "ctypes", "pty", "gc", "fcntl", "mmap", "resource", "signal", "subprocess")
FORBIDDEN_EVENTS = frozenset(
    {
        "_thread.start_new_thread",
        "_posixsubprocess.fork_exec",
        "code.__new__",
        "pickle.find_class",
        "sqlite3.connect",
        "sys.addaudithook",
        "sys.setprofile",
        "sys.settrace",
        "syslog.openlog",
        "tempfile.mkdtemp",
        "tempfile.mkstemp",
        "urllib.Request",
    }
)
LISTING = frozenset({"os.listdir", "os.scandir"})


def lock_down(limits: Limits) -> None:
    """Apply every lock to this process, for good.

    Parameters
    ----------
    limits : Limits
        Its memory and CPU count from here.

    Raises
    ------
    OSError
        If a lock does not close.
    """
    _resources(limits)
    _audit()


def _resources(limits: Limits) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu = int(used.ru_utime + used.ru_stime) + limits.cpu
    for which, soft, hard in (
        (resource.RLIMIT_AS, _address_space() + limits.memory, None),
        (resource.RLIMIT_CPU, cpu, cpu + 1),
        (resource.RLIMIT_FSIZE, 0, None),
        (resource.RLIMIT_CORE, 0, None),
        (resource.RLIMIT_NOFILE, 64, None),
        (resource.RLIMIT_NPROC, 0, None),
        (resource.RLIMIT_MEMLOCK, 0, None),
    ):
        resource.setrlimit(which, (soft, soft if hard is None else hard))


def _address_space() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * resource.getpagesize()


def _audit() -> None:
    folders = (sys.prefix, str(Path(os.__file__).parent), *zoneinfo.TZPATH)
    roots = tuple({os.path.realpath(folder) + os.sep for folder in folders})

    def library(path: object) -> bool:
        text = os.fsdecode(path) if isinstance(path, str | bytes) else ""
        return (os.path.realpath(text) + os.sep).startswith(roots)

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            if isinstance(flags, int) and not flags & WRITE_FLAGS and library(path):
                return
        elif event in LISTING:
            if library(arguments[0]):
                return
        elif event not in FORBIDDEN_EVENTS and event.partition(".")[0] not in FORBIDDEN_ROOTS:
            return
        raise PermissionError(f"{event}: not allowed in the sandbox")

    sys.addaudithook(hook)
