"""The real server over stdio, spoken to line by line, so that every line it writes is seen."""

import json
import os
import queue
import subprocess
import sys
import threading
import time
from typing import Any, Self

import psutil

from sandbox import Limits
from tests.conftest import ROOT
from tests.corpus.records import Answer

PATIENCE = 90.0
SHOWN = 6_000
PLENTY = "1000000"


class Server:
    """A server process of one workspace.

    Parameters
    ----------
    workspace : str
        Its folder.
    limits : Limits
        Of each call.
    **environment : str
        Further variables.
    """

    def __init__(self, workspace: str, limits: Limits, **environment: str) -> None:
        settings = {
            "RFCAT_WORKSPACE": workspace,
            "RFCAT_SANDBOX_WALL": f"{limits.wall:.0f}",
            "RFCAT_SANDBOX_CPU": str(limits.cpu),
            "RFCAT_SANDBOX_MEMORY": str(limits.memory >> 20),
            "RFCAT_SANDBOX_OUTPUT": str(limits.output),
            "RFCAT_SANDBOX_SHOWN": str(SHOWN),
            "RFCAT_SANDBOX_CALLS": PLENTY,
            "RFCAT_SANDBOX_TOKENS": PLENTY,
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **settings, **environment},
            cwd=ROOT,
            text=True,
        )
        self._lines: queue.Queue[str] = queue.Queue()
        self._asked: set[int] = set()
        self.unclean: list[str] = []
        threading.Thread(target=self._read, daemon=True).start()
        about = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "corpus", "version": "1"}}
        self._ask("initialize", about)
        self._send({"method": "notifications/initialized"})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def processes(self) -> int:
        """Live processes and threads of the server and of all that it started, itself included."""
        try:
            us = psutil.Process(self._process.pid)
            return 1 + sum(child.num_threads() for child in us.children(recursive=True) if child.status() != "zombie")
        except psutil.NoSuchProcess:
            return 0

    def call(self, tool: str, **arguments: Any) -> Answer:
        """Call a tool; a job is waited for."""
        start = time.monotonic()
        result = self._ask("tools/call", {"name": tool, "arguments": arguments})
        if "error" in result:
            return Answer(json.dumps(result["error"]), True, time.monotonic() - start)
        text = result["result"]["content"][0]["text"]
        return Answer(text, bool(result["result"].get("isError")), time.monotonic() - start)

    def run(self, code: str, *, validation: bool = False) -> Answer:
        """Run code; the text is what was printed, or the error."""
        answer = self.call("execute_python", code=code, data="validation" if validation else "train")
        if answer.is_error:
            return answer
        told = json.loads(answer.text)
        if "next" in told:
            return self.run(code, validation=validation)
        return Answer(told["output"], False, answer.seconds)

    def _ask(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        id = len(self._asked) + 1
        self._asked.add(id)
        self._send({"id": id, "method": method, "params": params})
        end = time.monotonic() + PATIENCE
        while (left := end - time.monotonic()) > 0 and self.alive:
            try:
                message = self._checked(self._lines.get(timeout=min(left, 1)))
            except queue.Empty:
                continue
            if message.get("id") == id:
                return message
        return {"error": f"internal error: no answer within {PATIENCE:g} s, or the server ended"}

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        self._process.stdin.flush()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)

    def _checked(self, line: str) -> dict[str, Any]:
        """A line as a message; whatever is none that was asked for is kept as unclean."""
        try:
            message = json.loads(line)
        except ValueError:
            message = None
        fine = isinstance(message, dict) and message.get("jsonrpc") == "2.0"
        if not fine or ("id" in message and message["id"] not in self._asked):
            self.unclean.append(line[:200])
            return {}
        return dict(message)
