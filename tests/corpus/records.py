"""The regression corpus: its records, its canaries and its verdicts."""

import json
import re
import secrets
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox import Limits

LIMITS = Limits(wall=4.0, cpu=3, memory=512 << 20, output=20_000)
SLACK = 1_000  # characters of error and of the note about what was left out
DISTURBING = ("signals", "resources", "timeouts")
"""Categories that the positive control leaves out: without walls they would disturb the machine."""


def load(path: Path) -> list[dict[str, Any]]:
    """The records of one corpus file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def code_of(record: dict[str, Any]) -> str:
    """The text for the tool."""
    return str(record["code"]) if "code" in record else "".join(text * count for text, count in record["code_parts"])


@dataclass(frozen=True)
class Answer:
    """What came back from one call: its text, whether it is an error, and after how many seconds."""

    text: str
    is_error: bool
    seconds: float


Play = Callable[[str], Answer]


@dataclass
class Canaries:
    """A secret in a file and behind a port; a path that must never exist.

    Parameters
    ----------
    sealed : Path
        Folder of sealed rows: the file goes there.
    open : Path
        A folder that the server's user may write to.
    """

    sealed: Path
    open: Path
    token: str = field(default_factory=lambda: "canary" + secrets.token_hex(12))
    reached: int = 0

    def __post_init__(self) -> None:
        self.file = self.sealed / "rows.bin"
        self.write = self.open / "written"
        self.file.write_text(self.token)
        self.tcp = socket.create_server(("127.0.0.1", 0))
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(self.tcp.getsockname())
        for listen in (self._accept, self._datagrams):
            threading.Thread(target=listen, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self.tcp.accept()
            except OSError:
                return
            self.reached += 1
            connection.sendall(self.token.encode())
            connection.close()

    def _datagrams(self) -> None:
        while True:
            try:
                self.udp.recv(100)
            except OSError:
                return
            self.reached += 1

    def close(self) -> None:
        self.tcp.close()
        self.udp.close()

    def fill(self, code: str) -> str:
        """Put the canaries' places into a record's code."""
        places = {"FILE": self.file, "WRITE": self.write, "PORT": self.tcp.getsockname()[1]}
        for name, place in places.items():
            code = code.replace(f"{{CANARY_{name}}}", str(place))
        return code

    def tripped(self, text: str) -> str | None:
        """What leaked or was touched, if anything; mended for the next record."""
        why = None
        if self.token in text:
            why = "the token leaked"
        for path in (self.write, Path("/dev/shm/sbx_canary")):
            if path.exists():
                path.unlink() if path.is_file() else path.rmdir()
                why = "a file was written"
        if not self.file.exists() or self.file.read_text() != self.token:
            self.file.unlink(missing_ok=True)
            self.file.write_text(self.token)
            why = "the canary file changed"
        if self.reached:
            self.reached = 0
            why = "a connection was made"
        return why


def judge(record: dict[str, Any], answer: Answer, most: int) -> str | None:
    """Why an answer is not what a record expects, or None.

    Parameters
    ----------
    most : int
        Characters of output that may come back.
    """
    allowed = {record["expect"], *record.get("also", ())}
    if len(answer.text) > record.get("max_text", most + SLACK):
        return f"{len(answer.text)} characters came back"
    if "harmless" in allowed or allowed & _verdicts(record, answer):
        return None
    return f"expected {'/'.join(sorted(allowed))}: {answer}"


def _verdicts(record: dict[str, Any], answer: Answer) -> set[str]:
    if "could not be set up" in answer.text:
        return set()
    if not answer.is_error:
        return {"ok"} if record.get("expect_output", "") in answer.text else set()
    verdicts = set()
    if not re.search("time limit|crashed|nternal error", answer.text) and "ESCAPED" not in answer.text:
        verdicts.add("blocked")
    if re.search(record.get("error_re", "."), answer.text) and answer.seconds <= 2 * LIMITS.wall:
        verdicts.add("limited")
    return verdicts
