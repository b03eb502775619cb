"""An audit hook, where the operating system offers no wall.

It sits in the interpreter, so it stops Python code and not native code: a fence
where no wall can be built. Only the level `weak` uses it.
"""

import os
import sys
from collections.abc import Iterable

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


def put_up(readable: Iterable[str]) -> None:
    """Refuse files outside some folders, processes, sockets and threads, as far as the interpreter sees them.

    Parameters
    ----------
    readable : iterable of str
        Folders below which files may be read.
    """
    roots = tuple(folder + os.sep for folder in readable)

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
