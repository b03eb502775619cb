"""How often each rule certifies a strategy that has no edge, and how often it finds one that is there.

An agent climbs on drawn markets through the workshop's own define, backtest and submit, in process, with
no delay before a verdict and no daily limit of looks. One tree stands in for the forest; before each look the
best three ideas get a whole one, in trials of their own. Beside it stand the rules that the field lives by, on
the same search, or (hill-climbing on test, Ladder, Thresholdout) on searches that they lead themselves. What
is done is kept in a file, a line a market, and is not done again.

    python -m benchmarks.false_certification --markets 400 --trials 500 --edge 0 --edge 0.04 --jobs 2

It ends with 1 if the protocol certifies so many markets without an edge that the lower 99 % bound of its rate
is above 5 %.

Other agents know the rule and attack it, each on markets of the kinds where it is at home:

    python -m benchmarks.false_certification --agent pennies --agent clock --markets 100
    python -m benchmarks.false_certification --agent all --kind crash

Then it ends with 1 if a cell holds more certificates than its bound explains. What they got from the exam as it was
before its rule was made for them is in benchmarks/certification/adversaries_before.csv.
"""

import argparse
import multiprocessing
import os
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from math import isnan
from pathlib import Path
from statistics import fmean
from typing import Any, TypeVar

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from benchmarks.certification.record import RULES, Attacked, Judged, append, read
from factory.core.threads import LIBRARIES
from factory.statistics.intervals import clopper_pearson

KEPT = Path(".certification/markets.csv")
KEPT_ATTACKS = Path(".certification/adversaries.csv")
KERNELS = Path(".certification/kernels")
CLIMBER, ALL = "climber", "all"
TOLERATED = 0.05
EXPLAINED = 0.03
"""Chance of more certificates in a cell than are tolerated, at its bound: 9 of 100 markets at 5 %."""
FEWEST = 5
Search = tuple[float, int, int, bool]
Attack = tuple[str, int, tuple[str, ...]]
Task = TypeVar("Task", Search, Attack)


def main() -> None:
    asked = _arguments()
    sys.exit(0 if (_climb(asked) if asked.agent == [CLIMBER] else _run_attacks(asked)) else 1)


def _climb(asked: argparse.Namespace) -> bool:
    """Search what is not kept and print the tables; return whether the protocol kept its rate."""
    edges, out = sorted(set(asked.edge or [0.0])), asked.out or KEPT
    known = [one for one in read(out, Judged) if one.trials == asked.trials]
    done = {(one.edge, one.index) for one in known if one.n == one.trials}
    tasks = [
        (edge, index, asked.trials, edge == 0 and index < asked.rivals)
        for index in range(asked.markets) for edge in edges if (edge, index) not in done
    ]  # fmt: skip
    for searches in _run_tasks(_search, tasks, asked.jobs, "searching markets"):
        known += searches
        _keep(out, searches)
    chosen = [[one for one in known if one.edge == edge and one.index < asked.markets] for edge in edges]
    held = [report(searches) for searches in chosen if searches]
    return all(held)


def _run_attacks(asked: argparse.Namespace) -> bool:
    """Let adversaries attack what is not kept and print the table; return whether each cell is within its bound."""
    from benchmarks.certification.adversaries import ADVERSARIES

    out = asked.out or KEPT_ATTACKS
    known = {one.key: one for one in read(out, Attacked)}
    agents = list(ADVERSARIES) if ALL in asked.agent else list(dict.fromkeys(asked.agent))
    cells = [(name, kind) for name in agents for kind in ADVERSARIES[name].kinds if kind in (asked.kind or [kind])]
    missing: dict[tuple[int, str], list[str]] = defaultdict(list)
    for index in range(asked.markets):
        for name, kind in cells:
            if (name, kind, index) not in known:
                missing[index, kind].append(name)
    tasks = [(kind, index, tuple(names)) for (index, kind), names in missing.items()]
    for attacks in _run_tasks(_attack, tasks, asked.jobs, "attacking markets"):
        known |= {one.key: one for one in attacks}
        _keep(out, attacks)
    chosen = [[one for one in known.values() if (one.agent, one.kind) == cell and one.index < asked.markets] for cell in cells]
    return report_attacks([attacks for attacks in chosen if attacks])


def _keep(out: Path, lines: Sequence[Any]) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    append(out, lines)


def _arguments() -> argparse.Namespace:
    from benchmarks.certification.adversaries import ADVERSARIES
    from benchmarks.certification.kinds import KINDS

    agents = (CLIMBER, *ADVERSARIES, ALL)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--agent", action="append", choices=agents, metavar="NAME", help=f"{', '.join(agents)}; default {CLIMBER}"
    )
    parser.add_argument("--markets", type=int, default=10, help="of each edge, or kind; default 10")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes; default one a core")
    parser.add_argument("--out", type=Path, help=f"what is kept; default {KEPT}, of adversaries {KEPT_ATTACKS}")
    climber = parser.add_argument_group(f"of the {CLIMBER}")
    climber.add_argument("--trials", type=int, default=50, help="a search; above 250 its first 50 are judged too; default 50")
    climber.add_argument("--edge", type=float, action="append", help="true win rate above one half; again for more; default 0")
    climber.add_argument("--rivals", type=int, default=0, help="markets without edge that other rules search too; default 0")
    attacks = parser.add_argument_group("of the others")
    attacks.add_argument(
        "--kind", action="append", choices=KINDS, metavar="KIND", help=f"{', '.join(KINDS)}; default all of an agent"
    )
    asked = parser.parse_args()
    asked.agent = asked.agent or [CLIMBER]
    if CLIMBER in asked.agent and len(asked.agent) > 1:
        parser.error(f"--agent {CLIMBER} goes alone; its markets and its record are others")
    if asked.trials < FEWEST or asked.markets < 1 or asked.jobs < 1:
        parser.error(f"--trials must be at least {FEWEST}, one for each look, --markets and --jobs at least 1")
    if not all(0 <= edge < 0.5 for edge in asked.edge or ()):
        parser.error("--edge is a win rate above one half, from 0 to below 0.5, such as 0.04")
    return asked


def _run_tasks(work: Callable[[Task, str], list[Any]], tasks: list[Task], jobs: int, what: str) -> Iterator[list[Any]]:
    """Yield what comes of each market, as it comes."""
    if not tasks:
        return
    KERNELS.mkdir(parents=True, exist_ok=True)
    kernels = str(KERNELS.resolve())
    os.environ.update({f"{library}_NUM_THREADS": "1" for library in LIBRARIES})
    os.environ.update(NUMBA_CACHE_DIR=kernels, RFCAT_THREADS="1")
    os.environ.update(RFCAT_RELEASE_SECONDS="0", RFCAT_LOOKS_A_DAY="0")
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    spawn = multiprocessing.get_context("spawn")
    with Progress(*columns) as bar, ProcessPoolExecutor(jobs, mp_context=spawn) as pool:
        told = bar.add_task("", total=len(tasks))
        futures = [pool.submit(work, task, kernels) for task in tasks]
        try:
            for future in as_completed(futures):
                yield future.result()
                bar.advance(told)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _search(task: Search, kernels: str) -> list[Judged]:
    from benchmarks.certification.search import search

    return search(*task, kernels)


def _attack(task: Attack, kernels: str) -> list[Attacked]:
    from benchmarks.certification.attack import attack_market

    return attack_market(*task, kernels)


def report(searches: list[Judged]) -> bool:
    """Print the table of one edge; return whether the protocol kept its rate."""
    edge, trials = searches[0].edge, searches[0].trials
    whole = [one for one in searches if one.n == trials]
    speed = trials * len(whole) / sum(one.seconds for one in whole)
    what = (
        f"a true win rate of {0.5 + edge:g} while awake: rate of certificates"
        if edge
        else "no edge: rate of false certificates"
    )
    print(f"\n{len(whole)} markets, {what}; {speed:.1f} trials a second and process")
    lengths = [[one for one in searches if one.n == n] for n in sorted({one.n for one in searches})]
    print("| rule | " + " | ".join(f"N = {some[0].n}" for some in lengths) + " |\n| --- |" + " --- |" * len(lengths))
    for rule, title in RULES.items():
        cells = [_cell([one.certified(rule) for one in some]) for some in lengths]
        if any(cells):
            print(f"| {title} | " + " | ".join(cells) + " |")
    if edge:
        rates = [[one.true for one in some if not isnan(one.true)] for some in lengths]
        print("| true win rate of the best on validation, mean | " + " | ".join(f"{fmean(rate):.4f}" for rate in rates) + " |")
        return True
    bounds = [clopper_pearson(sum(one.certified("protocol") or False for one in some), len(some), 0.98)[0] for some in lengths]
    print(f"lower 99 % bounds of the protocol's rate: {', '.join(f'{bound:.4f}' for bound in bounds)}; {TOLERATED} is the most")
    return max(bounds) <= TOLERATED


def report_attacks(cells: list[list[Attacked]]) -> bool:
    """Print a row a cell; return whether each holds no more certificates than its bound explains.

    Those are included that a plan prevented.
    """
    from scipy.stats import binom

    from benchmarks.certification.kinds import KINDS

    print("\n| agent | market | looks a market | certified | rate | without a plan | at most | true net, mean | seconds |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    held = True
    for attacks in cells:
        agent, kind, n = attacks[0].agent, attacks[0].kind, len(attacks)
        certified = sum(one.certified for one in attacks)
        most = int(binom.isf(EXPLAINED, n, KINDS[kind].bound))
        passed = sum(one.passed for one in attacks)
        held &= passed <= most
        net = [one.net for one in attacks if not isnan(one.net)]
        told = (
            agent, kind, f"{sum(one.spent for one in attacks) / n:.2f}", f"{certified} of {n}", _cell([one.certified for one in attacks]),
            f"{passed}", f"{most}", f"{fmean(net):.5f}" if net else "", f"{fmean(one.seconds for one in attacks):.1f}",
        )  # fmt: skip
        print(f"| {' | '.join(told)} |")
    return held


def _cell(said: Sequence[bool | None]) -> str:
    """Write the rate with its 95 % interval, and of how many where not all were asked."""
    told = [one for one in said if one is not None]
    if not told:
        return ""
    low, high = clopper_pearson(sum(told), len(told))
    return f"{sum(told) / len(told):.3f} [{low:.3f}, {high:.3f}]" + (f" of {len(told)}" if len(told) < len(said) else "")


if __name__ == "__main__":
    main()
