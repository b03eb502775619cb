"""Thirty agents on one server over HTTP: how long light calls take while backtests run.

    python -m benchmarks.load --agents 30 --seconds 180

Each agent has a session of its own and calls without a pause: it looks around, defines a child, reads lists, and every
eighth call backtests a new child, which answers with a job's id where that takes longer. The first row is one agent
that only reads, on the same server before the others come.
"""

import argparse
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
from mcp import Client

from benchmarks.certification.agent import Idea
from benchmarks.certification.market import DATASET, spec_text
from benchmarks.certification.simulated import SimulatedMarket, tried

LIMIT_MS = 1000
IDEA = Idea(("r60",), None, 0.5, 0.0, 1_000)
READS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("describe_market", {}),
    ("list_features", {"search": "volatility"}),
    ("show", {"what": "leaderboard"}),
    ("show", {"what": "trials"}),
    ("show", {"what": "summary"}),
)
WAIT = 600
"""Seconds until a client gives up."""

Taken = dict[str, list[float]]
"""Milliseconds of calls by tool."""


@contextmanager
def serving(root: Path) -> Iterator[str]:
    """Serve a workspace over HTTP until the block ends; yields the URL of the MCP route."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "server", "--workspace", str(root), "serve", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env={**os.environ, "RFCAT_LOOKS_A_DAY": "0"})
    try:
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert process.poll() is None, "the server ended"
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        process.terminate()
        process.wait(60)


async def call(client: Client, tool: str, arguments: dict[str, Any], taken: Taken, errors: list[str]) -> dict[str, Any]:
    """Call a tool, note how long it took, and what went wrong."""
    begin = time.perf_counter()
    try:
        result = await client.call_tool(tool, arguments)
    except Exception as error:
        errors.append(f"{tool}: {type(error).__name__}: {error}")
        return {}
    taken[tool].append(1000 * (time.perf_counter() - begin))
    if result.is_error:
        errors.append(f"{tool}: {result.content[0].text[:200]}")  # type: ignore[union-attr]
    return result.structured_content or {}


async def behave(url: str, number: int, until: float, heavy: bool, taken: Taken, errors: list[str]) -> None:
    """Act as one agent until its time is over."""
    rng = random.Random(number)
    parent = IDEA.spec(DATASET, {})
    async with Client(url, read_timeout_seconds=WAIT) as client:
        made = await call(client, "define_pipeline", {"spec": parent}, taken, errors)
        while time.monotonic() < until:
            child = {"parent": made["pipeline"], "changes": {"meta.leaf": rng.randrange(500, 50_000)}}
            chosen = rng.randrange(8) if heavy else rng.randrange(1, 7)
            if chosen == 0:
                await call(client, "backtest", child, taken, errors)
            elif chosen == 1:
                await call(client, "define_pipeline", child, taken, errors)
            else:
                await call(client, *READS[rng.randrange(len(READS))], taken, errors)


async def measure(url: str, agents: int, seconds: float, heavy: bool) -> tuple[Taken, list[str]]:
    """Measure the milliseconds of all calls of some agents, and note what went wrong."""
    taken: Taken = defaultdict(list)
    errors: list[str] = []
    until = time.monotonic() + seconds
    async with anyio.create_task_group() as group:
        for number in range(agents):
            group.start_soon(behave, url, number, until, heavy, taken, errors)
    return taken, errors


def report(title: str, taken: Taken) -> float:
    """Print a table of latencies; return the 99th percentile of light calls."""
    print(f"{title:34}{'calls':>8}{'median':>9}{'p99':>9}{'most':>9}  ms")
    light = [one for tool, several in taken.items() if tool != "backtest" for one in several]
    for name, values in (*sorted(taken.items()), ("all light calls", light)):
        print(f"  {name:32}{len(values):8}{statistics.median(values):9.0f}{percentile(values):9.0f}{max(values):9.0f}")
    return percentile(light)


def percentile(values: list[float]) -> float:
    """Compute the 99th percentile."""
    return sorted(values)[int(0.99 * (len(values) - 1))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agents", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=180)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "workspace"
        market = SimulatedMarket(root, spec_text(0, 0.0), "bench")
        tried(market.workshop, IDEA.spec(DATASET, {}))  # so that there is something to list
        market.workshop.ledger.close()
        with serving(root) as url:
            report("one agent that reads", anyio.run(measure, url, 1, 10, False)[0])
            taken, errors = anyio.run(measure, url, asked.agents, asked.seconds, True)
    worst = report(f"{asked.agents} agents for {asked.seconds:g} s", taken)
    print(f"{len(errors)} errors", *sorted(set(errors))[:5], sep="\n  ")
    print(f"p99 of light calls {worst:.0f} ms   target at most {LIMIT_MS}")


if __name__ == "__main__":
    main()
