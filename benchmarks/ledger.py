"""Milliseconds of each light call, and of two pages, as a ledger grows, beside reading all trials once, which no call does.

    python -m benchmarks.ledger --trials 300 1000 3000 10000

A call is made as a server makes it: with a workshop of its own on tables that are open. The trials are one real trial's row with figures
and daily P&L drawn anew, each of a pipeline of its own.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import Generator

from benchmarks.certification.agent import Idea
from benchmarks.certification.market import DATASET, spec_text
from benchmarks.certification.simulated import SimulatedMarket, tried
from factory.ledger.trial_list import TrialFilter
from factory.pipeline import Pipeline
from factory.views.families import draw_family
from factory.views.trial_list import TrialQuery, make_page
from factory.workshop import Workshop

RUNS = 15
LIMIT_MS = 50
IDEA = Idea(("r60",), None, 0.5, 0.0, 1_000)


def grow(market: SimulatedMarket, first: Pipeline, trials: int, rng: Generator) -> Pipeline:
    """Write trials down until there are so many; return the pipeline of the last."""
    workshop = market.workshop
    row = workshop.ledger.find_trial(first.id, workshop.score_key(first))
    assert row is not None
    metrics, days = row.payload["metrics"], len(row.payload["daily"])
    last = first
    for number in range(workshop.ledger.counts(DATASET).trials, trials):
        last = first.changed({"meta.leaf": 2_000 + number})
        workshop.adopt(last, first.id)
        luck = float(rng.normal())
        drawn = {"sharpe": metrics.get("sharpe", 0.0) + luck, "mean_high": 0.01 * luck, "p_value": 0.5, "total_return": 0.01}
        daily = [float(f"{net:.10g}") for net in rng.normal(size=days)]
        payload = {**row.payload, "metrics": {**metrics, **drawn}, "daily": daily}
        workshop.ledger.trial(last.id, DATASET, workshop.score_key(last), payload)
    return last


def calls(market: SimulatedMarket, last: Pipeline, trials: int) -> dict[str, Callable[[Workshop], Any]]:
    """List what an agent asks for without any work being done."""
    return {
        "describe_market": lambda workshop: workshop.describe(),
        "list_features": lambda workshop: workshop.list_features(search="volatility"),
        "define_pipeline": lambda workshop: workshop.define(parent=last.id, changes={"meta.leaf": 1_000}),
        "show leaderboard": lambda workshop: workshop.show("leaderboard"),
        "show trials, last page": lambda workshop: workshop.show("trials", page=max(1, trials // 10)),
        "show summary": lambda workshop: workshop.show("summary"),
        "show ledger": lambda workshop: workshop.show("ledger"),
        "show a pipeline": lambda workshop: workshop.show(last.id),
        "a page of trials": lambda workshop: make_page(workshop, TrialQuery(TrialFilter())),
        "a family's tree": lambda workshop: draw_family(workshop, workshop.ledger.families(1)[0][0].root),
        "backtest, seen before": lambda workshop: workshop.find_trial(last),
        "(all trials read)": lambda workshop: workshop.ledger.all_trials(DATASET),
    }


def median_ms(market: SimulatedMarket, call: Callable[[Workshop], Any]) -> float:
    """Measure the median time of a call in a workshop of its own, the first left out."""
    taken = []
    for _ in range(RUNS + 1):
        begin = time.perf_counter()
        call(Workshop(market.workspace, "bench", market.workshop.ledger, market.workshop.store))
        taken.append(1000 * (time.perf_counter() - begin))
    return statistics.median(taken[1:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, nargs="+", default=[300, 1_000, 3_000, 10_000], metavar="N")
    sizes = sorted(parser.parse_args().trials)
    rng = np.random.default_rng(0)
    columns: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        market = SimulatedMarket(Path(folder) / "workspace", spec_text(0, 0.0), "bench")
        first = Pipeline.of(IDEA.spec(DATASET, {}))
        tried(market.workshop, IDEA.spec(DATASET, {}))
        for size in sizes:
            last = grow(market, first, size, rng)
            columns.append({name: median_ms(market, call) for name, call in calls(market, last, size).items()})
    print(f"{'milliseconds at so many trials':32}" + "".join(f"{size:>9,}" for size in sizes))
    for name in columns[0]:
        print(f"{name:32}" + "".join(f"{column[name]:9.1f}" for column in columns))
    worst = max(ms for name, ms in columns[-1].items() if not name.startswith("("))
    print(f"{'slowest light call':32}{worst:.1f} ms at {sizes[-1]:,}   target at most {LIMIT_MS}")


if __name__ == "__main__":
    main()
