"""A stored order book opened: ten levels a side each 500 ms, six days drawn, train and validation open.

Written as Parquet, imported and opened in a process of its own. The first time each block of the rows that a part may use is
read once and held to its hash; from then on the files are mapped, and rows are read where they are used. Run it with
``python -m benchmarks.book_opening``.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.books.drawn import LEVELS, Book, draw_book
from benchmarks.books.memory import read_mapped, read_peak
from factory.core.times import DAY, MINUTE, moment
from factory.market.book_columns import book_columns
from factory.market.build import build
from factory.market.dataset import open_partition
from factory.market.spec import load_spec
from factory.storage.workspace import Workspace

FIRST, DAYS, PERIOD, LAST_ROWS = "2024-01-01", 6, 500, 1_000
SPEC = f"""\
dataset: books
confirmed: true
series:
  btc: {{kind: bars, underlying: X, period: 1m, source: {{use: files, files: bars.parquet}}}}
  book: {{kind: depth, underlying: X, period: {PERIOD}ms, levels: {LEVELS}, source: {{use: files, files: book.parquet}}}}
contracts:
  perpetual: {{use: perpetual, of: btc, taker: 0.0005, maker: 0.0002, slippage: 0.0001, funding: 0.0001, leverage: 3}}
split:
  train: [{FIRST}, 2024-01-03]
  validation: [2024-01-03, 2024-01-05]
  sealed: [2024-01-05, 2024-01-07]
"""


def write_sources(folder: Path) -> int:
    """Write the book and minute bars of its mid; give the bytes of the book's columns."""
    book = draw_book(DAYS * DAY // PERIOD)
    columns = {name: book[name] for name in book_columns(LEVELS)}
    _write(folder / "book.parquet", columns, PERIOD)
    _write(folder / "bars.parquet", _bars(book), MINUTE)
    return sum(values.nbytes for values in columns.values())


def _bars(book: Book) -> Book:
    mid = ((book["ask_px_1"] + book["bid_px_1"]) / 2).reshape(-1, MINUTE // PERIOD)
    prices = {"open": mid[:, 0], "high": mid.max(axis=1), "low": mid.min(axis=1), "close": mid[:, -1]}
    return prices | {"volume": np.ones(len(mid))}


def _write(path: Path, columns: Book, period: int) -> None:
    time = moment(FIRST) + period * np.arange(len(next(iter(columns.values()))))
    stamps = pa.array(time).cast(pa.timestamp("ms", "UTC"))
    pq.write_table(pa.table({"timestamp": stamps, **columns}), path, compression="zstd", row_group_size=100_000)


def print_import(root: Path, folder: Path, size: int) -> None:
    """Import both series, and print the seconds and the memory of this process."""
    before, begun = read_peak(), time.perf_counter()
    build(Workspace.open(root), load_spec(SPEC), folder)
    seconds = time.perf_counter() - begun
    added = read_peak() - before
    print(f"import of {DAYS * DAY // PERIOD:,} rows, {size / 1e6:,.0f} MB: {seconds:.1f} s, {_spell(added, size)}", flush=True)


def print_opening(root: Path) -> None:
    """Open train twice and read its last rows, and print the seconds and the memory of this process."""
    workspace = Workspace.open(root)
    before, mapped, marks = read_peak(), read_mapped(), [time.perf_counter()]
    for _ in range(2):
        book = open_partition(workspace, "books", "train").series["book"]
        marks.append(time.perf_counter())
    size = sum(values.nbytes for values in (book.time, book.known, *book.columns.values()))
    print(f"train: {len(book):,} rows of {len(book.columns)} columns, {size / 1e6:,.0f} MB")
    first, again = np.diff(marks)
    print(f"opened the first time: {first:.2f} s ({size / 1e6 / first:,.0f} MB/s), {_spell(read_peak() - before, size)}")
    total = sum(float(values[-LAST_ROWS:].sum()) for values in book.columns.values())
    assert np.isfinite(total)
    seconds = time.perf_counter() - marks[-1]
    print(f"opened again: {again * 1e3:.1f} ms; the last {LAST_ROWS:,} rows read: {seconds * 1e3:.1f} ms", end=", ")
    print(f"{_spell(read_peak() - before, size)}; {(read_mapped() - mapped) / 1e6:,.0f} MB of it are pages of the files")


def _spell(added: int, size: int) -> str:
    return f"memory at its peak {added / 1e6:,.0f} MB more, {added / size:.2f} of the columns"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--open", type=Path, help="open the dataset of a workspace")
    parser.add_argument("--build", type=Path, nargs=2, help="import into a workspace from a folder")
    parser.add_argument("--size", type=int, default=0, help="bytes of what is imported")
    asked = parser.parse_args()
    if asked.open:
        print_opening(asked.open)
    elif asked.build:
        print_import(*asked.build, asked.size)
    else:
        _run_all()


def _run_all() -> None:
    with tempfile.TemporaryDirectory() as folder:
        size, root = write_sources(Path(folder)), f"{folder}/workspace"
        # Each in a process of its own, whose memory is that of the work alone.
        for told in (["--build", root, folder, "--size", str(size)], ["--open", root]):
            subprocess.run([sys.executable, "-m", "benchmarks.book_opening", *told], check=True)


if __name__ == "__main__":
    main()
