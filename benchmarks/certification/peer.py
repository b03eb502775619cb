"""What the PyPI package backtester-mcp says of picks: run it in an environment of its own, which needs ``mcp<2``.

    python -m venv PEER && PEER/bin/pip install backtester-mcp "mcp<2"
    .venv/bin/python -m benchmarks.certification.picks .certification/markets.csv .certification/picks
    PEER/bin/python benchmarks/certification/peer.py .certification/picks

Of each pick two things are asked: its tool ``validate_strategy``, over MCP, with the costs that it takes
by default; and the two tests of that tool, as it calls them, on the pick's payoffs without any cost.
"""

import argparse
import asyncio
import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

SERVE = "from backtester_mcp.mcp_server import run_server; run_server()"


async def validated(folder: Path) -> dict[str, dict[str, Any]]:
    """Collect the answers of ``validate_strategy``, by pick."""
    answers = {}
    async with (
        stdio_client(StdioServerParameters(command=sys.executable, args=["-c", SERVE])) as (reading, writing),
        ClientSession(reading, writing) as session,
    ):
        await session.initialize()
        for code in sorted(folder.glob("*.py")):
            asked = {"strategy_code": code.read_text(), "data_path": str(code.with_suffix(".csv").resolve())}
            answer = await session.call_tool("validate_strategy", asked)
            text = answer.content[0].text  # type: ignore[union-attr]
            if answer.isError:
                raise SystemExit(f"{code.stem}: {text}")
            answers[code.stem] = json.loads(text)
    return answers


def tested(payoff: np.ndarray) -> bool:
    """Check whether both of the peer's tests pass on payoffs.

    The bootstrap's interval must exclude zero, and the deflated Sharpe's p-value be low.
    """
    from backtester_mcp.robustness import bootstrap_sharpe, deflated_sharpe

    returns = 0.001 * payoff
    bootstrap = bootstrap_sharpe(returns)
    deflated = deflated_sharpe(observed_sharpe=bootstrap["sharpe"], n_returns=len(returns), n_strategies=1)
    return not bootstrap["ci_includes_zero"] and deflated["p_value"] <= 0.05


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="what benchmarks.certification.picks wrote")
    folder = parser.parse_args().folder
    passed: dict[str, list[tuple[bool, bool]]] = defaultdict(list)
    for stem, answer in asyncio.run(validated(folder)).items():
        payoff = np.array(json.loads((folder / f"{stem}.json").read_text()))
        passed[stem.partition("-")[2]].append((answer["verdict"] == "pass", tested(payoff)))
        print(stem, answer["verdict"], "; ".join(answer["reasons"]), flush=True)
    for mark, verdicts in sorted(passed.items(), key=lambda one: int(one[0])):
        told, free = np.sum(verdicts, axis=0)
        print(f"N = {mark}: validate_strategy passes {told} of {len(verdicts)} picks; its tests without costs {free}")


if __name__ == "__main__":
    main()
