"""One drawn order book, written out in each format that a dataset file can name, goes the whole way to a probed trial."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import groupby, pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from factory.core.answers import Answer
from factory.core.times import DAY, MINUTE, moment
from factory.expressions.columns import Columns
from factory.learning.decision_table import DecisionTable, read_decisions
from factory.market.book_columns import FORMATS, TRADED, book_columns
from factory.market.book_simulator import LEVELS, STEP, simulate_book
from factory.market.build import build
from factory.market.catalog import Catalog
from factory.market.dataset import open_partition
from factory.market.spec import load_spec
from factory.pipeline import parse
from factory.storage.workspace import Workspace
from factory.tasks import perform
from factory.workshop import Workshop
from tests.market.bars import csv
from tests.market.books import flow, parquet

START, DAYS, SEED, EDGE = moment("2024-01-01"), 7, 3, 0.1
LOTS = 100
"""Lots of a unit of the drawn sizes: LOBSTER has whole numbers alone."""
MIDDLE, LATE = STEP // 2, 40
"""Milliseconds from a row's beginning to its event, and from an event to its receipt."""
DECIMALS = 1e-5
"""What FI-2010's decimal-precision files multiply prices and sizes by."""
NEW_YORK = ZoneInfo("America/New_York")
Numbers = np.ndarray  # type: ignore[type-arg]
Drawn = dict[str, Numbers]

DATASET = """\
dataset: small-files
confirmed: true
series:
  btc: {kind: bars, underlying: SMALL-BOOK, period: 1m, source: {use: files, files: btc.csv}}
  book: {kind: depth, underlying: SMALL-BOOK, period: 10s, levels: 5, max_age: 10s, source: {use: files, SOURCE}}
contracts:
  btc-perpetual: {use: perpetual, of: btc, taker: 0.0001, maker: 0, slippage: 0, book: book, funding: 0.0001, leverage: 5}
split:
  train: [2024-01-01, 2024-01-04]
  validation: [2024-01-04, 2024-01-06]
  sealed: [2024-01-06, 2024-01-08]
looks: 5
"""
PIPELINE = """\
pipeline: from-files
data: small-files
features: {lean: "imbalance(book, 5)", near: "microprice(book) / mid(book) - 1", flow: "ofi(book, 1, 12)"}
sample: {use: clock, every: 2m}
label: {use: mid_move, of: btc, book: book, horizon: 5m, flat: 0.33}
experts: {line: {use: logistic, see: [lean, near, flow]}}
meta: {use: forest, see: [line, lean, near, flow], trees: 20, leaf: 20}
trade: {use: long_or_short, contract: btc-perpetual, enter: 0.4, exit: {use: after, hold: 6m}, size: {use: fixed, share: 0.5}}
"""


@dataclass(frozen=True)
class Case:
    """How a format is written and declared, and what of the drawn book its files carry."""

    write: Callable[[Path, Drawn], None]
    source: str
    has_trades: bool = True
    scale: float = 1.0


@dataclass(frozen=True)
class Trial:
    """A dataset of files of one format, and what a trial on it answered."""

    workspace: Workspace
    answer: Answer


@cache
def draw() -> tuple[Drawn, Drawn]:
    """The bars, and the book in whole lots; what was traded in a row is one trade, of a seller where it is below 0."""
    frames = simulate_book(SEED, START, DAYS, EDGE)
    bars, book = frames["btc"], frames["book"]
    lots = {
        name: np.maximum(np.rint(LOTS * book.columns[name]), 1) if "_qty_" in name else book.columns[name]
        for name in book_columns(LEVELS)
    }
    net = np.rint(LOTS * (book.columns["buy_qty"] - book.columns["sell_qty"]))
    return {"timestamp": bars.time, **bars.columns}, {"time": book.time, **lots, "taken": np.where(net == 0, 1, net)}


def rows_of(book: Drawn) -> Numbers:
    """A row a book, as book_columns orders it."""
    return np.column_stack([book[name] for name in book_columns(LEVELS)])


def write_levels(folder: Path, book: Drawn) -> None:
    """Books in Parquet with their times of receipt, trades in CSV."""
    event = book["time"] + MIDDLE
    columns = {name: book[name] for name in book_columns(LEVELS)}
    parquet(folder / "depth.parquet", {"timestamp": event, "local_ts_ns": (event + LATE) * 1_000_000, **columns})
    price = np.where(book["taken"] > 0, book["ask_px_1"], book["bid_px_1"])
    lines = [
        f"{time},{paid},{abs(taken):.0f},{'true' if taken < 0 else 'false'}"
        for time, paid, taken in zip(event.tolist(), price.tolist(), book["taken"].tolist(), strict=True)
    ]
    (folder / "trades.csv").write_text("\n".join(["timestamp,price,qty,is_buyer_maker", *lines]) + "\n")


def sides(row: list[float]) -> dict[str, dict[str, str]]:
    """Asks and bids of a book, best first, as Binance writes numbers."""
    return {
        key: {f"{row[at]:.2f}": f"{row[at + 1]:.3f}" for at in range(first, 4 * LEVELS, 4)}
        for key, first in (("a", 0), ("b", 2))
    }


def binance_messages(book: Drawn, is_spot: bool) -> Iterator[tuple[int, dict[str, object]]]:
    """A snapshot, then an update and a trade a row, after their times: what changed, and a size of 0 for levels that went."""
    rows, times, taken = rows_of(book).tolist(), (book["time"] + MIDDLE).tolist(), book["taken"].tolist()
    held = sides(rows[0])
    clock = {} if is_spot else {"E": times[0] - 1_000, "T": times[0] - 1_000}
    yield times[0] - 1_000, {"lastUpdateId": 1_000, **clock, "bids": [*held["b"].items()], "asks": [*held["a"].items()]}
    for number, (time, row, net) in enumerate(zip(times, rows, taken, strict=True), 1_001):
        new = sides(row)
        changes = {key: [*{**dict.fromkeys(held[key], "0.000"), **new[key]}.items()] for key in new}
        own: dict[str, object] = {} if is_spot else {"T": time, "pu": number - 1}
        yield time, {"e": "depthUpdate", "E": time, "s": "BTCUSDT", "U": number, "u": number, **own, **changes}
        own = {"M": True} if is_spot else {"X": "MARKET"}
        price = row[0] if net > 0 else row[2]
        trade = {"e": "trade", "E": time, "T": time, "s": "BTCUSDT", "t": number, "p": f"{price:.2f}", "q": f"{abs(net):.3f}"}
        yield time, {**trade, "m": net < 0, **own}
        held = new


def write_raw(folder: Path, book: Drawn) -> None:
    """A capture of USD-M: wrapped messages after their times of receipt in ns."""
    with (folder / "capture.txt").open("w") as file:
        for time, message in binance_messages(book, is_spot=False):
            file.write(f"{(time + LATE) * 1_000_000 + 345_678} {json.dumps({'stream': 'x', 'data': message})}\n")


def write_rest(folder: Path, book: Drawn) -> None:
    """Bare messages of spot, and the snapshot beside them."""
    messages = binance_messages(book, is_spot=True)
    (folder / "snapshot.json").write_text(json.dumps(next(messages)[1], indent=1))
    (folder / "updates.jsonl").write_text("".join(json.dumps(message) + "\n" for _, message in messages))


def write_lobster(folder: Path, book: Drawn) -> None:
    """A pair of files a day of New York: each message is of an execution, and the book is the one after it."""
    scaled = rows_of(book)
    scaled[:, 0::2] *= 10_000
    rows, taken = scaled.astype(np.int64).tolist(), book["taken"].astype(np.int64).tolist()
    local = [datetime.fromtimestamp((time + MIDDLE) / 1_000, UTC).astimezone(NEW_YORK) for time in book["time"].tolist()]
    for day, group in groupby(range(len(rows)), lambda place: local[place].date()):
        places = [*group]
        seconds = [3_600 * local[at].hour + 60 * local[at].minute + local[at].second for at in places]
        messages = [
            f"{second}.000000000,4,{at + 1},{abs(taken[at])},{rows[at][0 if taken[at] > 0 else 2]},{-1 if taken[at] > 0 else 1}"
            for second, at in zip(seconds, places, strict=True)
        ]
        books = [",".join(map(str, rows[at])) for at in places]
        for part, lines in (("message", messages), ("orderbook", books)):
            (folder / f"DRAWN_{day}_0_86400000_{part}_{LEVELS}.csv").write_text("\n".join(lines) + "\n")


def write_fi2010(folder: Path, book: Drawn) -> None:
    """The benchmark's 149 rows, normalised by decimal precision; levels, features and labels that nobody reads are 0."""
    rows = (rows_of(book) * DECIMALS).T.tolist()
    unread = " 0" * len(rows[0]) + "\n"
    with (folder / "Train_Dst_NoAuction_DecPre_CF_1.txt").open("w") as file:
        file.writelines(" ".join(f"{cell:16.7e}" for cell in row) + "\n" for row in rows)
        file.writelines(unread for _ in range(149 - len(rows)))


CASES = {
    "levels": Case(write_levels, "files: [depth.parquet, trades.csv]"),
    "binance-raw": Case(write_raw, "files: capture.txt"),
    "binance-rest": Case(write_rest, "files: [snapshot.json, updates.jsonl]"),
    "lobster": Case(write_lobster, "files: 'DRAWN_*.csv', zone: America/New_York"),
    "fi2010": Case(write_fi2010, "files: 'Train_*.txt', date: 2024-01-01, step: 10s", has_trades=False, scale=DECIMALS),
}
LEAKING = "binance-raw"
each_format = pytest.mark.parametrize("name", FORMATS)


def run_trial(folder: Path, name: str, change: Callable[[Drawn], Drawn]) -> Trial:
    bars, book = draw()
    csv(folder / "btc.csv", bars)
    CASES[name].write(folder, change(book))
    workspace = Workspace.open(folder / "workspace")
    build(workspace, load_spec(DATASET.replace("SOURCE", f"format: {name}, {CASES[name].source}")), folder)
    chosen = str(Workshop(workspace, "tester").define(PIPELINE)["pipeline"])
    return Trial(workspace, perform(str(workspace.root), "backtest", {"pipeline": chosen}))


@pytest.fixture(scope="module")
def trial_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Trial]:
    """The trial on the honest book in a format, run once."""
    made: dict[str, Trial] = {}

    def give(name: str) -> Trial:
        if name not in made:
            made[name] = run_trial(tmp_path_factory.mktemp(name), name, lambda book: book)
        return made[name]

    return give


def decisions(trial: Trial, part: str = "train") -> DecisionTable:
    return read_decisions(parse(PIPELINE), Columns(open_partition(trial.workspace, "small-files", part)))


def expected_features(book: Drawn, times: Numbers, scale: float) -> Drawn:
    """The pipeline's features, worked out on the drawn book as it stood in the last row before each decision."""
    last = (times - START) // STEP - 1
    asks, bids = (sum(book[f"{side}_qty_{level}"][last] for level in range(1, LEVELS + 1)) for side in ("ask", "bid"))
    ask, ask_size, bid, bid_size = (book[name][last] for name in book_columns(1))
    top = np.column_stack([book[name] for name in book_columns(1)]).tolist()
    flows = np.array([0.0, *(flow(old, new) for old, new in pairwise(top))])
    return {
        "lean": (bids - asks) / (bids + asks),
        "near": 2 * (ask * bid_size + bid * ask_size) / (ask_size + bid_size) / (ask + bid) - 1,
        "flow": scale * np.array([flows[max(0, row - 11) : row + 1].sum() for row in last.tolist()]),
    }


def test_each_format_has_a_case() -> None:
    assert [*CASES] == [*FORMATS]


@each_format
def test_the_books_of_files_are_those_that_were_drawn(name: str, trial_of: Callable[[str], Trial]) -> None:
    trial, case, (_, book) = trial_of(name), CASES[name], draw()
    assert Catalog(trial.workspace).meta("small-files")["series"]["book"]["missing"] == 0
    for part in ("train", "validation"):
        series = open_partition(trial.workspace, "small-files", part).series["book"]
        place = (series.time - START) // STEP
        np.testing.assert_array_equal(series.time, book["time"][place])
        np.testing.assert_array_equal(series.known, series.time + STEP)
        for column in book_columns(LEVELS):
            np.testing.assert_allclose(series.columns[column], case.scale * book[column][place], rtol=1e-12, err_msg=column)
        assert (series.columns["events"] == 1).all()
        assert ({*TRADED} <= {*series.columns}) == case.has_trades
        for column, sign in zip(TRADED if case.has_trades else (), (1, -1), strict=False):
            np.testing.assert_array_equal(series.columns[column], np.maximum(sign * book["taken"][place], 0))


@each_format
def test_a_pipeline_reads_the_same_features_from_each_format(name: str, trial_of: Callable[[str], Trial]) -> None:
    read, (_, book) = decisions(trial_of(name)), draw()
    assert len(read.time) > (3 * DAY - 3 * 60 * MINUTE) // (2 * MINUTE)
    for feature, values in expected_features(book, read.time, CASES[name].scale).items():
        np.testing.assert_allclose(read.features[feature], values, rtol=1e-9, atol=1e-11, err_msg=feature)
    first = decisions(trial_of("levels"))
    np.testing.assert_array_equal(read.time, first.time)
    np.testing.assert_array_equal(read.labels.y, first.labels.y)


@each_format
def test_a_trial_on_each_format_passes_its_probes(name: str, trial_of: Callable[[str], Trial]) -> None:
    answer, first = trial_of(name).answer, trial_of("levels").answer
    assert "block" not in answer["probes"], answer["probes"]
    assert answer["trades"]
    assert answer["auc"][0] > 0.55
    # Trees are drawn by what the rows hold, so that those of other numbers are others.
    assert answer["auc"] == pytest.approx(first["auc"], abs=0.03 if CASES[name].scale != 1 else 0)


def lean_to_what_comes(book: Drawn) -> Drawn:
    """Each row with the sizes of two minutes later, which lean to where the mid goes until then."""
    mid, ahead = (book["ask_px_1"] + book["bid_px_1"]) / 2, 2 * MINUTE // STEP
    coming = np.tanh((np.append(mid[ahead:], np.full(ahead, mid[-1])) - mid) / 20)
    early = {name: np.roll(values, -ahead) for name, values in book.items() if "_qty_" in name}
    leaning = {"bid_qty_1": 1 + 0.5 * coming, "ask_qty_1": 1 - 0.5 * coming}
    return {**book, **{name: np.maximum(np.rint(values * leaning.get(name, 1.0)), 1) for name, values in early.items()}}


def test_files_whose_books_know_what_comes_are_caught(tmp_path: Path) -> None:
    blocked = run_trial(tmp_path, LEAKING, lean_to_what_comes).answer["probes"]["block"]
    assert {line.partition(":")[0] for line in blocked} & {"P4", "P5"}, blocked
