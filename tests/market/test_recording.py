"""Live recordings against a local exchange: all that came is on disk once, in files that can be rebuilt by themselves."""

import asyncio
import gzip
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from factory.core.errors import DataError
from factory.core.times import HOUR
from factory.market.recorder import Pace, Recorder, record
from factory.market.recording import Recording, stamp_of
from factory.market.recording_files import list_statuses, mend_captures
from factory.market.sources.binance_stream import STREAM_MARKETS, DepthUpdate, read_message, read_snapshot_id
from tests.conftest import ROOT
from tests.market.stream_exchange import Books, StreamExchange, change_level, streaming

PATIENCE = 120.0
UM = STREAM_MARKETS["um"]
SAMPLES = {"spot": "spot", "um": "usdm", "coinm": "coinm"}


def pace(silence: float = 60.0, rotation: int = HOUR) -> Pace:
    return Pace(
        flush=0.05, silence={"depth": silence, "trade": silence}, wait=0.02, longest_wait=0.1, status=0.05, report=0.05,
        rotation=rotation,
    )  # fmt: skip


def wait_until(condition: Callable[[], Any], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.01)


def wait_until_begun(recorder: Recorder) -> None:
    counts = recorder.recording.channels.values()
    wait_until(lambda: recorder.recording.file and all(one.messages for one in counts), "it began")


def lines_of(path: Path) -> list[tuple[int, str]]:
    text = gzip.decompress(path.read_bytes()).decode()
    assert text.endswith("\n")
    parts = [line.split(" ", 1) for line in text.splitlines()]
    return [(int(received), message) for received, message in parts]


def captures(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.txt.gz"))


def on_disk(folder: Path, channel: str) -> list[str]:
    """Messages of a channel in all files, in order."""
    texts = [text for path in captures(folder) for _, text in lines_of(path)]
    return [text for text in texts if isinstance(one := read_message(text), DepthUpdate) and one.channel == channel]


def rebuild(path: Path, lead: int) -> tuple[int, Books]:
    """The book at the end of a file, by the exchange's rule and from that file alone."""
    (_, first), *rest = lines_of(path)
    reached, snapshot = read_snapshot_id(first), json.loads(first)
    assert reached is not None, "a file begins with a snapshot"
    book = {"b": dict(snapshot["bids"]), "a": dict(snapshot["asks"])}
    last = None
    for _, text in rest:
        update = read_message(text)
        assert isinstance(update, DepthUpdate), "a file has one snapshot"
        if update.channel != "depth" or update.last < reached + lead:
            continue
        assert update.first <= reached + lead if last is None else update.previous == last
        last = update.last
        for side in ("b", "a"):
            for price, quantity in json.loads(text)["data"][side]:
                change_level(book[side], price, quantity)
    assert last is not None
    return last, book


@contextmanager
def exchanging(monkeypatch: pytest.MonkeyPatch, exchange: StreamExchange) -> Iterator[StreamExchange]:
    with streaming(exchange) as host:
        monkeypatch.setenv("RFCAT_BINANCE_API", f"http://{host}")
        monkeypatch.setenv("RFCAT_BINANCE_STREAM", f"ws://{host}")
        yield exchange


@pytest.fixture
def exchange(monkeypatch: pytest.MonkeyPatch) -> Iterator[StreamExchange]:
    with exchanging(monkeypatch, StreamExchange()) as one:
        yield one


@contextmanager
def running(folder: Path, one: Pace, market: str = "um") -> Iterator[Recorder]:
    """A recorder at work in a thread, ended as by Ctrl-C."""
    folder.mkdir(exist_ok=True)
    loop = asyncio.new_event_loop()
    recorder = Recorder(STREAM_MARKETS[market], "BTCUSDT", folder, lambda _: None, one)
    task = loop.create_task(recorder.run(None))
    failures: list[BaseException] = []

    def work() -> None:
        try:
            loop.run_until_complete(task)
        except asyncio.CancelledError:
            pass
        except BaseException as error:
            failures.append(error)
        finally:
            loop.close()

    thread = Thread(target=work, daemon=True)
    thread.start()
    try:
        yield recorder
    finally:
        if not task.done():
            loop.call_soon_threadsafe(task.cancel)
        thread.join(PATIENCE)
    assert not thread.is_alive()
    assert failures == []


def wait_until_quiet(exchange: StreamExchange, recorder: Recorder) -> None:
    """Let the exchange fall silent until all that it sent has come."""
    exchange.paused = True
    begun = exchange.steps
    wait_until(lambda: exchange.steps > begun + 1, "the step that was under way is over")
    counts = recorder.recording.channels
    wait_until(lambda: all(counts[channel].messages == len(exchange.delivered[channel]) for channel in counts), "all came")  # type: ignore[index]
    wait_until(lambda: recorder.recording.file, "the last stretch has its snapshot")


def require_all_there(folder: Path, exchange: StreamExchange, lead: int = 0) -> None:
    """Every message that was sent is on disk once, in its order, and each file gives the exchange's own book."""
    for channel in ("depth", "trade"):
        assert on_disk(folder, channel) == exchange.delivered[channel]
    for path in captures(folder):
        last, book = rebuild(path, lead)
        assert book == exchange.books[last], path.name


def status_of(folder: Path) -> dict[str, Any]:
    (status,) = list_statuses(folder)
    return status


@pytest.mark.parametrize("market", ["spot", "um", "coinm"])
def test_all_that_came_is_there_once_in_a_file_that_rebuilds_the_book(
    market: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with exchanging(monkeypatch, StreamExchange(spot=market == "spot")) as exchange, running(tmp_path, pace(), market) as one:
        wait_until(lambda: len(exchange.delivered["depth"]) > 100, "the market moves")
        wait_until_quiet(exchange, one)
    require_all_there(tmp_path, exchange, STREAM_MARKETS[market].lead)
    (path,) = captures(tmp_path)
    received = [at for at, _ in lines_of(path)[1:]]
    assert received == sorted(received)
    told = status_of(tmp_path)
    assert (told["reconnects"]["count"], told["gaps"]["count"], told["dropped"]) == (0, 0, 0)
    assert told["streams"]["depth"]["messages"] == len(exchange.delivered["depth"])
    assert told["ended"] >= told["streams"]["depth"]["last"] >= told["started"]
    assert all(file.stat().st_mode & 0o077 == 0 for file in tmp_path.iterdir())


@pytest.mark.parametrize("market", list(SAMPLES))
def test_captured_messages_come_back_as_they_were(
    market: str, tmp_path: Path, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = shared / "data" / "formats" / f"binance_{SAMPLES[market]}_ws_raw_sample.txt"
    messages = [line.split(" ", 1)[1] for line in file.read_text().splitlines()]
    (snapshot,) = (text for text in messages if read_snapshot_id(text))
    script = [(one.channel, text) for text in messages if isinstance(one := read_message(text), DepthUpdate)]
    with (
        exchanging(monkeypatch, StreamExchange(script=script, snapshot=snapshot)) as exchange,
        running(tmp_path, pace(), market) as recorder,
    ):
        wait_until(lambda: not exchange.script, "all was sent")
        wait_until_quiet(exchange, recorder)
    (path,) = captures(tmp_path)
    first, *rest = [text for _, text in lines_of(path)]
    assert first == snapshot
    assert sorted(rest) == sorted(text for _, text in script)
    rebuild(path, STREAM_MARKETS[market].lead)
    assert status_of(tmp_path)["gaps"]["count"] == 0


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("close", "closed with code 1000"),
        ("silence", "silent for 3 s"),
        ("shutdown", "the exchange announced a shutdown"),
    ],
)
def test_whatever_ends_a_connection_a_new_file_goes_on_with_a_snapshot(
    fault: str, reason: str, exchange: StreamExchange, tmp_path: Path
) -> None:
    with running(tmp_path, pace(silence=3.0)) as recorder:
        wait_until_begun(recorder)
        exchange.faults += [("depth", fault), ("trade", fault)]
        wait_until(lambda: exchange.connected["depth"] > 1 and exchange.connected["trade"] > 1, "it connected again")
        wait_until(lambda: recorder.recording.file and recorder.recording.reconnects.count > 1, "it went on")
        wait_until_quiet(exchange, recorder)
    require_all_there(tmp_path, exchange)
    assert len(captures(tmp_path)) > 1
    told = status_of(tmp_path)["reconnects"]["latest"]
    assert {(one["stream"], one["reason"]) for one in told} >= {("depth", reason), ("trade", reason)}


def test_a_gap_ends_a_file_and_is_written_down(exchange: StreamExchange, tmp_path: Path) -> None:
    with running(tmp_path, pace()) as recorder:
        wait_until_begun(recorder)
        exchange.faults += [("depth", "drop"), ("trade", "drop")]
        wait_until(lambda: recorder.recording.gaps.count == 2, "both gaps are seen")
        wait_until_quiet(exchange, recorder)
    require_all_there(tmp_path, exchange)
    assert len(captures(tmp_path)) == 2
    for gap in status_of(tmp_path)["gaps"]["latest"]:
        ids = [
            (one.first, one.last)
            for text in exchange.delivered[gap["stream"]]
            if isinstance(one := read_message(text), DepthUpdate)
        ]
        place = [last for _, last in ids].index(gap["after"])
        assert ids[place + 1][0] == gap["before"]


def test_what_came_before_and_what_is_no_data_is_not_kept(exchange: StreamExchange, tmp_path: Path) -> None:
    with running(tmp_path, pace()) as recorder:
        wait_until_begun(recorder)
        exchange.faults += [("depth", "repeat"), ("trade", "repeat"), ("depth", "noise")]
        wait_until(lambda: not exchange.faults, "all was sent")
        wait_until_quiet(exchange, recorder)
    require_all_there(tmp_path, exchange)
    told = status_of(tmp_path)
    assert [stream["repeats"] for stream in told["streams"].values()] == [1, 1]
    assert (told["gaps"]["count"], told["reconnects"]["count"], len(captures(tmp_path))) == (0, 0, 1)


def test_a_new_period_begins_a_new_file(exchange: StreamExchange, tmp_path: Path) -> None:
    with running(tmp_path, pace(rotation=500)) as recorder:
        wait_until(lambda: len(captures(tmp_path)) > 2, "files were rotated")
        wait_until_quiet(exchange, recorder)
    require_all_there(tmp_path, exchange)
    assert status_of(tmp_path)["gaps"]["count"] == status_of(tmp_path)["reconnects"]["count"] == 0


def test_a_snapshot_that_is_too_old_or_does_not_come_is_asked_for_again(exchange: StreamExchange, tmp_path: Path) -> None:
    wait = pace()
    with running(tmp_path, wait) as recorder:
        wait_until_begun(recorder)
        exchange.stale = 2
        exchange.answers += [(503, {}), (429, {"Retry-After": "1"})]
        exchange.faults.append(("depth", "close"))
        wait_until(lambda: not exchange.answers and not exchange.stale and recorder.recording.file, "it went on")
        wait_until_quiet(exchange, recorder)
    require_all_there(tmp_path, exchange)
    reasons = [one["reason"] for one in status_of(tmp_path)["failed_snapshots"]["latest"]]
    assert reasons == ["the server answered 503", "the server answered 429"]


def test_a_restart_goes_on_beside_what_is_there(exchange: StreamExchange, tmp_path: Path) -> None:
    for count in (1, 2):
        exchange.paused = False
        with running(tmp_path, pace()) as recorder:
            wait_until(lambda: recorder.recording.channels["depth"].messages > 20, "messages come")
            exchange.paused = True
            wait_until(lambda: recorder.recording.file, "it has its snapshot")
        assert len(captures(tmp_path)) == len(list_statuses(tmp_path)) == count
    for path in captures(tmp_path):
        last, book = rebuild(path, 0)
        assert book == exchange.books[last]


def test_a_torn_end_is_cut_off_before_more_is_written(tmp_path: Path) -> None:
    recording = Recording(UM, "BTCUSDT", 0)
    path = tmp_path / f"{recording.name}-{stamp_of(0)}.txt.gz"
    for text in ("one", "two"):
        path.write_bytes((path.read_bytes() if path.exists() else b"") + gzip.compress(f"1 {text}\n".encode()))
    whole = path.read_bytes()
    for tail in (b"", whole[:5], whole[:20], b"\x00" * 100):
        path.write_bytes(whole + tail)
        mend_captures(tmp_path, recording.name)
        assert path.read_bytes() == whole
    path.write_bytes(whole[:5])
    mend_captures(tmp_path, recording.name)
    assert not path.exists()


def command(*words: str) -> subprocess.Popen[str]:
    line = [sys.executable, "-m", "server", *words]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    return subprocess.Popen(line, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def recording_into(folder: Path, *more: str) -> subprocess.Popen[str]:
    return command("data", "record", "depth", "btcusdt", "--folder", str(folder), *more)


def require_beginning(folder: Path, exchange: StreamExchange) -> None:
    """What is on disk is what was sent from the start on, up to some message."""
    for channel in ("depth", "trade"):
        kept = on_disk(folder, channel)
        assert kept == exchange.delivered[channel][: len(kept)]
    assert len(on_disk(folder, "depth")) > 0
    last, book = rebuild(captures(folder)[0], 0)
    assert book == exchange.books[last]


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_ctrl_c_and_a_kill_leave_whole_lines(how: signal.Signals, exchange: StreamExchange, tmp_path: Path) -> None:
    process = recording_into(tmp_path)
    wait_until(lambda: any(path.stat().st_size for path in captures(tmp_path)), "it records")
    process.send_signal(how)
    out, err = process.communicate(timeout=PATIENCE)
    require_beginning(tmp_path, exchange)
    if how == signal.SIGINT:
        assert process.returncode == 130, err
        assert "stopped: all that came is written" in out
        assert status_of(tmp_path)["ended"] is not None
    again = recording_into(tmp_path, "--for", "3s")
    out, err = again.communicate(timeout=PATIENCE)
    assert again.returncode == 0, err
    assert "done: all that came is written" in out
    assert len(captures(tmp_path)) == 2


def test_what_was_recorded_lies_in_the_vault_and_is_listed(exchange: StreamExchange, tmp_path: Path) -> None:
    where = ("--workspace", str(tmp_path / "workspace"))
    out, err = command(*where, "data", "record", "depth", "BTCUSDT", "--market", "coinm", "--for", "3s").communicate(
        timeout=PATIENCE
    )
    assert "done: all that came is written" in out, err
    folder = tmp_path / "workspace" / "vault" / "downloads" / "binance-coinm" / "BTCUSDT" / "depth"
    require_beginning(folder, exchange)
    out, err = command(*where, "data", "record", "status", "--json").communicate(timeout=PATIENCE)
    told = json.loads(out)
    (row,) = [dict(zip(told["columns"], values, strict=True)) for values in told["rows"]]
    streams = status_of(folder)["streams"]
    assert (row["market"], row["symbol"]) == ("binance-coinm", "BTCUSDT")
    assert (row["depth"], row["trade"]) == (streams["depth"]["messages"], streams["trade"]["messages"])
    assert row["started"] <= row["last"] <= row["ended"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("../x",), "'../x' is no symbol; write letters, digits and _ such as BTCUSDT"),
        (("BTCUSDT", "--for", "soon"), "'soon' is not a duration"),
        (("BTCUSDT", "--market", "usdm"), "'usdm' unknown; did you mean 'um'?"),
    ],
)
def test_what_cannot_be_meant_is_refused(words: tuple[str, ...], told: str, tmp_path: Path) -> None:
    out, err = command("data", "record", "depth", *words, "--folder", str(tmp_path)).communicate(timeout=PATIENCE)
    assert told in out + err
    assert list(tmp_path.iterdir()) == []


def test_two_do_not_record_into_one_folder(exchange: StreamExchange, tmp_path: Path) -> None:
    process = recording_into(tmp_path)
    try:
        wait_until(lambda: captures(tmp_path), "it records")
        with pytest.raises(DataError, match="BTCUSDT: another process records it into this folder"):
            record(UM, "BTCUSDT", tmp_path, 1.0, lambda _: None)
    finally:
        process.kill()
        process.communicate(timeout=PATIENCE)


def test_wrong_symbols_and_no_connection_are_told(
    exchange: StreamExchange, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DataError, match="NOPE: binance-um answered 400; check the symbol and --market"):
        record(UM, "NOPE", tmp_path, 1.0, lambda _: None)
    monkeypatch.setenv("RFCAT_BINANCE_API", "http://127.0.0.1:9")
    with pytest.raises(DataError, match="BTCUSDT: no connection to binance-um; run it again when there is one"):
        record(UM, "BTCUSDT", tmp_path, 1.0, lambda _: None)
    assert captures(tmp_path) == list_statuses(tmp_path) == []
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=r"BTCUSDT: .*; make room, or give another --folder"):
        record(UM, "BTCUSDT", tmp_path / "file", 1.0, lambda _: None)


@pytest.mark.parametrize(("status", "mend"), [(404, "check the symbol and --market"), (451, "it does not serve your address")])
def test_a_refusal_at_the_start_is_told(status: int, mend: str, exchange: StreamExchange, tmp_path: Path) -> None:
    exchange.answers.append((status, {}))
    with pytest.raises(DataError, match=f"BTCUSDT: binance-um answered {status}; {mend}"):
        record(UM, "BTCUSDT", tmp_path, 1.0, lambda _: None)
