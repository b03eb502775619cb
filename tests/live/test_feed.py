"""Bars come once each, in order, whatever the exchange does; what it never made is missing."""

import asyncio
from collections.abc import Callable

import pytest

from factory.core.errors import DataError
from factory.core.times import MINUTE
from factory.live.feed import BarFeed, Minute, Pace
from factory.live.gate import Bar, Gate
from factory.market.sources.binance import BINANCE
from factory.market.sources.binance_klines import PLACES, Kline, klines_url, read_kline, stream_url
from tests.live.kline_exchange import BEGIN, SYMBOLS, KlineExchange
from tests.market.stream_exchange import streaming

SPOT, FUTURES = BINANCE
NAMES = {"btc": "BTCUSDT", "eth": "ETHUSDT"}
FAULTS = {
    4: "repeat", 6: "drop BTCUSDT", 9: "open", 12: "late", 15: "close", 19: "absent ETHUSDT", 23: "noise", 26: "shutdown",
    31: "silence", 36: "drop ETHUSDT",
}  # fmt: skip
QUICK = Pace(look=0.005, grace=0.05, ask=0.03, silence=0.6, wait=0.01, longest_wait=0.05)


def collect(exchange: KlineExchange, port: str, monkeypatch: pytest.MonkeyPatch, count: int, due: int) -> list[Minute]:
    monkeypatch.setenv("RFCAT_BINANCE_STREAM", f"ws://{port}")
    monkeypatch.setenv("RFCAT_BINANCE_API", f"http://{port}")
    feed, minutes = BarFeed(SPOT, NAMES, "1m", lambda _: None, QUICK, exchange.now), list[Minute]()

    async def run() -> None:
        async with asyncio.timeout(60):
            task = asyncio.create_task(feed.run(due, minutes.append))
            while len(minutes) < count:
                await asyncio.sleep(0.01)
                assert not task.done(), task.exception()
            task.cancel()

    asyncio.run(run())
    return minutes


def test_every_bar_comes_once_and_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    exchange = KlineExchange(0.15, FAULTS)
    with streaming(exchange) as port:
        minutes = collect(exchange, port, monkeypatch, 42, BEGIN)
    assert {*FAULTS.values()} <= {*exchange.done}
    assert [one.end for one in minutes[:42]] == [BEGIN + (k + 1) * MINUTE for k in range(42)]
    for k, minute in enumerate(minutes[:42]):
        expected = {name: exchange.row(symbol, k) for name, symbol in NAMES.items()}
        came = {bar.series: bar for bar in minute.bars}
        assert set(came) == {name for name, row in expected.items() if row is not None}, k
        for name, bar in came.items():
            row = expected[name]
            assert row is not None
            assert bar.time == BEGIN + k * MINUTE
            assert bar.values == {column: float(row[place]) for column, place in PLACES.items()}


def test_minutes_before_the_connection_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    exchange = KlineExchange(0.05, {})
    with streaming(exchange) as port:
        minutes = collect(exchange, port, monkeypatch, 260, BEGIN - 200 * MINUTE)
    assert [bar.time for one in minutes[:260] for bar in one.bars if bar.series == "eth"] == [
        BEGIN + (k - 200) * MINUTE for k in range(260)
    ]
    assert minutes[0].late > minutes[250].late


def test_a_symbol_that_does_not_exist_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    import httpx

    exchange = KlineExchange(1.0, {})
    with streaming(exchange) as port:
        monkeypatch.setenv("RFCAT_BINANCE_API", f"http://{port}")
        feed = BarFeed(SPOT, {"btc": "NOPE"}, "1m", lambda _: None, QUICK, exchange.now)

        async def ask() -> None:
            async with httpx.AsyncClient() as client:
                await feed.fetch(client, "btc", BEGIN, BEGIN + MINUTE)

        with pytest.raises(DataError, match="NOPE: binance-spot answered 400; check the dataset's symbol"):
            asyncio.run(ask())


def test_addresses_are_those_that_the_exchange_has_now(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RFCAT_BINANCE_STREAM", "RFCAT_BINANCE_API"):
        monkeypatch.delenv(name, raising=False)
    assert stream_url(FUTURES, ["BTCUSDT"], "1m") == "wss://fstream.binance.com/market/stream?streams=btcusdt@kline_1m"
    assert stream_url(SPOT, list(SYMBOLS), "5m").endswith("/stream?streams=btcusdt@kline_5m/ethusdt@kline_5m")
    assert klines_url(SPOT, "BTCUSDT", "1m", 5) == (
        "https://api.binance.com/api/v3/klines?symbol=BTCUSDT&interval=1m&startTime=5&limit=1000"
    )


def test_only_a_closed_bar_is_one() -> None:
    exchange = KlineExchange(1.0, {})
    closed, still_open = (read_kline(exchange.message("BTCUSDT", 3, closed=one)) for one in (True, False))
    assert isinstance(still_open, Kline)
    assert isinstance(closed, Kline)
    assert (closed.is_closed, still_open.is_closed) == (True, False)
    assert (closed.symbol, closed.time, closed.end) == ("BTCUSDT", BEGIN + 3 * MINUTE, BEGIN + 4 * MINUTE)


def gate() -> tuple[Gate, Callable[[str, int], Bar]]:
    return Gate(["a", "b"], MINUTE, 0), lambda name, minute: Bar(name, minute * MINUTE, {"close": 1.0})


def test_a_gate_waits_for_every_series() -> None:
    one, bar = gate()
    one.receive(bar("a", 0))
    one.receive(bar("b", 1))
    assert one.release() is None
    assert one.find_lacking(MINUTE + 999, 1_000) == []
    assert one.find_lacking(MINUTE + 1_000, 1_000) == ["b"]
    one.receive(bar("b", 0))
    assert one.release() == (MINUTE, [bar("a", 0), bar("b", 0)])
    one.receive(bar("a", 0))
    one.receive(bar("b", 1))
    assert one.counts == {"late": 1, "repeated": 1}


def test_what_a_gate_gave_up_may_still_come_while_its_minute_waits() -> None:
    one, bar = gate()
    one.give_up("b", MINUTE)
    assert one.release() is None
    one.receive(bar("b", 0))
    one.receive(bar("a", 0))
    assert one.release() == (MINUTE, [bar("a", 0), bar("b", 0)])
    one.receive(bar("a", 1))
    one.give_up("b", 2 * MINUTE)
    assert one.release() == (2 * MINUTE, [bar("a", 1)])
