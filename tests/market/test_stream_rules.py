"""What streams say and how a recording decides, without a connection."""

import gzip
import json
from pathlib import Path

import pytest

from factory.market.recording import Recording, line_of
from factory.market.recording_files import append_chunks
from factory.market.sources.binance_stream import STREAM_MARKETS, DepthUpdate, Shutdown, read_message

UM = STREAM_MARKETS["um"]


def test_addresses_are_those_of_the_exchange() -> None:
    told = {name: (one.stream_url("BTCUSDT", "depth"), one.snapshot_url("BTCUSDT")) for name, one in STREAM_MARKETS.items()}
    assert told["um"] == (
        "wss://fstream.binance.com/public/stream?streams=btcusdt@depth@100ms",
        "https://fapi.binance.com/fapi/v1/depth?symbol=BTCUSDT&limit=1000",
    )
    assert told["spot"][0] == "wss://stream.binance.com:9443/stream?streams=btcusdt@depth@100ms"
    assert told["coinm"][1] == "https://dapi.binance.com/dapi/v1/depth?symbol=BTCUSDT&limit=1000"


def test_announcements_are_known_however_they_are_wrapped() -> None:
    plain = {"e": "serverShutdown", "E": 1770123456789}
    for message in (plain, {"event": plain}, {"stream": "x", "data": plain}):
        assert read_message(json.dumps(message)) == Shutdown()
    for noise in ("", "[]", "null", "7", "{}", '{"e":"depthUpdate"}', '{"e":["trade"]}', '{"data":"x"}'):
        assert read_message(noise) is None


def update(first: int, last: int, previous: int, at: int = 0) -> DepthUpdate:
    return DepthUpdate("depth", first, last, previous, at)


def test_ids_that_start_anew_are_no_repeats() -> None:
    recording = Recording(UM, "BTCUSDT", 0)
    recording.receive(1, update(100, 110, 99, at=5), "a")
    recording.receive(2, update(100, 110, 99, at=5), "a")
    recording.receive(3, update(1, 9, 0, at=6), "b")
    counts = recording.channels["depth"]
    assert (counts.messages, counts.repeats, recording.gaps.count) == (2, 1, 1)


def test_messages_that_wait_too_long_for_a_snapshot_are_dropped_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("factory.market.recording.MOST_HELD", 3)
    recording = Recording(UM, "BTCUSDT", 0)
    for place in range(5):
        recording.receive(place, update(place, place, place - 1, at=place), str(place))
    assert (recording.dropped, recording.flush()) == (2, [])
    assert not recording.take_snapshot(9, '{"lastUpdateId":0,"bids":[],"asks":[]}')
    assert recording.take_snapshot(9, '{"lastUpdateId":3,"bids":[],"asks":[]}')
    lines = [line for chunk in recording.flush() for line in chunk.lines]
    assert lines[1:] == [line_of(place, str(place)) for place in (2, 3, 4)]
    assert recording.close() == []


def test_a_snapshot_waits_for_the_update_that_reaches_it() -> None:
    """Until then what comes belongs to the file that is open: to none at the start."""
    recording = Recording(STREAM_MARKETS["spot"], "BTCUSDT", 0, rotation=1)
    recording.receive(1, update(1, 4, 0), "a")
    assert recording.take_snapshot(2_000_000, '{"lastUpdateId":6,"bids":[],"asks":[]}')
    assert recording.flush() == []
    recording.receive(3_000_000, update(5, 7, 4), "b")
    assert [len(chunk.lines) for chunk in recording.flush()] == [3]
    first = recording.file
    assert recording.needs_snapshot(4_000_000)
    assert recording.take_snapshot(4_000_000, '{"lastUpdateId":9,"bids":[],"asks":[]}')
    recording.receive(5_000_000, update(8, 9, 7), "c")
    assert [chunk.file for chunk in recording.flush()] == [first]
    recording.receive(6_000_000, update(10, 12, 9), "d")
    assert {chunk.file for chunk in recording.flush()} == {recording.file}
    assert recording.file != first


def test_chunks_are_members_that_any_reader_of_gzip_reads(tmp_path: Path) -> None:
    recording = Recording(UM, "BTCUSDT", 0)
    recording.receive(1, update(1, 4, 0), "a")
    recording.take_snapshot(2, '{"lastUpdateId":4,"bids":[],"asks":[]}')
    append_chunks(tmp_path, recording.flush())
    recording.receive(3, update(5, 6, 4), "b\nc")
    append_chunks(tmp_path, recording.close())
    (path,) = tmp_path.glob("*.gz")
    with gzip.open(path, "rt") as file:
        assert [line.rstrip("\n") for line in file][1:] == ["1 a", "3 b c"]
