"""The trusted side: hands calls to the warm parent and owns the clock, the sizes and the queue."""

import json
import logging
import os
import selectors
import socket
import threading
import time
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path

from sandbox.judging import NOT_SET_UP, READY, Ending, judge, most_bytes, refuse
from sandbox.levels import Level
from sandbox.limits import Limits, Outcome
from sandbox.memory import Memory
from sandbox.parent import Parent, ParentError
from sandbox.selftest import can_fork, level

SETUP_SECONDS = 30.0
REAP_SECONDS = 10.0
STEP = 0.2
"""Seconds between two looks at whether a call is still wanted."""
MOST_CALLS = 1_000
"""Calls after which the parent is replaced."""
NO_WALL = (
    "this machine offers no wall for untrusted code (Linux with seccomp is needed), so nothing was run; "
    "the operator may run the server in its container, or on Linux allow it without one"
)

_log = logging.getLogger(__name__)


class Broker:
    """Runs untrusted code, each call in a fresh process; safe to share between threads.

    Parameters
    ----------
    limits : Limits, optional
        Of every call.
    hidden : iterable of Path
        Folders that code shall not even see the names of, where the machine can hide them.
    at_once, waiting : int
        Calls that run, and calls that wait, before one is told to come back.
    allow_weak : bool
        Whether code may run where only the language policy stands in its way.
    entry : str
        Module whose `main` is the parent of the workers.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        hidden: Iterable[Path] = (),
        at_once: int = 2,
        waiting: int = 8,
        allow_weak: bool = False,
        entry: str = "sandbox.zygote",
    ) -> None:
        self.limits = limits or Limits()
        self._hidden = [str(folder.resolve()) for folder in hidden]
        self._entry = entry
        self._allow_weak = allow_weak
        self._seats = threading.BoundedSemaphore(at_once)
        self._queue = threading.BoundedSemaphore(at_once + waiting)
        self._lock = threading.Lock()
        self._parent: Parent | None = None
        self._memory = Memory()

    @property
    def level(self) -> Level:
        """How strong the wall is on this machine."""
        return level()

    def warm(self) -> None:
        """Start the parent ahead of the first call."""
        with self._lock:
            if self.level is not Level.WEAK or (self._allow_weak and can_fork()):
                self._ready()

    def close(self) -> None:
        """End the parent, its workers with it, and let go of the frames."""
        with self._lock:
            if self._parent is not None:
                self._parent.close()
                self._parent = None
        self._memory.close()

    def check(self, code: str, stop: threading.Event | None = None) -> Outcome:
        """Compile untrusted code in a fresh process that holds no frame, and run none of it.

        Returns
        -------
        Outcome
            Without an error, unless the code is refused, busy is the queue, or there is no wall.
        """
        return self._outcome(code, {}, stop, runs=False)

    def run(
        self, code: str, frames: Mapping[str, Sequence[Path]] | None = None, stop: threading.Event | None = None
    ) -> Outcome:
        """Run untrusted code in a fresh process.

        Parameters
        ----------
        code : str
            Python. It sees `pd`, `np`, the frames by their names, and the modules of `sandbox.facades`.
        frames : mapping of str to sequence of Path
            Name of each frame and its Arrow files, whose columns stand side by side. Those
            that the code does not name (:func:`pick_frames`) are not handed over.
        stop : Event, optional
            Set by another thread when the call is no longer wanted.

        Returns
        -------
        Outcome
            Mistakes and limits in the code are part of the outcome.

        Raises
        ------
        OSError
            If a frame's file cannot be read.
        """
        given = frames or {}
        return self._outcome(code, {name: given[name] for name in pick_frames(code, given)}, stop, runs=True)

    def _outcome(self, code: str, frames: Mapping[str, Sequence[Path]], stop: threading.Event | None, *, runs: bool) -> Outcome:
        refused = refuse(code, self.limits)
        if refused:
            return refused
        if self.level is Level.WEAK and not (self._allow_weak and can_fork()):
            return Outcome("", NO_WALL)
        with self._seat() as seated:
            if not seated:
                wait = max(1, round(self.limits.wall / 4))
                return Outcome("", f"busy: too many calls run and wait already; call again in {wait} s", "busy")
            try:
                return self._run(code, frames, stop or threading.Event(), runs)
            except ParentError:
                return Outcome("", NOT_SET_UP)

    @contextmanager
    def _seat(self) -> Iterator[bool]:
        if not self._queue.acquire(blocking=False):
            yield False
            return
        try:
            with self._seats:
                yield True
        finally:
            self._queue.release()

    def _run(self, code: str, frames: Mapping[str, Sequence[Path]], stop: threading.Event, runs: bool) -> Outcome:
        with ExitStack() as stack:
            channel, status = self._start(frames, stack)
            shape = [[name, len(paths)] for name, paths in frames.items()]
            request = {"code": code, "runs": runs, "frames": shape, "limits": asdict(self.limits)}
            try:
                channel.sendall(json.dumps(request).encode())
                channel.shutdown(socket.SHUT_WR)
            except OSError:
                _log.warning("the sandbox's worker ended before it was told what to do")
            data, why, seconds = self._listen(channel, stop)
            if why:
                status.shutdown(socket.SHUT_WR)  # the parent kills the worker
            code_of_exit, cpu = _report(status)
        return judge(data, Ending(why, code_of_exit, seconds, cpu), self.limits)

    def _start(self, frames: Mapping[str, Sequence[Path]], stack: ExitStack) -> tuple[socket.socket, socket.socket]:
        """Hand the parent a call; return the near ends of its channel and its status socket."""
        channel, far_channel = socket.socketpair()
        status, far_status = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        for each in (channel, status):
            stack.enter_context(each)
        with far_channel, far_status, ExitStack() as passing:
            given = [far_channel.fileno(), far_status.fileno()]
            for path in (path for paths in frames.values() for path in paths):
                given.append(self._memory.take(path))
                passing.callback(os.close, given[-1])
            with self._lock:
                self._hand(given)
        channel.settimeout(SETUP_SECONDS)
        return channel, status

    def _hand(self, descriptors: Sequence[int]) -> None:
        """Hand a call to the parent, or to a new one."""
        for _ in range(2):
            try:
                return self._ready().hand(descriptors)
            except (OSError, ParentError) as error:
                _log.error("sandbox: %s", error)
                self._discard()
        raise ParentError("no parent took the call")

    def _ready(self) -> Parent:
        if self._parent is not None and (not self._parent.alive or self._parent.calls >= MOST_CALLS):
            self._discard()
        if self._parent is None:
            self._parent = Parent(self._entry, self.level, self._hidden)
        return self._parent

    def _discard(self) -> None:
        if self._parent is not None:
            self._parent.retire()
            self._parent = None

    def _listen(self, channel: socket.socket, stop: threading.Event) -> tuple[bytes, str | None, float]:
        """Read until the worker is done, too late or says too much.

        Returns what it said, why it must end, and the seconds since it was ready.
        """
        data, ready_at = b"", 0.0
        deadline = time.monotonic() + SETUP_SECONDS
        with selectors.DefaultSelector() as selector:
            selector.register(channel, selectors.EVENT_READ)
            while True:
                left = deadline - time.monotonic()
                if stop.is_set() or left <= 0:
                    return data, "stop" if stop.is_set() else "wall", _since(ready_at)
                if not selector.select(min(left, STEP)):
                    continue
                piece = _receive(channel)
                data += piece
                if not ready_at and data.startswith(READY):
                    ready_at = time.monotonic()
                    deadline = ready_at + self.limits.wall
                if not piece or len(data) > most_bytes(self.limits):
                    return data, "output" if piece else None, _since(ready_at)


def pick_frames(code: str, frames: Iterable[str]) -> list[str]:
    """Select the frames that some code names, however: no other is in the process that runs it."""
    text = unicodedata.normalize("NFKC", code)  # as Python reads names
    return [name for name in frames if name in text]


def _receive(channel: socket.socket) -> bytes:
    try:
        return channel.recv(1 << 16)
    except ConnectionResetError:  # it died with our request unread
        return b""


def _since(moment: float) -> float:
    return time.monotonic() - moment if moment else 0.0


def _report(status: socket.socket) -> tuple[int | None, float]:
    """Read the exit status and the processor time that the parent reports."""
    status.settimeout(REAP_SECONDS)
    try:
        code, cpu = status.recv(64).split()
    except (TimeoutError, OSError, ValueError):
        return None, 0.0
    return int(code), float(cpu)
