"""A local exchange that streams books and trades as Binance does, gives snapshots of them, and misbehaves when it is told to."""

import asyncio
import json
import random
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlparse

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from factory.core.times import now_ms
from factory.market.sources.binance_stream import STREAMS
from tests.ports import find_port

STEP = 0.005
"""Seconds between two updates of the book."""
Books = dict[str, dict[str, str]]


class StreamExchange:
    """A market, who listens to it, and what was sent.

    Parameters
    ----------
    spot : bool
        Whether ids follow spot's rule; else the futures'.
    script : sequence of (str, str)
        Channel and message of each step, in place of a market of its own.
    snapshot : str
        The one snapshot that goes with a script.
    """

    def __init__(self, *, spot: bool = False, script: Sequence[tuple[str, str]] = (), snapshot: str = "") -> None:
        self.spot, self.script, self.snapshot = spot, deque(script), snapshot
        self.delivered: dict[str, list[str]] = defaultdict(list)
        self.sockets: dict[str, set[ServerConnection]] = defaultdict(set)
        self.connected: dict[str, int] = defaultdict(int)
        self.faults: deque[tuple[str, str]] = deque()
        self.answers: deque[tuple[int, dict[str, str]]] = deque()
        self.stale = self.steps = 0
        self.asked: list[str] = []
        self.paused = bool(script)
        self.books: dict[int, Books] = {}
        self._book: Books = {"b": {}, "a": {}}
        self._id, self._trade, self._draw = 1_000, 500, random.Random(7)

    def depth(self) -> str:
        """The next update of the book."""
        previous, first = self._id, self._id + (1 if self.spot else self._draw.randint(1, 5))
        self._id = first + self._draw.randint(0, 9)
        event: dict[str, Any] = {"e": "depthUpdate", "E": now_ms(), "s": "BTCUSDT", "U": first, "u": self._id}
        if not self.spot:
            event |= {"T": now_ms(), "pu": previous}
        for side, base in (("b", 90), ("a", 101)):
            event[side] = [[f"{base + self._draw.randint(0, 9)}.0", str(self._draw.choice([0, 1, 2, 3]))] for _ in range(2)]
            for price, quantity in event[side]:
                change_level(self._book[side], price, quantity)
        self.books[self._id] = {side: dict(levels) for side, levels in self._book.items()}
        return wrap("depth", event)

    def trade(self) -> str:
        """The next trade."""
        self._trade += 1
        told = {"e": "trade", "E": now_ms(), "T": now_ms(), "s": "BTCUSDT", "t": self._trade, "p": "100.0", "q": "1", "m": True}
        return wrap("trade", told)

    def whole_book(self) -> str:
        """A snapshot: of now, or of long ago while answers are to be stale."""
        if self.snapshot:
            return self.snapshot
        if self.stale:
            self.stale -= 1
            return json.dumps({"lastUpdateId": 10, "bids": [], "asks": []})
        levels = {side: [[price, quantity] for price, quantity in book.items()] for side, book in self._book.items()}
        return json.dumps({"lastUpdateId": self._id, "bids": levels["b"], "asks": levels["a"]})

    async def run(self, port: int, ready: "asyncio.Event") -> None:
        """Serve until cancelled."""
        async with serve(self._listen, "127.0.0.1", port, process_request=self._answer) as server:
            ready.set()
            await self._publish(server)

    async def _publish(self, _: Server) -> None:
        while True:
            await asyncio.sleep(STEP)
            self.steps += 1
            if self.script and all(self.sockets[channel] for channel in STREAMS):
                await self._send(*self.script.popleft())
            elif not self.paused:
                await self._send("depth", self.depth())
                if self._draw.random() < 0.5:
                    await self._send("trade", self.trade())

    async def _send(self, channel: str, text: str) -> None:
        fault = self.faults.popleft()[1] if self.faults and self.faults[0][0] == channel else ""
        if fault == "drop":
            return
        for socket in list(self.sockets[channel]):
            try:
                await socket.send(text)
                self.delivered[channel].append(text)
                await self._spoil(channel, socket, fault, text)
            except ConnectionClosed:
                self.sockets[channel].discard(socket)

    async def _spoil(self, channel: str, socket: ServerConnection, fault: str, text: str) -> None:
        if fault == "repeat":
            await socket.send(text)
        if fault in ("silence", "shutdown"):
            self.sockets[channel].discard(socket)
        if fault == "shutdown":
            await socket.send(json.dumps({"e": "serverShutdown", "E": now_ms()}))
        if fault == "close":
            self.sockets[channel].discard(socket)
            await socket.close(1000)
        if fault == "noise":
            for noise in ('{"result":null,"id":1}', "no JSON", "[]", '{"e":"trade"}'):
                await socket.send(noise)

    async def _listen(self, socket: ServerConnection) -> None:
        assert socket.request
        stream = parse_qs(urlparse(socket.request.path).query)["streams"][0]
        channel = next(channel for channel, name in STREAMS.items() if stream == f"btcusdt@{name}")
        self.sockets[channel].add(socket)
        self.connected[channel] += 1
        await socket.wait_closed()
        self.sockets[channel].discard(socket)

    def _answer(self, socket: ServerConnection, request: Request) -> Response | None:
        url = urlparse(request.path)
        self.asked.append(request.path)
        if "streams" in parse_qs(url.query):
            return None
        if parse_qs(url.query)["symbol"] != ["BTCUSDT"]:
            return socket.respond(HTTPStatus.BAD_REQUEST, '{"code":-1121,"msg":"Invalid symbol."}')
        if self.answers:
            status, headers = self.answers.popleft()
            answer = socket.respond(HTTPStatus(status), "{}")
            answer.headers.update(headers)
            return answer
        return socket.respond(HTTPStatus.OK, self.whole_book())


def wrap(channel: str, event: dict[str, Any]) -> str:
    """An event as combined streams send it, without blanks."""
    name = dict(STREAMS)[channel]  # type: ignore[index]
    return json.dumps({"stream": f"btcusdt@{name}", "data": event}, separators=(",", ":"))


def change_level(levels: dict[str, str], price: str, quantity: str) -> None:
    """Set or delete a level of a book."""
    levels[price] = quantity
    if float(quantity) == 0:
        del levels[price]


@contextmanager
def streaming(exchange: StreamExchange) -> Iterator[str]:
    """Serve an exchange; gives its host and port."""
    port, loop = find_port(), asyncio.new_event_loop()
    ready = asyncio.Event()
    task = loop.create_task(exchange.run(port, ready))

    def serve_it() -> None:
        try:
            loop.run_until_complete(task)
        except asyncio.CancelledError:
            pass
        finally:
            loop.close()

    thread = Thread(target=serve_it, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(ready.wait(), loop).result(60)
    try:
        yield f"127.0.0.1:{port}"
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join(60)
