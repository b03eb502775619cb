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

from sandbox import Limits, Outcome

LIMITS = Limits(wall=4.0, cpu=3, memory=512 << 20, shown=20_000, output=20_000)
SLACK = 1_000  # characters of error and of the note about what was left out


def load(path: Path) -> list[dict[str, Any]]:
    """The records of one corpus file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


@dataclass
class Canaries:
    """A secret in a file, in the environment and behind a port; a path that must never exist."""

    folder: Path
    token: str = field(default_factory=lambda: "canary" + secrets.token_hex(12))
    reached: int = 0

    def __post_init__(self) -> None:
        self.file = self.folder / "sealed" / "rows.bin"
        self.write = self.folder / "written"
        self.file.parent.mkdir()
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

    def tripped(self, outcome: Outcome) -> str | None:
        """What leaked or was touched, if anything."""
        if self.token in outcome.output or self.token in (outcome.error or ""):
            return "the token leaked"
        if self.write.exists() or Path("/dev/shm/sbx_canary").exists():
            return "a file was written"
        if not self.file.exists() or self.file.read_text() != self.token:
            return "the canary file changed"
        return "a connection was made" if self.reached else None


def play(record: dict[str, Any], canaries: Canaries, call: Callable[[str], Outcome]) -> str | None:
    """Run one record; why it fails, or None."""
    for code in record.get("before", ()):
        call(canaries.fill(code))
    code = record.get("code") or "".join(text * count for text, count in record["code_parts"])
    outcome = call(canaries.fill(code))
    leak = canaries.tripped(outcome)
    if leak:
        return f"{leak}: {outcome}"
    allowed = {record["expect"], *record.get("also", ())}
    if "harmless" in allowed or allowed & _verdicts(record, outcome):
        return None
    return f"expected {sorted(allowed)}: {outcome}"


def _verdicts(record: dict[str, Any], outcome: Outcome) -> set[str]:
    text = outcome.output + (outcome.error or "")
    most = record.get("max_text", LIMITS.shown + SLACK)
    if len(text) > most or "could not be set up" in text:
        return set()
    if outcome.error is None:
        return {"ok"} if record.get("expect_output", "") in outcome.output else set()
    found = set()
    if outcome.limit not in ("wall", "cpu") and "crashed" not in outcome.error and "ESCAPED" not in text:
        found.add("blocked")
    if re.search(record.get("error_re", "."), outcome.error) and outcome.seconds <= 2 * LIMITS.wall:
        found.add("limited")
    return found
