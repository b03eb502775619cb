"""The process that forks the workers, as the broker holds it."""

import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from contextlib import suppress

from sandbox.levels import Level
from sandbox.selftest import ROOT

START_SECONDS = 60.0
END_SECONDS = 5.0
START = "import importlib, sys; sys.path.insert(0, sys.argv[1]); importlib.import_module({!r}).main()"
# no thread may start while these are imported: a later fork would copy half a process
ENVIRONMENT = {
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    "LOKY_MAX_CPU_COUNT": "1",
    "MKL_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}


class ParentError(Exception):
    """The parent could not be started; its text is for the operator."""


class Parent:
    """A running zygote.

    Parameters
    ----------
    entry : str
        Module whose `main` is the zygote.
    level : Level
        The walls that its workers close.
    hidden : sequence of str
        Folders that are not even to be seen, where the level has a say in that.

    Raises
    ------
    ParentError
        If it does not get ready.
    """

    def __init__(self, entry: str, level: Level, hidden: Sequence[str]) -> None:
        self.calls = 0
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the parent)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-X", "utf8", "-c", START.format(entry), ROOT, str(theirs.fileno()), level, *hidden],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._log,
                env=ENVIRONMENT,
                cwd="/",
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        self._await()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it can still be handed a call."""
        return self._process.poll() is None

    def hand(self, descriptors: Sequence[int]) -> None:
        """Give it a call: the channel, the status socket, then the frames.

        Raises
        ------
        OSError
            If it is gone.
        """
        self.calls += 1
        socket.send_fds(self._control, [b"call"], list(descriptors))

    def close(self) -> None:
        """End it at once, its workers with it: they die with their parent."""
        self._control.close()
        self._log.close()
        self._process.kill()
        self._process.wait()

    def retire(self) -> None:
        """Let it end after its last worker."""
        self._control.close()
        self._log.close()
        threading.Thread(target=self._process.wait, daemon=True).start()  # or it stays in the process table

    def _await(self) -> None:
        self._control.settimeout(START_SECONDS)
        try:
            answer = self._control.recv(16)
        except TimeoutError:
            answer = b""
        self._control.settimeout(None)
        if not answer:
            last = self._last_words()
            self.close()
            raise ParentError(f"the sandbox's parent process did not start: {last}")

    def _last_words(self) -> str:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(END_SECONDS)
        size = self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, size - 2000))
        lines = self._log.read().decode(errors="replace").split("\n")
        return next((line for line in reversed(lines) if line), f"exit status {self._process.returncode}")
