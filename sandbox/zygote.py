"""The warm parent of the workers: imports everything once, then forks a fresh process a call.

It is started by exec with an empty environment, never forked from the server, so
nothing the server holds is in it. It holds no data: a call's frames arrive as
descriptors and leave with the worker. It has one thread, or forking would be unsafe.
"""

import gc
import os
import resource
import selectors
import signal
import socket
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.levels import Level
from sandbox.lockdown import libraries
from sandbox.namespaces import leave

READY = b"ready"
MOST_DESCRIPTORS = 160
LOG_BYTES = 1 << 16


@dataclass
class Child:
    """A worker, and the socket over which its end is told and may be asked for."""

    pid: int
    status: socket.socket
    handle: int = field(init=False)
    ended: bool = False

    def __post_init__(self) -> None:
        self.handle = os.pidfd_open(self.pid)


def main() -> None:
    """Serve calls from the socket whose descriptor is the first argument, at the level of the second."""
    control, level = socket.socket(fileno=int(sys.argv[2])), Level(sys.argv[3])
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (LOG_BYTES, hard))  # its own last words, for the log
    warm()
    sys.path.pop(0)  # the project's own folder: everything is imported by now
    _refuse_threads()
    if level is Level.STRONG_NS:
        leave(sys.argv[4:], libraries())
    control.send(READY)
    Zygote(control, level).serve()


def warm() -> None:
    """Import and exercise what programs use: a worker can open few files, start no thread, load no library."""
    from sandbox import facades, worker  # noqa: F401

    facades.warm()
    gc.collect()
    gc.freeze()  # a collection in a worker would touch, and so copy, every page


def _refuse_threads() -> None:
    threads = [task.joinpath("comm").read_text().strip() for task in Path("/proc/self/task").iterdir()]
    if len(threads) != 1:
        raise RuntimeError(f"the sandbox's parent has threads, so it must not fork: {', '.join(threads)}")


class Zygote:
    """The loop: a call comes, a worker is forked; it ends, its end is told.

    Parameters
    ----------
    control : socket
        Each message carries descriptors: the call's channel, its status socket, then its frames.
    level : Level
        What workers close around themselves.
    """

    def __init__(self, control: socket.socket, level: Level) -> None:
        self._control = control
        self._level = level
        self._selector = selectors.DefaultSelector()
        self._selector.register(control, selectors.EVENT_READ)

    def serve(self) -> None:
        """Serve until the broker closes its end, and the last worker has ended."""
        while self._selector.get_map():
            for key, _ in self._selector.select():
                if key.fileobj is self._control:
                    self._call()
                elif not key.data.ended and key.fileobj is key.data.status:
                    self._stop(key.data)
                elif not key.data.ended:
                    self._reap(key.data)

    def _call(self) -> None:
        _, descriptors, _, _ = socket.recv_fds(self._control, 16, MOST_DESCRIPTORS)
        if not descriptors:
            self._selector.unregister(self._control)
            return
        channel, status, *frames = descriptors
        parent, pid = os.getpid(), os.fork()
        if pid == 0:
            from sandbox.worker import serve

            os.setsid()
            serve(channel, frames, self._level, parent)
        for descriptor in (channel, *frames):
            os.close(descriptor)
        child = Child(pid, socket.socket(fileno=status))
        for watched in (child.handle, child.status):
            self._selector.register(watched, selectors.EVENT_READ, child)

    def _stop(self, child: Child) -> None:
        """Stop a worker whose broker has closed its side: it has heard enough."""
        self._selector.unregister(child.status)
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(child.handle, signal.SIGKILL)

    def _reap(self, child: Child) -> None:
        """Tell how a worker ended: its exit status, and its processor time in seconds."""
        _, status, used = os.wait4(child.pid, 0)
        child.ended = True
        with suppress(KeyError):
            self._selector.unregister(child.status)
        self._selector.unregister(child.handle)
        os.close(child.handle)
        with suppress(OSError), child.status:
            child.status.send(f"{os.waitstatus_to_exitcode(status)} {used.ru_utime + used.ru_stime:.3f}".encode())
