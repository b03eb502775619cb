"""Order books of ten levels from their updates, beside a plain loop over dictionaries that gives the same books.

    python -m benchmarks.book_rebuild [--data FOLDER]

The 44,770 books of ``lob/binance_coinm_btcusd_perp_20240808_depth10.parquet`` are told as a snapshot and the updates between
them, and rebuilt from messages and from a capture file. Exchanges' books hold many levels behind those that are read: the
second pair of lines has a thousand more a side. One thread, medians of runs in turn. The folder is not part of the project.
"""

import argparse
import json
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy import float64
from numpy.typing import NDArray

from benchmarks.books.plain_rebuilder import read_plainly, rebuild_plainly
from benchmarks.books.updates import read_states, tell_updates, write_capture
from benchmarks.orderbook import in_turn
from benchmarks.real_files import add_data_option, is_there
from factory.market.books.binance import read_raw
from factory.market.books.events import Events, Reading
from factory.market.books.rebuilder import Rebuilder
from factory.market.books.sequence import Update, parse_snapshot, parse_update
from factory.market.series_spec import SeriesSpec

FILE, LEVELS, RUNS, BATCH, FURTHER = "binance_coinm_btcusd_perp_20240808_depth10.parquet", 10, 5, 4_096, (0, 1_000)
Books = NDArray[float64]


def rebuild(updates: list[Update]) -> Books:
    """Apply updates in batches, as captures do."""
    rebuilder = Rebuilder(LEVELS)
    return np.concatenate([rebuilder.apply("benchmark", updates[at : at + BATCH]) for at in range(0, len(updates), BATCH)])


def read_capture(path: Path) -> Books:
    """Read the books of a capture file, each following the one before."""
    source = {"use": "files", "files": path.name, "format": "binance-raw"}
    keys = {"kind": "depth", "underlying": "BTCUSD_PERP", "period": "100ms", "levels": LEVELS, "source": source}
    batches = read_raw([path], Reading(SeriesSpec.model_validate(keys)))
    return np.concatenate([batch.books for batch in batches if isinstance(batch, Events)])


def read_updates(path: Path) -> list[Update]:
    """Read the messages of a capture file, the snapshot first."""
    messages = (json.loads(line.partition(" ")[2]) for line in path.read_text(encoding="utf-8").splitlines())
    return [
        (parse_snapshot if "lastUpdateId" in message else parse_update)(message, place, -1)
        for place, message in enumerate(messages)
    ]


def compare(path: Path, books: Books, title: str) -> None:
    """Print how many updates a second are applied, from a capture file and from messages that were read before."""
    # The file comes first: the more objects a process holds, the longer each garbage collection takes.
    compare_pair(f"{title}, a file", (partial(read_capture, path), partial(read_plainly, path, LEVELS)), books)
    updates = read_updates(path)
    cells = [(update.asks, update.bids) for update in updates]
    compare_pair(f"{title}, messages", (partial(rebuild, updates), partial(rebuild_plainly, cells, LEVELS)), books)


def compare_pair(title: str, works: Sequence[Callable[[], Books]], books: Books) -> None:
    """Print how many updates a second each of two ways applies."""
    for work in works:
        # A capture begins to give books with the first update after its snapshot.
        assert np.array_equal(work()[-len(books) + 1 :], books[1:]), "books differ"
    ours, plain = in_turn(works, RUNS)
    rates = f"{len(books) / ours:10,.0f} a second{len(books) / plain:16,.0f} a second"
    print(f"{title:24}{rates}{plain / ours:10.2f} x")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    add_data_option(parser)
    path = parser.parse_args().data / "lob" / FILE
    if not is_there("book_rebuild", path):
        return
    numbers, books = read_states(path, LEVELS)
    print(f"{len(books) - 1:,} updates, the first {LEVELS} levels after each; median of {RUNS}")
    print(f"{'levels held':24}{'ours':>19}{'plain loop':>25}")
    with tempfile.TemporaryDirectory() as folder:
        for further in FURTHER:
            capture = Path(folder) / f"{further}.txt"
            write_capture(capture, tell_updates(numbers, books, further))
            compare(capture, books, f"{LEVELS + further:,} a side")


if __name__ == "__main__":
    main()
