"""How often each rule certifies a strategy that has no edge, and how often it finds one that is there.

An agent climbs on drawn markets through the workshop's own define, backtest and submit, in process, with
no delay before a verdict and no daily limit of looks; one tree stands in for the forest. Beside it stand
the rules that the field lives by, on the same trials, or (hill-climbing on test, Ladder, Thresholdout) on
searches that they lead themselves. What is done is kept in a file, a line a market, and is not done again.

    python -m benchmarks.false_certification --markets 400 --trials 500 --edge 0 --edge 0.04 --jobs 2

It ends with 1 if the protocol certifies so many markets without an edge that the lower 99 % bound of its rate
is above 5 %.
"""

import argparse
import json
import multiprocessing
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from factory.statistics.intervals import clopper_pearson
from factory.threads import LIBRARIES

KEPT = Path(".certification/markets.jsonl")
TOLERATED = 0.05
TITLES = {
    "psr": "best on validation, PSR 0.95 or more",
    "naive": "best on test of all trials, p < 0.05",
    "climb": "hill-climb on test, p < 0.05",
    "climb/N": "hill-climb on test, p < 0.05 / N",
    "peek": "a look at test at each improvement, p < 0.05",
    "ladder": "Ladder feedback, p < 0.05",
    "thresholdout": "Thresholdout feedback, p < 0.05",
    "peer": "backtester-mcp, validate_strategy",
    "protocol": "this protocol, five looks",
}

Found = dict[str, Any]
Task = tuple[float, int, int, bool]


def main() -> None:
    asked = _arguments()
    edges = sorted(set(asked.edge or [0.0]))
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    known = {(one["edge"], one["index"], one["trials"]): one for one in _read(asked.out)}
    tasks = [
        (edge, index, asked.trials, edge == 0 and index < asked.rivals)
        for index in range(asked.markets) for edge in edges if (edge, index, asked.trials) not in known
    ]  # fmt: skip
    with asked.out.open("a", encoding="utf-8") as file:
        for found in _searched(tasks, asked.jobs, asked.out.parent / "kernels"):
            known[found["edge"], found["index"], found["trials"]] = found
            file.write(json.dumps(found) + "\n")
            file.flush()
            os.fsync(file.fileno())
    held = True
    for edge in edges:
        chosen = [
            one for (of, index, trials), one in known.items() if (of, trials) == (edge, asked.trials) and index < asked.markets
        ]
        held &= report(edge, chosen)
    sys.exit(0 if held else 1)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--markets", type=int, default=10, help="of each edge; default 10")
    parser.add_argument("--trials", type=int, default=50, help="a search; above 250 its first 50 are judged too; default 50")
    parser.add_argument("--edge", type=float, action="append", help="true win rate above one half; again for more; default 0")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes; default one a core")
    parser.add_argument("--rivals", type=int, default=0, help="markets without edge that other rules search too; default 0")
    parser.add_argument("--out", type=Path, default=KEPT, help=f"what is kept; default {KEPT}")
    return parser.parse_args()


def _read(path: Path) -> Iterator[Found]:
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.endswith("}"):  # a killed run leaves half a line
                yield json.loads(line)


def _searched(tasks: list[Task], jobs: int, kernels: Path) -> Iterator[Found]:
    """What comes of each market, as it comes."""
    if not tasks:
        return
    kernels.mkdir(exist_ok=True)
    os.environ.update({f"{library}_NUM_THREADS": "1" for library in LIBRARIES})
    os.environ.update(NUMBA_CACHE_DIR=str(kernels.resolve()), RFCAT_THREADS="1")
    os.environ.update(RFCAT_RELEASE_SECONDS="0", RFCAT_LOOKS_A_DAY="0")
    columns = (TextColumn("searching markets"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    spawn = multiprocessing.get_context("spawn")
    with Progress(*columns) as bar, ProcessPoolExecutor(jobs, mp_context=spawn) as pool:
        told = bar.add_task("", total=len(tasks))
        futures = [pool.submit(_search, task, str(kernels.resolve())) for task in tasks]
        try:
            for future in as_completed(futures):
                yield future.result()
                bar.advance(told)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _search(task: Task, kernels: str) -> Found:
    from dataclasses import asdict

    from benchmarks.certification.search import search

    return asdict(search(*task, kernels))


def report(edge: float, found: list[Found]) -> bool:
    """Print the table of one edge; whether the protocol kept its rate."""
    if not found:
        return True
    trials = sum(one["trials"] for one in found)
    speed = trials / sum(one["trial_seconds"] for one in found)
    what = (
        "no edge: rate of false certificates"
        if edge == 0
        else f"true win rate {0.5 + edge:.2f} while active: rate of certificates"
    )
    print(f"\n{len(found)} markets, {what}; {speed:.1f} trials a second and core")
    marks = sorted({int(mark) for one in found for mark in one["verdicts"]})
    print("| rule | " + " | ".join(f"N = {mark}" for mark in marks) + " |\n| --- |" + " --- |" * len(marks))
    for rule, title in TITLES.items():
        cells = [_cell([one["verdicts"][str(mark)] for one in found if str(mark) in one["verdicts"]], rule) for mark in marks]
        if any(cells):
            print(f"| {title} | " + " | ".join(cells) + " |")
    if edge:
        rates = [_mean(one["choice"][str(mark)]["true"] for one in found if str(mark) in one["choice"]) for mark in marks]
        print("| true win rate of the best on validation, mean | " + " | ".join(f"{rate:.4f}" for rate in rates) + " |")
        return True
    certified = [one["verdicts"][str(mark)]["protocol"] for mark in marks for one in found if str(mark) in one["verdicts"]]
    bounds = [_lower([one["verdicts"][str(mark)] for one in found if str(mark) in one["verdicts"]]) for mark in marks]
    print(
        f"lower 99 % bound of the protocol's rate: {', '.join(f'{bound:.4f}' for bound in bounds)}; at most {TOLERATED} holds"
    )
    return bool(certified) and max(bounds) <= TOLERATED


def _cell(verdicts: list[Mapping[str, bool]], rule: str) -> str:
    """Rate with its 95 % interval, and of how many where that differs."""
    told = [verdict[rule] for verdict in verdicts if rule in verdict]
    if not told:
        return ""
    low, high = clopper_pearson(sum(told), len(told))
    return f"{sum(told) / len(told):.3f} [{low:.3f}, {high:.3f}]" + (f" of {len(told)}" if len(told) < len(verdicts) else "")


def _lower(verdicts: list[Mapping[str, bool]]) -> float:
    certified = sum(verdict["protocol"] for verdict in verdicts)
    return clopper_pearson(certified, len(verdicts), 0.98)[0]


def _mean(values: Iterable[float | None]) -> float:
    there = [value for value in values if value is not None]
    return sum(there) / len(there)


if __name__ == "__main__":
    main()
