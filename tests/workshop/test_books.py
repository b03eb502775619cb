"""Order books go the whole way: a file, rows, features on minutes, a trained pipeline; and books that know the future do not."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from factory.core.answers import Answer
from factory.core.times import MINUTE
from factory.expressions.columns import Columns
from factory.expressions.grammar import parse
from factory.market.build import build
from factory.market.catalog import Catalog
from factory.market.dataset import open_partition
from factory.market.spec import load_spec
from factory.storage.workspace import Workspace
from factory.tasks import perform
from factory.workshop import Workshop
from tests.market.bars import DAYS, SPEC, START, csv, rows
from tests.market.books import parquet

LEVELS, EVERY = 5, 10_000
DATASET = SPEC.replace(
    "contracts:",
    f"  book: {{kind: depth, underlying: BTCUSDT, period: 10s, levels: {LEVELS}, max_age: 10s, "
    "source: {use: files, files: book.parquet}}\ncontracts:",
)
PIPELINE = """\
pipeline: by-the-book
data: small
features: {move: "ret(btc.close, 5)", lean: "imbalance(book, 5)", flow: "at(1m, ofi(book, 1, 60))", near: "mean(pressure(book, 5), 6)"}
sample: {use: clock, every: 5m}
label: {use: up_down, of: btc, horizon: 5m}
meta: {use: forest, see: [move, lean, flow, near], trees: 10, leaf: 50}
trade: {use: up_or_down, contract: up, edge: 0, size: {use: fixed, share: 0.001}}
"""
Book = dict[str, np.ndarray]  # type: ignore[type-arg]


def book_of(bars: Book) -> Book:
    """A book each ten seconds about the price as it goes from open to close; its sizes lean to where the minute goes."""
    rng = np.random.default_rng(8)
    time = np.arange(START, START + DAYS * 24 * 60 * MINUTE, EVERY)
    minute, share = (time - START) // MINUTE, time % MINUTE / MINUTE
    mid = bars["open"][minute] * (1 - share) + bars["close"][minute] * share
    lean = np.tanh(np.diff(mid, prepend=mid[0]) / 1e-2) / 2
    book: Book = {"timestamp": time}
    for level in range(1, LEVELS + 1):
        book[f"ask_px_{level}"], book[f"bid_px_{level}"] = mid + 0.01 * level, mid - 0.01 * level
        book[f"ask_qty_{level}"] = rng.gamma(2.0, 1.0, len(time)) * (1 - lean) + 0.01
        book[f"bid_qty_{level}"] = rng.gamma(2.0, 1.0, len(time)) * (1 + lean) + 0.01
    return book


def stamp_early(book: Book) -> Book:
    """Each book as it is five minutes later, as where the stamp of another machine was taken for that of the event."""
    return {name: values if name == "timestamp" else np.roll(values, -5 * MINUTE // EVERY) for name, values in book.items()}


def smooth(book: Book) -> Book:
    """Sizes as their mean over eleven minutes around each moment."""
    window = np.full(66, 1 / 66)
    return {name: np.convolve(values, window, "same") if "qty" in name else values for name, values in book.items()}


def trial(folder: Path, change: Callable[[Book], Book]) -> tuple[Workspace, Answer]:
    bars = rows()
    csv(folder / "btc.csv", bars)
    parquet(folder / "book.parquet", change(book_of(bars)))
    workspace = Workspace.open(folder / "workspace")
    build(workspace, load_spec(DATASET), folder)
    chosen = str(Workshop(workspace, "tester").define(PIPELINE)["pipeline"])
    return workspace, perform(str(workspace.root), "backtest", {"pipeline": chosen})


def test_a_pipeline_reads_books_on_minutes_and_its_probes_pass(tmp_path: Path) -> None:
    workspace, answer = trial(tmp_path, lambda book: book)
    assert isinstance(answer["probes"], str), answer["probes"]
    facts = Catalog(workspace).meta("small")["series"]["book"]
    assert facts["kind"] == "depth"
    assert facts["missing"] == 0
    told = str(Workshop(workspace, "tester").describe("small")["series"]["book"])
    assert told == "10s depth: ask_px_1..5 ask_qty_1..5 bid_px_1..5 bid_qty_1..5 events ofi_1..5"
    part = open_partition(workspace, "small", "train")
    series, times = part.series["book"], np.arange(part.start + 2 * 60 * MINUTE, part.end, MINUTE)
    assert set(series.columns) >= {"events", "ofi_1", "ofi_5", "ask_px_5", "bid_qty_5"}
    row = (times - series.time[0]) // EVERY - 1
    bids, asks = (sum(series.columns[f"{side}_qty_{level}"] for level in range(1, 6)) for side in ("bid", "ask"))
    np.testing.assert_allclose(Columns(part).at(parse("imbalance(book, 5)"), times), ((bids - asks) / (bids + asks))[row])
    summed = np.concatenate(([0.0], np.cumsum(series.columns["ofi_1"])))
    expected = summed[row + 1] - summed[row + 1 - 360]
    np.testing.assert_allclose(Columns(part).at(parse("at(1m, ofi(book, 1, 60))"), times), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("change", [stamp_early, smooth], ids=["stamped early", "smoothed about its middle"])
def test_books_that_know_the_future_are_caught(change: Callable[[Book], Book], tmp_path: Path) -> None:
    _, answer = trial(tmp_path, change)
    blocked = answer["probes"]["block"]
    assert {line.partition(":")[0] for line in blocked} & {"P4", "P5"}, blocked
