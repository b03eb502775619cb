"""How often each rule certifies a strategy that has no edge, and how often it finds one that is there.

An agent climbs on drawn markets through the workshop's own define, backtest and submit, in process, with
no delay before a verdict and no daily limit of looks. One tree stands in for the forest; before each look the
best three ideas get a whole one, in trials of their own. Beside it stand the rules that the field lives by, on
the same search, or (hill-climbing on test, Ladder, Thresholdout) on searches that they lead themselves. What
is done is kept in a file, a line a market, and is not done again.

    python -m benchmarks.false_certification --markets 400 --trials 500 --edge 0 --edge 0.04 --jobs 2

It ends with 1 if the protocol certifies so many markets without an edge that the lower 99 % bound of its rate
is above 5 %.
"""

import argparse
import multiprocessing
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from math import isnan
from pathlib import Path
from statistics import fmean

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from benchmarks.certification.record import RULES, Judged, append, read
from factory.statistics.intervals import clopper_pearson
from factory.threads import LIBRARIES

KEPT = Path(".certification/markets.csv")
KERNELS = Path(".certification/kernels")
TOLERATED = 0.05
FEWEST = 5
Task = tuple[float, int, int, bool]


def main() -> None:
    asked = _arguments()
    edges = sorted(set(asked.edge or [0.0]))
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    known = [one for one in read(asked.out) if one.trials == asked.trials]
    done = {(one.edge, one.index) for one in known if one.n == one.trials}
    tasks = [
        (edge, index, asked.trials, edge == 0 and index < asked.rivals)
        for index in range(asked.markets) for edge in edges if (edge, index) not in done
    ]  # fmt: skip
    for found in _searched(tasks, asked.jobs):
        known += found
        append(asked.out, found)
    chosen = [[one for one in known if one.edge == edge and one.index < asked.markets] for edge in edges]
    held = [report(found) for found in chosen if found]
    sys.exit(0 if all(held) else 1)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--markets", type=int, default=10, help="of each edge; default 10")
    parser.add_argument("--trials", type=int, default=50, help="a search; above 250 its first 50 are judged too; default 50")
    parser.add_argument("--edge", type=float, action="append", help="true win rate above one half; again for more; default 0")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes; default one a core")
    parser.add_argument("--rivals", type=int, default=0, help="markets without edge that other rules search too; default 0")
    parser.add_argument("--out", type=Path, default=KEPT, help=f"what is kept; default {KEPT}")
    asked = parser.parse_args()
    if asked.trials < FEWEST or asked.markets < 1 or asked.jobs < 1:
        parser.error(f"--trials must be at least {FEWEST}, one for each look, --markets and --jobs at least 1")
    if not all(0 <= edge < 0.5 for edge in asked.edge or ()):
        parser.error("--edge is a win rate above one half, from 0 to below 0.5, such as 0.04")
    return asked


def _searched(tasks: list[Task], jobs: int) -> Iterator[list[Judged]]:
    """What comes of each market, as it comes."""
    if not tasks:
        return
    KERNELS.mkdir(parents=True, exist_ok=True)
    kernels = str(KERNELS.resolve())
    os.environ.update({f"{library}_NUM_THREADS": "1" for library in LIBRARIES})
    os.environ.update(NUMBA_CACHE_DIR=kernels, RFCAT_THREADS="1")
    os.environ.update(RFCAT_RELEASE_SECONDS="0", RFCAT_LOOKS_A_DAY="0")
    columns = (TextColumn("searching markets"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    spawn = multiprocessing.get_context("spawn")
    with Progress(*columns) as bar, ProcessPoolExecutor(jobs, mp_context=spawn) as pool:
        told = bar.add_task("", total=len(tasks))
        futures = [pool.submit(_search, task, kernels) for task in tasks]
        try:
            for future in as_completed(futures):
                yield future.result()
                bar.advance(told)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _search(task: Task, kernels: str) -> list[Judged]:
    from benchmarks.certification.search import search

    return search(*task, kernels)


def report(found: list[Judged]) -> bool:
    """Print the table of one edge; whether the protocol kept its rate."""
    edge, trials = found[0].edge, found[0].trials
    whole = [one for one in found if one.n == trials]
    speed = trials * len(whole) / sum(one.seconds for one in whole)
    what = (
        f"a true win rate of {0.5 + edge:g} while awake: rate of certificates"
        if edge
        else "no edge: rate of false certificates"
    )
    print(f"\n{len(whole)} markets, {what}; {speed:.1f} trials a second and process")
    lengths = [[one for one in found if one.n == n] for n in sorted({one.n for one in found})]
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


def _cell(said: list[bool | None]) -> str:
    """Rate with its 95 % interval, and of how many where not all were asked."""
    told = [one for one in said if one is not None]
    if not told:
        return ""
    low, high = clopper_pearson(sum(told), len(told))
    return f"{sum(told) / len(told):.3f} [{low:.3f}, {high:.3f}]" + (f" of {len(told)}" if len(told) < len(said) else "")


if __name__ == "__main__":
    main()
