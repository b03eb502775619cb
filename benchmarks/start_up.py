"""Time from start to the answer of ``initialize`` over stdio, beside a bare server of the SDK."""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RUNS = 9
LIMIT = 1.6
BARE = "from mcp.server import MCPServer; MCPServer('bare').run('stdio')"
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "bench", "version": "1"}},
}


def seconds(command: Sequence[str]) -> float:
    """Measure the seconds from start to the first answer."""
    begin = time.perf_counter()
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    ) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(json.dumps(INITIALIZE) + "\n")
        process.stdin.flush()
        answer = json.loads(process.stdout.readline())
        taken = time.perf_counter() - begin
        process.stdin.close()
    assert "result" in answer
    return taken


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        servers = {
            "bare SDK server": [sys.executable, "-c", BARE],
            "random-forest-cat": [sys.executable, "-m", "server", "--workspace", folder],
        }
        for command in servers.values():
            seconds(command)
        # Turn and turn about, so that both meet the same load.
        taken = [{name: seconds(command) for name, command in servers.items()} for _ in range(RUNS)]
    medians = {name: statistics.median(run[name] for run in taken) for name in servers}
    for name, median in medians.items():
        print(f"{name:20} {median:6.2f} s")
    ratio = medians["random-forest-cat"] / medians["bare SDK server"]
    print(f"{'ratio':20} {ratio:6.2f}   target at most {LIMIT}")


if __name__ == "__main__":
    main()
