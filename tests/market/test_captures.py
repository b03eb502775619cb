"""Captures of Binance's depth streams: books rebuilt by each venue's rule, gaps cut, other markets refused."""

import gc
import gzip
import json
import re
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from factory.core.errors import DataError
from factory.core.times import MINUTE
from factory.market.book_columns import book_columns
from factory.market.books import read_books
from factory.market.books.events import Events, Reading
from factory.market.books.formats import detect_format
from factory.market.books.rebuilder import Rebuilder
from factory.market.books.sequence import Update
from factory.market.raw_rows import RawRows
from tests.market.books import depth_spec, names, slow_rows
from tests.market.streams import Stream, session

VENUES = ("spot", "USD-M", "COIN-M")
SAMPLES = {"usdm": "usdm_btcusdt", "coinm": "coinm_btcusd_perp", "spot": "spot_btcusdt"}


def read(path: Path, levels: int = 3, **more: object) -> RawRows:
    return read_books([path], depth_spec(levels, **more))  # type: ignore[arg-type]


@pytest.mark.parametrize(("sample", "parquet"), SAMPLES.items(), ids=list(SAMPLES))
def test_books_of_real_captures_are_those_that_another_program_rebuilt(sample: str, parquet: str, shared: Path) -> None:
    path = shared / "data" / "formats" / f"binance_{sample}_ws_raw_sample.txt"
    table = pq.read_table(shared / "data" / "lob" / f"binance_{parquet}_20240808_depth10.parquet")
    known = dict(zip(table["update_id"].to_pylist(), np.column_stack([table[name] for name in book_columns(10)]), strict=True))
    said = [json.loads(line.partition(" ")[2])["data"] for line in path.read_text().splitlines() if "depthUpdate" in line]
    messages = path.read_text().splitlines()
    format = detect_format([path])
    assert format.name == "binance-raw"
    compared = 0
    for batch in format.read([path], Reading(depth_spec(10))):
        for place, time, book in zip(batch.places, batch.time, batch.books, strict=True) if isinstance(batch, Events) else ():
            line = json.loads(messages[place - 1].partition(" ")[2])
            line = line.get("data", line)
            if line.get("u") in known:
                np.testing.assert_array_equal(book, known[line["u"]])
                assert time == line["E"]
                compared += 1
    assert compared == sum(message["u"] in known for message in said)


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize("late", [40, -700])
def test_rows_are_those_of_the_books_that_follow_from_the_messages(venue: str, late: int, tmp_path: Path) -> None:
    stream = session(venue, late)
    frame = read(stream.write(tmp_path / "x.txt"), max_age="1s")
    states = [(time + max(late, 0), book) for time, book in stream.states]
    states[225] = states[225][0] + MINUTE, states[225][1]
    first = 5 if venue == "spot" else 4  # the futures' rule keeps the update that a snapshot ends with, that of spot does not
    expected: dict[int, list[float]] = {}
    for some, until in ((states[first:205], states[206][0]), (states[221 + first :], None)):
        expected |= slow_rows([time for time, _ in some], [book for _, book in some], 100, 1_000, until)
    assert frame.time.tolist() == [*expected]
    np.testing.assert_array_equal(np.column_stack([frame.columns[name] for name in names(3)]), [*expected.values()])
    gap = [note for note in frame.notes if "gap" in note]
    assert gap == [gap[0]]
    assert "1 gaps in the sequence of updates, first before line" in gap[0]
    assert any("contracts" in note for note in frame.notes) == (venue == "COIN-M")
    assert any("behind" in note for note in frame.notes) == (late < 0)


def test_trades_of_the_stream_are_what_buyers_and_sellers_took(tmp_path: Path) -> None:
    stream = session("USD-M")
    frame = read(stream.write(tmp_path / "x.txt"))
    trades = [json.loads(line.partition(" ")[2])["data"] for line in stream.lines if '"trade"' in line]
    for name, is_maker in (("buy_qty", False), ("sell_qty", True)):
        expected = dict.fromkeys(frame.time.tolist(), 0.0)
        for trade in trades:
            if trade["m"] == is_maker:
                expected[(trade["E"] + 40) // 100 * 100] += float(trade["q"])
        np.testing.assert_array_equal(frame.columns[name], [*expected.values()])
        assert frame.columns[name].sum() > 20


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize("indent", [None, 1])
def test_bare_messages_and_snapshots_beside_them_give_the_same_books(venue: str, indent: int | None, tmp_path: Path) -> None:
    stream = session(venue, 0)
    told = [json.loads(line.partition(" ")[2])["data"] for line in stream.lines]
    snapshots = [message for message in told if "lastUpdateId" in message]
    updates = "".join(json.dumps(message) + "\n" for message in told if "lastUpdateId" not in message)
    (tmp_path / "updates.jsonl.gz").write_bytes(gzip.compress(updates.encode()))
    for number, snapshot in enumerate(snapshots):
        (tmp_path / f"{number}.json").write_text(json.dumps(snapshot, indent=indent))
    frame = read_books(sorted(tmp_path.iterdir()), depth_spec(3, max_age="1s"))
    raw = read(stream.write(tmp_path / "x.txt"), max_age="1s")
    both, last = np.isin(frame.time, raw.time), stream.states[225][0]
    assert ((frame.time[~both] >= last - 100) & (frame.time[~both] < last + 1_000)).all(), (
        "a capture knows that book at the snapshot"
    )
    for column in book_columns(3):
        np.testing.assert_array_equal(frame.columns[column][both], raw.columns[column][np.isin(raw.time, frame.time)])


@pytest.mark.parametrize("venue", VENUES)
def test_an_update_that_begins_where_a_snapshot_ends_follows_it(venue: str, tmp_path: Path) -> None:
    stream = Stream(venue)
    stream.say(stream.snapshot())
    for _ in range(30):
        stream.update()
    frame = read(stream.write(tmp_path / "x.txt"))
    assert frame.columns["events"].sum() == 30
    assert frame.time[0] == (stream.states[0][0] + 40) // 100 * 100


def test_a_capture_in_several_files_goes_on_where_its_updates_do(tmp_path: Path) -> None:
    stream = session("USD-M")
    whole = read(stream.write(tmp_path / "x.txt"))
    files = [write(tmp_path / name, *stream.lines[rows]) for name, rows in (("b.txt", slice(100, None)), ("c.txt", slice(100)))]
    frame = read_books(files, depth_spec(3))
    np.testing.assert_array_equal(frame.time, whole.time)
    for name, values in whole.columns.items():
        np.testing.assert_array_equal(frame.columns[name], values)


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n")
    return path


def test_captures_of_two_markets_are_refused(tmp_path: Path) -> None:
    for venue, other in (("spot", "COIN-M"), ("USD-M", "spot")):
        lines = session(venue).lines[:20] + session(other).lines[6:20]
        with pytest.raises(DataError, match=r"x\.txt line 21: of \w+ \(" + other + r"\), and before it was \w+ \(" + venue):
            read(write(tmp_path / "x.txt", *lines))
    first, second = session("USD-M"), session("COIN-M")
    files = [first.write(tmp_path / "a.txt"), second.write(tmp_path / "b.txt")]
    with pytest.raises(DataError, match="sizes of COIN-M are contracts, of all else coins; a series has one market"):
        read_books(files, depth_spec(3))


def _change(stream: Stream, old: str, new: str) -> list[str]:
    at = next(place for place, line in enumerate(stream.lines) if place > 30 and re.search(old, line))
    return [*stream.lines[:at], re.sub(old, new, stream.lines[at], count=1), *stream.lines[at + 1 :]]


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (session("spot").lines[6:150], "no snapshot from which its updates go on"),
        (session("USD-M").lines[40:150], "no snapshot from which its updates go on"),
        (_change(session("USD-M"), '"pu": ', '"pv": '), "; a series has one market"),
        (_change(session("spot"), r'"U": ', '"V": '), "lacks what such a message has; get it again"),
        ([*session("spot").lines[:50], session("spot").lines[50][:90]], "line 51: no message in JSON"),
        (_change(session("spot"), r'\["[0-9.]+", "', '["1000.00", "-9'), "a price that is not above 0, or a size below it"),
        (_change(session("spot"), r'\["[0-9.]+", "', '["x", "'), "a price or size that is no number"),
    ],
    ids=["spot without", "futures without", "mixed", "no number", "cut off", "negative", "letters"],
)
def test_what_is_wrong_with_a_capture_is_said_with_its_line(lines: list[str], says: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=re.escape(says)):
        read(write(tmp_path / "x.txt", *lines))


def test_a_crossed_book_is_refused_with_its_line(tmp_path: Path) -> None:
    stream = session("USD-M")
    for _ in range(3):
        stream.update()
    stream.book["b"][1_004.0] = 1.0
    stream.say({"e": "depthUpdate", "E": stream.time, "s": "BTCUSDT", "U": stream.number + 1, "u": stream.number + 1,
                "pu": stream.number, "a": [], "b": [["1004.00", "1.000"]]})  # fmt: skip
    with pytest.raises(DataError, match=rf"x\.txt row {len(stream.lines)}: best bid not below best ask"):
        read(stream.write(tmp_path / "x.txt"))


def test_updates_or_snapshots_alone_ask_for_the_others(tmp_path: Path) -> None:
    stream = session("spot", 0)
    bare = [line.partition(" ")[2] for line in stream.lines]
    with pytest.raises(DataError, match="no snapshot, such as an answer of GET /api/v3/depth, among the files"):
        read(write(tmp_path / "x.jsonl", *(line for line in bare if "lastUpdateId" not in line)))
    with pytest.raises(DataError, match="no updates, one depthUpdate a line, among the files"):
        read(write(tmp_path / "x.json", json.dumps(stream.snapshot())))


def test_updates_are_applied_without_garbage_collections_in_between() -> None:
    """A process that holds a day's messages would go through all of them at each."""
    cells = [[f"{price}", "1.5"] for price in range(1, 11)]
    updates = [Update(place, place, -1, place, place, -1, cells, cells) for place in range(4_096)]
    begun: list[str] = []
    rebuilder = Rebuilder(10)
    gc.collect()
    gc.callbacks.append(lambda phase, info: begun.append(phase))
    try:
        books = rebuilder.apply("x", updates)
    finally:
        gc.callbacks.pop()
    assert begun == []
    assert books[:, :4].tolist() == [[1.0, 1.5, 10.0, 1.5]] * 4_096
