"""Features of a million drawn order books of ten levels a side, beside the same by pandas and by polars.

One thread, caches of columns off, kernels compiled; every operator on books is among the features, and all three give the same
values to 1e-9. Seconds are medians of runs in turn. Memory is what a process of its own adds at its peak, the columns among
it: ours maps their files as datasets do, the others hold them in a frame. Run it with ``python -m benchmarks.book_features``;
polars is in the extra ``bench``.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from benchmarks.books.drawn import EXPRESSIONS, LEVELS, Book, Floats, compute_ours, draw_book
from benchmarks.books.memory import read_peak

ROWS, RUNS, NEAR = 1_000_000, 5, 1e-9
TARGET_SECONDS, TARGET_MEMORY = 2.0, 3.0
Engine = Callable[[], list[Floats]]


def prepare_ours(book: Book) -> Engine:
    """Compute from columns as they lie."""
    return partial(compute_ours, book)


def prepare_pandas(book: Book) -> Engine:
    """Put the columns into a frame of pandas."""
    import pandas as pd

    from benchmarks.books.by_pandas import with_pandas

    return partial(with_pandas, pd.DataFrame(book, copy=False))


def prepare_polars(book: Book) -> Engine:
    """Put the columns into a frame of polars."""
    import polars as pl

    from benchmarks.books.by_polars import with_polars

    return partial(with_polars, pl.DataFrame(book))


ENGINES = {"ours": prepare_ours, "pandas": prepare_pandas}
if find_spec("polars") is not None:
    ENGINES["polars"] = prepare_polars


def time_in_turn(engines: Mapping[str, Engine]) -> dict[str, tuple[float, float]]:
    """Measure the median wall and CPU seconds of each, so that a busy machine is busy for all."""
    marks: dict[str, list[tuple[float, float]]] = {name: [] for name in engines}
    for _ in range(RUNS):
        for name, work in engines.items():
            wall, cpu = time.perf_counter(), time.process_time()
            work()
            marks[name].append((time.perf_counter() - wall, time.process_time() - cpu))
    return {
        name: (statistics.median(m[0] for m in runs), statistics.median(m[1] for m in runs)) for name, runs in marks.items()
    }


def require_same(engines: Mapping[str, Engine]) -> float:
    """Compare what the engines compute; return the greatest difference, as a share of a value's size and a deviation.

    Raises
    ------
    AssertionError
        If two differ by more than :data:`NEAR`, or one has a value where another has none.
    """
    mine, worst = engines["ours"](), 0.0
    for name in engines.keys() - {"ours"}:
        for text, one, other in zip(EXPRESSIONS, mine, engines[name](), strict=True):
            assert np.array_equal(np.isnan(one), np.isnan(other)), f"{text}: {name} has other missing values"
            apart = float(np.nanmax(np.abs(one - other) / (np.abs(one) + np.nanstd(one))))
            assert apart <= NEAR, f"{text}: {name} differs by {apart:.1e}"
            worst = max(worst, apart)
    return worst


def measure_peak(name: str, folder: Path) -> float:
    """Measure in a process of its own the bytes that an engine adds, the columns among them."""
    told = [sys.executable, "-m", "benchmarks.book_features", "--peak-of", name, "--folder", str(folder)]
    return float(subprocess.run(told, check=True, capture_output=True, text=True).stdout)


def print_peak(name: str, folder: Path) -> None:
    """Print how far the memory of this process rises over what it is with all imported and compiled, in bytes."""
    ENGINES[name](draw_book(2_000))()
    before = read_peak()
    book = {path.stem: np.load(path, mmap_mode="r" if name == "ours" else None) for path in sorted(folder.iterdir())}
    values = ENGINES[name](book)()
    assert len(values) == len(EXPRESSIONS)
    print(read_peak() - before)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=ROWS, help=f"books; default {ROWS}")
    parser.add_argument("--peak-of", choices=ENGINES, help="print the peak of one engine alone")
    parser.add_argument("--folder", type=Path, help="of the columns stored for it")
    asked = parser.parse_args()
    if asked.peak_of:
        print_peak(asked.peak_of, asked.folder)
        return
    book = draw_book(asked.rows)
    size = sum(column.nbytes for column in book.values())
    with tempfile.TemporaryDirectory() as folder:
        for name, column in book.items():
            np.save(Path(folder) / f"{name}.npy", column)
        peaks = {name: measure_peak(name, Path(folder)) for name in ENGINES}
    engines = {name: prepare(book) for name, prepare in ENGINES.items()}
    apart = require_same(engines)
    times = time_in_turn(engines)
    print(f"{len(EXPRESSIONS)} features, {asked.rows:,} books of {LEVELS} levels, {size / 1e6:,.0f} MB; median of {RUNS}")
    for name, (wall, cpu) in times.items():
        ratio = f"{wall / times['ours'][0]:5.2f} of ours (CPU {cpu / times['ours'][1]:5.2f})"
        memory = f"{peaks[name] / 1e6:7,.0f} MB, {peaks[name] / size:.2f} of the columns"
        print(f"{name:8} {wall:7.3f} s   CPU {cpu:7.3f} s   {ratio}   memory at its peak {memory}")
    print(f"values differ by {apart:.0e} at most; targets: {TARGET_SECONDS} s, and {TARGET_MEMORY} of the columns")
    if "polars" not in ENGINES:
        print('polars is not installed; pip install "random-forest-cat[bench]"')


if __name__ == "__main__":
    main()
