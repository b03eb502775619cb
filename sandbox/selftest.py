"""Which walls hold on this machine: tried, not guessed.

A process like a worker, without the language policy, closes a level's walls
and then tries to get out: the file beside the frames, the network, another
process, a thread, a write, a signal. The strongest level that it fails to leave is the machine's.
"""

import importlib.util
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from sandbox.levels import Level

HELD = b"held"
SECONDS = 30
ROOT = str(Path(__file__).resolve().parent.parent)
START = "import sys; sys.path.insert(0, sys.argv[1]); from sandbox.selftest import main; main()"


@cache
def level() -> Level:
    """Find the strongest level that holds here, once a process."""
    if sys.platform != "linux" or not can_fork():
        return Level.WEAK
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as listener:
        canary = Path(folder) / "rows"
        canary.write_text("sealed")
        for each in (Level.STRONG_NS, Level.STRONG, Level.STRONG_NOFS):
            if _holds(each, canary, listener.getsockname()[1]):
                return each
    return Level.WEAK


def can_fork() -> bool:
    """Check whether this machine has what the workers are made with; Windows has not, with or without a wall."""
    return hasattr(os, "fork") and importlib.util.find_spec("fcntl") is not None


def _holds(tried: Level, canary: Path, port: int) -> bool:
    command = [sys.executable, "-I", "-S", "-X", "utf8", "-c", START, ROOT, tried, str(canary), str(port)]
    try:
        done = subprocess.run(command, capture_output=True, cwd="/", env={}, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.stdout == HELD and canary.read_text() == "sealed"


def main() -> None:
    """Close the walls of the level in the arguments and try to get out; say so when every way is shut."""
    from sandbox.limits import Limits
    from sandbox.lockdown import lock_down

    tried, canary, port = Level(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    ways = _ways(canary, port)
    if tried is Level.STRONG_NS:
        from sandbox.namespaces import leave

        leave([str(Path(canary).parent)])
        ways.append(Path(canary).stat)
    lock_down(Limits(), tried)
    if not any(map(_is_open, ways)):
        os.write(1, HELD)
    os._exit(0)


def _ways(canary: str, port: int) -> list[Callable[[], object]]:
    import _thread

    return [
        lambda: os.open(canary, os.O_RDONLY),
        lambda: os.open(canary, os.O_WRONLY),
        lambda: os.open(canary + ".new", os.O_WRONLY | os.O_CREAT),
        lambda: list(Path("/").iterdir()),
        Path(canary).unlink,
        lambda: socket.socket().connect(("127.0.0.1", port)),
        lambda: socket.socket(socket.AF_UNIX),
        os.fork,
        lambda: os.execv("/bin/sh", ["sh"]),
        lambda: _thread.start_new_thread(int, ()),
        lambda: os.kill(os.getppid(), 0),
    ]


def _is_open(way: Callable[[], object]) -> bool:
    try:
        way()
    except (OSError, RuntimeError):
        return False
    return True
