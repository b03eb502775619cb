"""Order books as a series: rows against a slow oracle, what is refused, and what an import keeps in memory."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from factory.core.errors import DataError
from factory.core.times import MINUTE, iso
from factory.market.book_columns import book_columns
from factory.market.books import read_books
from factory.market.spec import load_spec
from tests.conftest import ROOT
from tests.market.bars import SPEC, START
from tests.market.books import books, depth_spec, names, parquet, slow_rows

LEVELS = 3


def drawn(events: int, seed: int = 5) -> dict[str, np.ndarray]:  # type: ignore[type-arg]
    """Events at irregular moments, some at the same, some long apart."""
    rng = np.random.default_rng(seed)
    steps = rng.choice([0, 1, 30, 100, 250, 1_700, 6_500], events, p=[0.1, 0.2, 0.3, 0.2, 0.1, 0.08, 0.02])
    time = START + np.cumsum(steps)
    mid = 1_000 + np.cumsum(rng.integers(-1, 2, events))
    columns = {"timestamp": time}
    for level in range(1, LEVELS + 1):
        columns[f"ask_px_{level}"], columns[f"bid_px_{level}"] = mid + 1.0 * level, mid - 1.0 * level
        columns[f"ask_qty_{level}"], columns[f"bid_qty_{level}"] = rng.integers(1, 9, (2, events)).astype(float)
    return columns


def changed(name: str, rows: list[int], value: float, by: bool = False) -> dict[str, np.ndarray]:  # type: ignore[type-arg]
    columns = drawn(500)
    columns[name] = columns[name].astype(float)
    columns[name][rows] = columns[name][rows] + value if by else value
    return columns


@pytest.mark.parametrize("period", ["100ms", "1s", "1m"])
@pytest.mark.parametrize("max_age", ["200ms", "5s", "2m"])
def test_rows_are_those_of_a_walk_event_by_event(period: str, max_age: str, tmp_path: Path) -> None:
    columns = drawn(600)
    spec = depth_spec(LEVELS, period, max_age=max_age)
    path = parquet(tmp_path / "x.parquet", columns, 77)
    if (period, max_age) == ("1m", "200ms"):
        with pytest.raises(DataError, match="write a longer one"):
            read_books([path], spec)
        return
    frame = read_books([path], spec)
    states = np.column_stack([columns[name] for name in book_columns(LEVELS)]).tolist()
    expected = slow_rows(columns["timestamp"].tolist(), states, spec.period_ms, spec.max_age_ms)
    assert expected
    assert frame.time.tolist() == [*expected]
    rows = np.column_stack([frame.columns[name] for name in names(LEVELS)])
    np.testing.assert_array_equal(rows, np.array([*expected.values()]).reshape(-1, len(names(LEVELS))))


def test_text_parquet_and_several_files_give_the_same_rows(tmp_path: Path) -> None:
    columns, spec = drawn(500), depth_spec(LEVELS, "1s")
    whole = read_books([parquet(tmp_path / "x.parquet", columns)], spec)
    table = pd.DataFrame(columns)
    table.to_csv(tmp_path / "x.csv", index=False)
    table[250:].to_csv(tmp_path / "a.csv", index=False)
    table[:250].to_csv(tmp_path / "b.csv", index=False)
    for files in (["x.csv"], ["a.csv", "b.csv"]):
        frame = read_books([tmp_path / name for name in files], spec)
        np.testing.assert_array_equal(frame.time, whole.time)
        for name, values in whole.columns.items():
            np.testing.assert_array_equal(frame.columns[name], values)


def test_an_event_at_the_end_of_a_row_belongs_to_the_next(tmp_path: Path) -> None:
    time = np.array([START, START + 999, START + 1_000])
    columns = {"timestamp": time, **books(time, 1)}
    frame = read_books([parquet(tmp_path / "x.parquet", columns)], depth_spec(1, "1s"))
    assert frame.time.tolist() == [START, START + 1_000]
    assert frame.columns["events"].tolist() == [2.0, 1.0]
    assert frame.columns["ask_px_1"].tolist() == columns["ask_px_1"][1:].tolist()


@pytest.mark.parametrize(("late", "trusted"), [([150, 20, 400], True), ([-900, 5_000, -900], False)], ids=["ahead", "behind"])
def test_books_count_from_their_receipt_where_that_is_later_and_the_clock_can_be_believed(
    late: list[int], trusted: bool, tmp_path: Path
) -> None:
    time = START + np.array([0, 100, 200])
    columns = {"timestamp": time, "local_ts_ns": (time + late) * 1_000_000, **books(time, 1)}
    frame = read_books([parquet(tmp_path / "x.parquet", columns)], depth_spec(1))
    first = frame.time[np.flatnonzero(frame.columns["events"])] - START
    assert first.tolist() == ([100, 600] if trusted else [0, 100, 200])
    assert ("the receiver's clock runs 900 ms behind" in "".join(frame.notes)) == (not trusted)


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        (changed("bid_px_1", [40, 41], 5e3), "row 41: best bid not below best ask"),
        (changed("ask_px_2", [40], -50, by=True), "row 41: levels out of order"),
        (changed("bid_qty_3", [7], 0.0), "row 8: a level without a size above 0"),
        (changed("ask_qty_1", [7], -1.0), "row 8: a level without a size above 0"),
        (changed("ask_px_1", [9], np.nan), "row 10: a book with one side"),
        (changed("timestamp", [99], -500_000, by=True), "row 100: earlier than the event before it"),
    ],
    ids=["crossed", "unordered", "empty", "negative", "one-sided", "backward"],
)
def test_what_no_book_can_be_is_refused_with_its_row(columns: dict[str, np.ndarray], says: str, tmp_path: Path) -> None:  # type: ignore[type-arg]
    columns["timestamp"] = columns["timestamp"].astype(np.int64)
    with pytest.raises(DataError, match=re.escape(f"x.parquet {says}")):
        read_books([parquet(tmp_path / "x.parquet", columns, 13)], depth_spec(LEVELS))


def test_an_auction_is_cut_by_the_stretch_that_the_message_names(tmp_path: Path) -> None:
    columns = changed("bid_px_1", [40, 41, 42], 5e3)
    path = parquet(tmp_path / "x.parquet", columns)
    with pytest.raises(DataError, match="exclude") as refused:
        read_books([path], depth_spec(LEVELS))
    first, last = re.findall(r"\[\[(\S+), (\S+)\]\]", str(refused.value))[0]
    assert first == iso(int(columns["timestamp"][40]))
    frame = read_books([path], depth_spec(LEVELS, exclude=[[first, last]]))
    assert len(frame) > 500


def test_faults_far_apart_are_stretches_of_their_own(tmp_path: Path) -> None:
    columns = changed("bid_px_1", [40, 41, 400], 5e3)
    columns["timestamp"][400:] += 3_600_000
    with pytest.raises(DataError, match="and 2 more up to row 401") as refused:
        read_books([parquet(tmp_path / "x.parquet", columns)], depth_spec(LEVELS))
    stretches = re.findall(r"\[(\S+), (\S+?)\]", str(refused.value).partition("exclude: [")[2])
    assert [first for first, _ in stretches] == [iso(int(columns["timestamp"][row])) for row in (40, 400)]
    frame = read_books([tmp_path / "x.parquet"], depth_spec(LEVELS, exclude=[list(one) for one in stretches]))
    assert len(frame) > 500


def test_fewer_levels_than_asked_for_are_refused_and_an_empty_one_is_missing(tmp_path: Path) -> None:
    path = parquet(tmp_path / "x.parquet", drawn(50))
    with pytest.raises(DataError, match=r"x\.parquet: 3 levels a side, and 10 are asked for; write levels: 3"):
        read_books([path], depth_spec(10))
    columns = changed("ask_px_3", [0], np.nan)
    columns["ask_qty_3"][0] = np.nan
    frame = read_books([parquet(path, columns)], depth_spec(3))
    assert np.isnan(frame.columns["ask_px_3"][0])
    assert np.isfinite(frame.columns["ofi_2"]).all()


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("kind: bars, period: 1m, levels: 5", "series.book.levels: 'bars' has none, order books do; remove it"),
        (
            "kind: values, delay: 1d, period: 1m, max_age: 5s",
            "series.book.max_age: 'values' has none, order books do; remove it",
        ),
        ("kind: depth, period: 50ms", "series.book.period: 50ms is shorter than 100ms; write that or longer"),
        ("kind: depth, period: 1s, levels: 21", "series.book.levels: '21': should be less than or equal to 20"),
        ("kind: depth, period: 1s, max_age: soon", "series.book.max_age: 'soon' is not a duration"),
    ],
)
def test_keys_of_books_are_for_books(line: str, says: str) -> None:
    book = f"  book: {{{line}, underlying: X, source: {{use: files, files: x}}}}\ncontracts:"
    with pytest.raises(DataError, match=re.escape(says)):
        load_spec(SPEC.replace("contracts:", book))


@pytest.mark.parametrize(
    ("kind", "source", "says"),
    [
        ("bars", "format: levels", "source: format: 'levels' is one of order books"),
        ("bars", "date: 2024-01-01", "source: date: 'bars' has none"),
        ("depth", "units: {a: 2}", "source: units: not for order books"),
        ("depth", "format: fi2100", "source.format: 'fi2100': string should match pattern '%'"),
    ],
)
def test_keys_of_their_sources_too(kind: str, source: str, says: str) -> None:
    book = f"  book: {{kind: {kind}, period: 1m, underlying: X, source: {{use: files, files: x, {source}}}}}\ncontracts:"
    with pytest.raises(DataError, match=re.escape(says)):
        load_spec(SPEC.replace("contracts:", book))


def test_updates_too_rare_for_the_age_that_a_book_may_have_ask_for_a_longer_one(tmp_path: Path) -> None:
    time = START + MINUTE * np.arange(100)
    path = parquet(tmp_path / "x.parquet", {"timestamp": time, **books(time, 1)})
    with pytest.raises(
        DataError, match=r"x\.parquet: at the end of none of its 1m is there a book .* max_age: 5s; write a longer"
    ):
        read_books([path], depth_spec(1, "1m"))
    assert len(read_books([path], depth_spec(1, "1m", max_age="1m"))) == 100


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("\n1704067200000,100,1,99,x\n", "rows that are cut short, or cells that are no numbers"),
        ("\n1704067200000,100,1,99\n", "rows that are cut short, or cells that are no numbers"),
        ("\n", "x.csv: no rows; export it again"),
        ("\n2024-01-01 00:00:00,100,1,99,1\n", "stamps without a time zone; say which they are in"),
        ("\nsoon,100,1,99,1\n", "x.csv row 1: the stamp is no ISO time"),
    ],
)
def test_text_that_is_no_table_of_books_is_refused(text: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(f"timestamp,ask_px_1,ask_qty_1,bid_px_1,bid_qty_1{text}")
    with pytest.raises(DataError, match=re.escape(says)):
        read_books([tmp_path / "x.csv"], depth_spec(1))


def test_rows_of_a_real_session_are_those_of_pandas(shared: Path) -> None:
    files = [shared / "data" / "lob" / f"binance_usdm_btcusdt_20230404_{what}.parquet" for what in ("depth10", "trades")]
    frame = read_books(files, depth_spec(10, "1s"))
    table, trades = (pd.read_parquet(file) for file in files)
    row = table.event_time_ms // 1_000 * 1_000
    expected = table.groupby(row).last()
    events = np.isin(frame.time, expected.index)
    assert len(frame) == len(np.arange(row.iloc[0], row.iloc[-1] + 1, 1_000))
    for column in book_columns(10):
        np.testing.assert_array_equal(frame.columns[column][events], expected[column])
    np.testing.assert_array_equal(frame.columns["events"][events], table.groupby(row).size())
    before = table.shift()
    bids = table.bid_qty_2.where(table.bid_px_2 >= before.bid_px_2, 0) - before.bid_qty_2.where(
        table.bid_px_2 <= before.bid_px_2, 0
    )
    asks = table.ask_qty_2.where(table.ask_px_2 <= before.ask_px_2, 0) - before.ask_qty_2.where(
        table.ask_px_2 >= before.ask_px_2, 0
    )
    np.testing.assert_allclose(frame.columns["ofi_2"][events], (bids - asks).groupby(row).sum(), rtol=1e-9, atol=1e-9)
    known = np.maximum.accumulate(np.maximum(trades.event_time_ms, trades.local_ts_ns // 1_000_000)) // 1_000 * 1_000
    bought = trades.qty.where(~trades.is_buyer_maker, 0).groupby(known).sum().reindex(frame.time, fill_value=0)
    np.testing.assert_allclose(frame.columns["buy_qty"], bought, rtol=1e-9)


@pytest.mark.parametrize(
    ("day", "auctions"),
    [("0109", [["2014-01-08", "2014-01-09T01:00:00Z"]]),
     ("0129", [["2014-01-28", "2014-01-29T01:00:00Z"], ["2014-01-29T07:55:00Z", "2014-01-30"]])],
)  # fmt: skip
def test_a_market_with_auctions_is_read_without_them(day: str, auctions: list[list[str]], shared: Path) -> None:
    path = shared / "data" / "lob" / f"sgx_a50_2014{day}_depth3.parquet"
    with pytest.raises(DataError, match="where it is an auction leave it out with exclude"):
        read_books([path], depth_spec(3))
    frame = read_books([path], depth_spec(3, exclude=auctions))
    assert (frame.columns["ask_px_1"] > frame.columns["bid_px_1"]).all()
    assert frame.columns["events"].sum() > 20_000


MEASURED = """
import sys, tracemalloc
from pathlib import Path
import pyarrow as pa
from factory.market.books import read_books
from tests.market.books import depth_spec
small, large = map(Path, sys.argv[1:])
read_books([small], depth_spec(10, "1m"))
tracemalloc.start()
frame = read_books([large], depth_spec(10, "1m"))
print(len(frame), tracemalloc.get_traced_memory()[1], pa.default_memory_pool().max_memory())
"""


def test_a_large_file_is_not_in_memory_at_once(tmp_path: Path) -> None:
    """Numbers of 400,000 rows of ten levels take 131 MB; what numpy and arrow hold of them at any time is far below."""
    time = START + 10 * np.arange(400_000)
    small = parquet(tmp_path / "s.parquet", {"timestamp": time[:20_000], **books(time[:20_000], 10)})
    large = parquet(tmp_path / "l.parquet", {"timestamp": time, **books(time, 10)}, 20_000)
    command = [sys.executable, "-c", MEASURED, str(small), str(large)]
    told = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    rows, python, arrow = map(int, told.stdout.split())
    assert rows == len(time) * 10 // MINUTE
    assert python + arrow < len(time) * 41 * 8 / 2
