"""A local exchange that streams closing bars as Binance does, answers questions for them, and misbehaves when it is told to."""

import asyncio
import json
import random
from collections import Counter, deque
from http import HTTPStatus
from time import monotonic
from urllib.parse import parse_qs, urlparse

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from factory.core.times import MINUTE
from factory.market.sources.binance_klines import CLOSES, PLACES, TOLD

BEGIN = 1_767_225_600_000
SYMBOLS = ("BTCUSDT", "ETHUSDT")


class KlineExchange:
    """Two symbols, minutes that pass quickly, and what was told of them.

    Parameters
    ----------
    seconds : float
        That a minute takes.
    faults : dict of int to str
        What happens in a minute, counted from the beginning.
    """

    def __init__(self, seconds: float, faults: dict[int, str]) -> None:
        self.seconds, self.faults = seconds, faults
        self.begun = monotonic()
        self.sockets: set[ServerConnection] = set()
        self.done, self.asked = Counter[str](), deque[str]()
        self._draw = random.Random(5)
        self._rows: dict[tuple[str, int], list[object]] = {}

    def now(self) -> int:
        """The exchange's time, ms UTC."""
        return BEGIN + int((monotonic() - self.begun) / self.seconds * MINUTE)

    def row(self, symbol: str, minute: int) -> list[object] | None:
        """A bar as the REST interface has it; None where the exchange stood still."""
        if self.faults.get(minute) == f"absent {symbol}":
            return None
        key = (symbol, minute)
        if key not in self._rows:
            opened, close = (100 + self._draw.random() for _ in range(2))
            numbers = [opened, max(opened, close) + 0.1, min(opened, close) - 0.1, close, 5.0 + self._draw.random()]
            time = BEGIN + minute * MINUTE
            flow = ["500.5", 12, "2.5", "250.25", "0"]
            self._rows[key] = [time, *(f"{one:.4f}" for one in numbers), time + MINUTE - 1, *flow]
        return self._rows[key]

    def message(self, symbol: str, minute: int, *, closed: bool) -> str:
        """The same bar as a combined stream sends it."""
        row = self.row(symbol, minute)
        assert row is not None
        bar = {"t": row[0], "T": row[CLOSES], "s": symbol, "i": "1m", "x": closed}
        bar |= {key: row[PLACES[column]] for column, key in TOLD.items()}
        event = {"e": "kline", "E": self.now(), "s": symbol, "k": bar}
        return json.dumps({"stream": f"{symbol.lower()}@kline_1m", "data": event})

    async def run(self, port: int, ready: asyncio.Event) -> None:
        """Serve until cancelled."""
        async with serve(self._listen, "127.0.0.1", port, process_request=self._answer):
            ready.set()
            self.begun = monotonic()
            minute = 0
            while True:
                await asyncio.sleep(max(0.0, self.begun + (minute + 1) * self.seconds - monotonic()))
                await self._close(minute)
                minute += 1

    async def _close(self, minute: int) -> None:
        fault = self.faults.get(minute, "")
        symbols = [one for one in SYMBOLS if self.row(one, minute) is not None]
        texts = [self.message(one, minute, closed=True) for one in symbols if fault != f"drop {one}"]
        if fault == "repeat":
            texts *= 2
        if fault == "open":
            texts += [self.message(one, minute + 1, closed=False) for one in symbols]
        if fault == "late":
            texts = [self.message(symbols[0], minute - 1, closed=True), *texts]
        if fault == "noise":
            texts = ["no JSON", "[]", '{"e":"kline"}', '{"result":null,"id":1}', *texts]
        if fault == "shutdown":
            texts = [json.dumps({"e": "serverShutdown", "E": self.now()})]
        if fault:
            self.done[fault] += 1
        for socket in list(self.sockets):
            try:
                if fault == "silence":
                    self.sockets.discard(socket)
                    continue
                for text in texts:
                    await socket.send(text)
                if fault == "close":
                    await socket.close(1000)
            except ConnectionClosed:
                self.sockets.discard(socket)

    async def _listen(self, socket: ServerConnection) -> None:
        assert socket.request
        (streams,) = parse_qs(urlparse(socket.request.path).query)["streams"]
        assert streams == "btcusdt@kline_1m/ethusdt@kline_1m"
        self.sockets.add(socket)
        await socket.wait_closed()
        self.sockets.discard(socket)

    def _answer(self, socket: ServerConnection, request: Request) -> Response | None:
        url = urlparse(request.path)
        asked = parse_qs(url.query)
        if "streams" in asked:
            return None
        self.asked.append(request.path)
        if asked["symbol"][0] not in SYMBOLS:
            return socket.respond(HTTPStatus.BAD_REQUEST, '{"code":-1121,"msg":"Invalid symbol."}')
        first, last = (int(asked["startTime"][0]) - BEGIN) // MINUTE, (self.now() - BEGIN) // MINUTE
        rows = [self.row(asked["symbol"][0], minute) for minute in range(first, last + 1)]
        return socket.respond(HTTPStatus.OK, json.dumps([row for row in rows if row is not None][:1000]))
