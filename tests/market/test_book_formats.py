"""LOBSTER's pairs, FI-2010's matrix, and which format files are of."""

import re
from pathlib import Path

import numpy as np
import pytest

from factory.core.errors import DataError
from factory.core.times import moment
from factory.market import book_columns as names
from factory.market.books import read_books
from factory.market.books.formats import FORMATS, detect_format
from tests.market.bars import START
from tests.market.books import books, depth_spec, parquet
from tests.market.streams import session

MESSAGES = """\
34200.004241176,1,16113575,18,5853300,1
34200.025552,1,16120456,18,5859100,-1
34200.099999999,4,16113575,8,5853300,1
34200.1,5,0,100,5855000,-1
34201.5,3,16120456,18,5859100,-1
34202.25,7,0,0,-1,-1
"""
BOOKS = """\
5859400,200,5853300,18,5859800,200,5853000,150
5859100,18,5853300,18,5859400,200,5853000,150
5859100,18,5853300,10,5859400,200,5853000,150
5859100,18,5853300,10,5859400,200,5853000,150
5859400,200,5853300,10,9999999999,0,-9999999999,0
5859400,200,5853300,10,9999999999,0,-9999999999,0
"""
NAME = "AAPL_2012-06-21_34200000_57600000_{}_2.csv"


def pair(folder: Path, messages: str = MESSAGES, books: str = BOOKS, name: str = NAME) -> list[Path]:
    paths = [folder / name.format(part) for part in ("message", "orderbook")]
    for path, text in zip(paths, (messages, books), strict=True):
        path.write_text(text)
    return paths


def test_a_pair_of_lobster_gives_prices_sizes_trades_and_empty_levels(tmp_path: Path) -> None:
    frame = read_books(pair(tmp_path), depth_spec(2, zone="America/New_York"))
    opened = moment("2012-06-21T13:30:00Z")
    assert frame.time.tolist() == [opened + 100 * row for row in range(23)]
    assert frame.columns["ask_px_1"][[0, 1, 15]].tolist() == [585.91, 585.91, 585.94]
    assert frame.columns["bid_qty_1"][[0, 1]].tolist() == [10.0, 10.0]
    assert frame.columns["events"].tolist() == [3.0, 1.0, *[0.0] * 13, 1.0, *[0.0] * 6, 1.0]
    assert frame.columns["ofi_1"][:2].tolist() == [-18.0 - 8.0, 0.0]
    assert frame.columns["buy_qty"][:2].tolist() == [0.0, 100.0]
    assert frame.columns["sell_qty"][:2].tolist() == [8.0, 0.0]
    assert np.isnan(frame.columns["ask_px_2"][15])
    assert np.isnan(frame.columns["bid_qty_2"][15])
    assert frame.columns["bid_px_2"][14] == 585.3


def test_the_day_of_a_pair_is_in_its_name_or_declared(tmp_path: Path) -> None:
    paths = pair(tmp_path, name="aapl_{}.csv")
    with pytest.raises(DataError, match=r"aapl_message\.csv: seconds after midnight, and no day; say which with source"):
        read_books(paths, depth_spec(2, zone="America/New_York"))
    with pytest.raises(DataError, match="stamps without a time zone; say which they are in with source"):
        read_books(paths, depth_spec(2, date="2012-06-22"))
    frame = read_books(paths, depth_spec(2, date="2012-06-22", zone="America/New_York"))
    assert frame.time[0] == moment("2012-06-22T13:30:00Z")


def test_days_of_lobster_follow_each_other(tmp_path: Path) -> None:
    paths = pair(tmp_path, name=NAME.replace("06-21", "06-22")) + pair(tmp_path)
    frame = read_books(paths, depth_spec(2, zone="America/New_York"))
    opened = int(np.searchsorted(frame.time, moment("2012-06-22T13:30:00Z")))
    assert frame.time[opened - 1] + 100 == moment("2012-06-21T13:30:07.200Z"), "the last book stands for five seconds"
    assert len(frame) == opened + 23
    assert frame.columns["ofi_1"][opened] == -26.0, "no flow over the night"


@pytest.mark.parametrize(
    ("messages", "books", "says"),
    [
        (MESSAGES[:-1].rpartition("\n")[0] + "\n", BOOKS, "orderbook_2.csv: not as many rows as AAPL"),
        (MESSAGES, BOOKS[:-1].rpartition("\n")[0] + "\n", "orderbook_2.csv: not as many rows as AAPL"),
        (MESSAGES, BOOKS.replace("5853300,18", "5953300,18"), "orderbook_2.csv row 1: best bid not below best ask"),
        (MESSAGES.replace("34201.5", "34199.5"), BOOKS, "orderbook_2.csv row 5: earlier than the event before it"),
        (MESSAGES, BOOKS.replace("5853300,18", "5853300,x", 2), "orderbook_2.csv: "),
    ],
)
def test_pairs_that_do_not_fit_are_refused(messages: str, books: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=re.escape(says)):
        read_books(pair(tmp_path, messages, books), depth_spec(2, zone="America/New_York", format="lobster"))
    with pytest.raises(DataError, match="2 levels a side, and 5 are asked for; write levels: 2"):
        read_books(pair(tmp_path), depth_spec(5, zone="America/New_York"))
    with pytest.raises(DataError, match="1 files of messages and 0 of books"):
        read_books(pair(tmp_path)[:1], depth_spec(2, zone="America/New_York"))


def matrix(path: Path, events: int = 60, rows: int = 149) -> np.ndarray:  # type: ignore[type-arg]
    """A file as FI-2010 has them: an event a column, in the benchmark's notation."""
    values = np.random.default_rng(2).normal(0, 1, (rows, events))
    path.write_text("".join(" ".join(f"{cell:16.7e}" for cell in row) + "\n" for row in values))
    return values


def test_fi_2010_is_read_as_events_a_declared_step_apart(tmp_path: Path) -> None:
    values = matrix(tmp_path / "Train_Dst_NoAuction_ZScore_CF_7.txt")
    path = tmp_path / "Train_Dst_NoAuction_ZScore_CF_7.txt"
    frame = read_books([path], depth_spec(10, "1s", date="2010-06-01", step="500ms"))
    assert frame.time.tolist() == [moment("2010-06-01") + 1_000 * row for row in range(30)]
    for place, name in enumerate(names.book_columns(10)):
        np.testing.assert_allclose(frame.columns[name], values[place, 1::2], rtol=1e-6)
    assert (frame.columns["events"] == 2).all()
    assert "normalised numbers, neither prices nor sizes; times are made up, 500ms from event to event" in frame.notes[0]


def test_fi_2010_asks_for_its_times_and_refuses_another_shape(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    matrix(path)
    with pytest.raises(DataError, match=re.escape("FI-2010 has no times; say when its first event is to stand")):
        read_books([path], depth_spec(10, date="2010-06-01"))
    with pytest.raises(DataError, match="10 levels a side, and 11 are asked for"):
        read_books([path], depth_spec(11, date="2010-06-01", step="1s"))
    matrix(path, rows=148)
    with pytest.raises(DataError, match=r"x\.txt: 148 rows, where FI-2010 has 149 of one length"):
        read_books([path], depth_spec(10, date="2010-06-01", step="1s"))


def test_each_format_is_known_by_what_a_file_holds(tmp_path: Path) -> None:
    assert tuple(one.name for one in FORMATS) == tuple(names.FORMATS)
    time = START + np.arange(9) * 1_000
    stream, bare = session("spot"), session("USD-M")
    bare.lines = [line.partition(" ")[2] for line in bare.lines]
    matrix(tmp_path / "m.dat")
    made = {
        "levels": [parquet(tmp_path / "a.bin.parquet", {"timestamp": time, **books(time, 1)})],
        "binance-raw": [stream.write(tmp_path / "b.dat")],
        "binance-rest": [bare.write(tmp_path / "c.dat")],
        "lobster": pair(tmp_path, name="d_{}.dat"),
        "fi2010": [tmp_path / "m.dat"],
    }
    for name, paths in made.items():
        assert detect_format(paths).name == name
    with pytest.raises(
        DataError, match=r"b\.dat: is of format binance-raw and c\.dat of binance-rest; a series has files of one"
    ):
        detect_format([*made["binance-rest"], *made["binance-raw"]])
    (tmp_path / "e.csv").write_text("time,open,high\n1,2,3\n")
    with pytest.raises(DataError, match=r"e\.csv: holds order books of no format that is known; say which with source"):
        detect_format([tmp_path / "e.csv"])
    (tmp_path / "f.csv").write_text("")
    with pytest.raises(DataError, match=r"f\.csv: empty"):
        detect_format([tmp_path / "f.csv"])
