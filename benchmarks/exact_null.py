"""How far the exam's frozen rule is from the exact one: the whole pipeline run again on every drawn market.

The exam freezes a pipeline's decisions and walks them over drawn markets. The exact alternative flips the sealed bars
of all series themselves, one fair sign a minute, lets the pipeline decide anew on them, and asks how often it earns as much: too slow
for a look, and the measure of one. The agent of the certification benchmark searches a few drawn markets; its best
idea is judged both ways.

    python -m benchmarks.exact_null --markets 6 --draws 199
"""

import argparse
import os
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy import float64
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks.certification.agent import Idea
from benchmarks.certification.market import DATASET
from benchmarks.certification.search import FOREST, Market, statistic
from benchmarks.certification.simulated import fast_folder
from factory.core.canonical import seed_for
from factory.core.times import MINUTE
from factory.expressions.columns import Columns
from factory.flow import Scored, evaluate
from factory.market.contracts import Binary, Contract
from factory.market.series import Partition, Series
from factory.market.series_kinds import series_kind
from factory.pipeline import Pipeline
from factory.vault import exam

PRICES = ("open", "high", "low", "close")
TRIALS = 20
"""Of each search; the best of them is judged."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--markets", type=int, default=6, help="half without an edge, half with one; default 6")
    parser.add_argument("--draws", type=int, default=199, help="drawn markets on which the pipeline is run again; default 199")
    given = parser.parse_args()
    os.environ.update(RFCAT_THREADS="1")
    table = Table("market", "true win rate", "decisions", "frozen p", "exact p", title="The exam's rule against the exact one")
    for place in range(given.markets):
        edge, index = (0.0, 0.04)[place % 2], 1_000 + place // 2
        table.add_row(*judge_market(edge, index, given.draws))
    Console().print(table)


def judge_market(edge: float, index: int, draws: int) -> list[str]:
    """Make a row of the table: judge the best idea of a short search by frozen decisions and by whole runs."""
    with tempfile.TemporaryDirectory(prefix="exact-", dir=fast_folder()) as folder:
        market = Market(Path(folder), edge, index)
        idea = find_best(market)
        pipeline = Pipeline.of(idea.spec(DATASET, market.levels, FOREST))
        contract, fitted = market.contract(pipeline), exam.prepare(market.workspace, pipeline)
        plan = exam.plan(market.workspace, pipeline, contract, fitted)
        sealed, seed = market.parts["sealed"], seed_for(pipeline.id, "look")
        examined = exam.examine(pipeline, contract, fitted, sealed, plan.information, plan.price, plan.wager, seed)
        ours = earned(contract, examined.scored)
        again = [
            earned(contract, evaluate(pipeline, contract, fitted, Columns(flip_partition(sealed, seed + draw), None)))
            for draw in range(draws)
        ]
        exact = (1 + sum(one >= ours for one in again)) / (draws + 1)
        rate = market.true_rate(idea)
        market.workshop.ledger.close()
    return [
        f"{edge:g} {index}",
        f"{rate:.3f}",
        f"{examined.frozen.counted}",
        f"{examined.frozen.p_values()['p_value']:.4f}",
        f"{exact:.4f}",
    ]


def find_best(market: Market) -> Idea:
    """Find the best idea by validation of a short search."""
    climber, known, best = market.climber(), set[Idea](), {}
    for _ in range(TRIALS):
        idea = climber.propose(known)
        known.add(idea)
        best[idea] = statistic(market.trial(idea).payload["metrics"])
        climber.hear(idea, best[idea])
    return max(best, key=lambda one: best[one])


def earned(contract: Contract, scored: Scored) -> float:
    """Compute what is compared: of windows the sum of net payoffs over its deviation by chance; of trades the sum itself."""
    payoff, price = scored.result.trades.payoff, scored.result.trades.price
    if not isinstance(contract, Binary):
        return float(payoff.sum())
    return float(payoff.sum() / np.sqrt(max(np.sum(price * (1 - price)), 1e-12)))


def flip_partition(partition: Partition, seed: int) -> Partition:
    """Flip a partition's own bars, all series by the same sign in the same minute."""
    first = partition.start // MINUTE
    sign = np.random.default_rng(seed).choice([-1.0, 1.0], (partition.end - partition.start) // MINUTE + 1)
    flipped = {name: _flip(one, partition.start, sign, first) for name, one in partition.series.items()}
    return replace(partition, series=flipped)


def _flip(series: Series, start: int, sign: NDArray[float64], first: int) -> Series:
    """Reflect a series' bars from a moment on in log at the close before, prices rebuilt."""
    if not series_kind(series.kind).is_traded:
        return series
    rows = np.flatnonzero((series.time >= start) & series.traded)
    log = {name: np.log(series.columns[name][rows]) for name in PRICES}
    before = np.concatenate([[np.log(series.columns["close"][rows[0] - 1])], log["close"][:-1]])
    up = sign[np.minimum(series.time[rows] // MINUTE - first, len(sign) - 1)]
    move = {name: up * (values - before) for name, values in log.items()}
    move["high"], move["low"] = np.where(up > 0, move["high"], move["low"]), np.where(up > 0, move["low"], move["high"])
    base = before[0] + np.concatenate([[0.0], np.cumsum(move["close"])[:-1]])
    columns = dict(series.columns)
    for name in PRICES:
        columns[name] = np.array(columns[name])
        columns[name][rows] = np.exp(base + move[name])
    return replace(series, columns=columns)


if __name__ == "__main__":
    main()
