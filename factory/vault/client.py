"""How the workshop reaches the vault: a process that is started when a look is asked for, and left to finish it."""

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from typing import Any

from factory.core import errors
from factory.core.canonical import in_order
from factory.core.errors import FactoryError, SealError
from factory.core.threads import worker_environment
from factory.storage.workspace import Workspace

_doors: dict[str, "VaultClient"] = {}
_lock = threading.Lock()


def vault_client(workspace: Workspace) -> "VaultClient":
    """Find the client of a workspace's vault in this process."""
    with _lock:
        return _doors.setdefault(str(workspace.root), VaultClient(workspace))


class VaultClient:
    """Starts the vault's process and passes requests in.

    One that has a verdict to wait for is asked nothing more: whoever asks next must not wait for its exam too, or that
    would tell how long the exam took. It outlives whoever started it until its verdict is written.

    Parameters
    ----------
    workspace : Workspace
        Whose vault.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._process: subprocess.Popen[str] | None = None
        self._leaving: list[subprocess.Popen[str]] = []
        self._lock = threading.Lock()

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Ask for a look.

        Returns
        -------
        dict
            ``look``, its name; ``release``, when its verdict may be told, ms UTC, 0 when it is there already; ``advice``.

        Raises
        ------
        FactoryError
            As the vault refused it; nothing was spent then.
        SealError
            If the vault ended before it answered.
        """
        with self._lock:
            process = self._running()
            answer = self._exchange(process, in_order(request))
            if "refused" in answer:
                kind: type[FactoryError] = getattr(errors, answer["error"], SealError)
                raise kind(*answer["refused"])
            if answer["release"]:
                self._leave()
            else:
                self._line(process)  # the verdict is in the ledger; or the vault ended, which is a FAIL
            return answer

    def close(self) -> None:
        """Let the processes finish and wait for them."""
        with self._lock:
            self._leave()
            for process in self._leaving:
                process.wait()

    def _leave(self) -> None:
        """Tell the process that nothing more will be asked of it: it goes when its verdict is written."""
        self._leaving = [process for process in self._leaving if process.poll() is None]
        if self._process is not None and self._process.stdin:
            self._process.stdin.close()
            self._leaving.append(self._process)
        self._process = None

    def _running(self) -> "subprocess.Popen[str]":
        if self._process is None or self._process.poll() is not None:
            self._process = self._start()
        return self._process

    def _start(self) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-m", "factory.vault", str(self._workspace.root)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            start_new_session=True,
            env={**os.environ, **worker_environment(self._workspace.root)},
        )
        if "ready" not in self._line(process):
            raise SealError("submit: the vault did not start, so nothing was spent; a person reads vault/log in the workspace")
        return process

    def _exchange(self, process: "subprocess.Popen[str]", line: str) -> dict[str, Any]:
        assert process.stdin is not None
        with contextlib.suppress(OSError):
            process.stdin.write(line + "\n")
            process.stdin.flush()
        answer = self._line(process)
        if not answer:
            raise SealError("submit: the vault ended before it answered; show(what='looks') tells whether a look was spent")
        return answer

    def _line(self, process: "subprocess.Popen[str]") -> dict[str, Any]:
        assert process.stdout is not None
        line = process.stdout.readline()
        return dict(json.loads(line)) if line.endswith("\n") else {}
