"""Play a corpus file: ``python -m tests.corpus FILE --mode policy|raw|control``.

policy   through the real server over MCP; all rules
raw      plain Python behind the same walls: only leaks, and life after each record, count
control  plain Python without walls: most records ought to fail

Prints the ids of those that failed and, last, "N of M".
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from factory.market.build import build
from factory.storage.workspace import Workspace
from sandbox import Broker, Outcome
from tests.corpus.frames import write_both
from tests.corpus.market import hourly_market
from tests.corpus.records import DISTURBING, LIMITS, Answer, Canaries, code_of, judge, load
from tests.corpus.server import SHOWN, Server

PLAIN = "print(1)"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.corpus")
    parser.add_argument("file", type=Path)
    parser.add_argument("--mode", choices=["policy", "raw", "control"], default="policy")
    asked = parser.parse_args()
    records = load(asked.file)
    failed = play(records, asked.mode)
    played = [record for record in records if asked.mode != "control" or record["category"] not in DISTURBING]
    for id, why in failed.items():
        print(f"{id}: {why}"[:400])
    print(f"{len(played) - len(failed)} of {len(played)}")
    sys.exit(bool(failed) if asked.mode != "control" else len(failed) * 10 < len(played))


def play(records: list[dict[str, Any]], mode: str) -> dict[str, str]:
    """Play all records; why they failed, by id."""
    if mode == "policy":
        return play_policy(records)
    if mode == "raw":
        return play_raw(records, "tests.corpus.raw")
    return play_raw([record for record in records if record["category"] not in DISTURBING], "tests.corpus.control")


def play_policy(records: list[dict[str, Any]]) -> dict[str, str]:
    """Through the server, as an agent."""
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace.open(Path(folder) / "workspace")
        build(workspace, hourly_market())
        with (
            canaries_in(workspace.vault, Path(folder)) as canaries,
            Server(str(workspace.root), LIMITS, SANDBOX_CANARY=canaries.token) as server,
        ):
            server.run(PLAIN, validation=True)  # makes the frames and starts every process
            return {record["id"]: why for record in records if (why := _policy(record, canaries, server))}


def _policy(record: dict[str, Any], canaries: Canaries, server: Server) -> str | None:
    codes = [canaries.fill(code) for code in (*record.get("before", ()), code_of(record))]
    validation = any("validation" in code for code in codes)
    before, unclean = server.processes(), len(server.unclean)
    for code in codes[:-1]:
        server.run(code, validation=validation)
    answer = server.run(codes[-1], validation=validation)
    why = canaries.tripped(answer.text) or judge(record, answer, SHOWN)
    if not server.alive:
        return "the server ended"
    if server.run(PLAIN).text != "1\n":
        return f"a plain print no longer works; {why}"
    if server.processes() > before:
        return f"{server.processes() - before} more processes or threads than before"
    return f"no message that was asked for: {server.unclean[-1]}" if len(server.unclean) > unclean else why


def play_raw(records: list[dict[str, Any]], entry: str) -> dict[str, str]:
    """Through a broker whose workers compile plainly."""
    with tempfile.TemporaryDirectory() as folder:
        sealed = Path(folder) / "sealed"
        sealed.mkdir()
        frames = write_both(Path(folder))
        with canaries_in(sealed, Path(folder)) as canaries:
            os.environ["SANDBOX_CANARY"] = canaries.token
            broker = Broker(LIMITS, hidden=[sealed], entry=entry)
            try:
                failed = {}
                for record in records:
                    for code in record.get("before", ()):
                        broker.run(canaries.fill(code), frames)
                    outcome = broker.run(canaries.fill(code_of(record)), frames)
                    why = canaries.tripped(told(outcome).text)
                    if why is None and broker.run(PLAIN, frames).output != "1\n":
                        why = "a plain print no longer works"
                    if why:
                        failed[record["id"]] = why
            finally:
                broker.close()
    return failed


def told(outcome: Outcome) -> Answer:
    """An outcome as its caller reads it."""
    return Answer(outcome.output + (outcome.error or ""), outcome.error is not None, outcome.seconds)


@contextmanager
def canaries_in(sealed: Path, open_folder: Path) -> Iterator[Canaries]:
    """Canaries for as long as the block runs."""
    canaries = Canaries(sealed, open_folder)
    try:
        yield canaries
    finally:
        canaries.close()


if __name__ == "__main__":
    main()
