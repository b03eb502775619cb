"""Closed bars from Binance as they come: streamed, asked for where one did not come, and let through minute by minute.

A connection is given up when no message about a bar came over it for some seconds, and opened again whatever ended it. What
closed meanwhile is asked for, so that no bar is lost and none is decided on before those that came before it.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

import httpx

from factory.core.errors import DataError
from factory.core.times import iso, now_ms, to_ms
from factory.live.gate import Bar, Gate
from factory.market.sources.binance import Binance
from factory.market.sources.binance_klines import klines_url, read_kline, read_klines, stream_url
from factory.market.sources.binance_stream import SHUTDOWN_REASON, Shutdown
from factory.market.sources.connection import MOST_SAID, OPEN_SECONDS, Backoff, listen

UNKNOWN = (httpx.codes.BAD_REQUEST, httpx.codes.NOT_FOUND)


@dataclass(frozen=True)
class Minute:
    """The bars of one minute, all that came of them.

    Parameters
    ----------
    end : int
        When it was over, ms UTC.
    bars : list of Bar
        At most one of each series.
    late : float
        Seconds from its end until it went through, by this machine's clock.
    """

    end: int
    bars: list[Bar]
    late: float


@dataclass(frozen=True)
class Pace(Backoff):
    """How often things are done, in seconds, beside tries to connect.

    Parameters
    ----------
    look : float
        Between two looks at whether a minute is complete.
    grace : float
        From a minute's end until its bars are asked for.
    ask : float
        Between two questions for the same.
    silence : float
        Age of the newest message about a bar at which a connection is given up.
    """

    look: float = 0.05
    grace: float = 2.0
    ask: float = 2.0
    silence: float = 30.0


class BarFeed:
    """The bars of some series.

    Parameters
    ----------
    market : Binance
        Where they are traded.
    symbols : mapping of str to str
        By series what the exchange calls it.
    period : duration
        Of the bars.
    tell : callable
        Told a line whenever something was amiss.
    pace : Pace or None
        Default: the usual one.
    clock : callable
        Tells the time, ms UTC.
    """

    def __init__(
        self,
        market: Binance,
        symbols: Mapping[str, str],
        period: str,
        tell: Callable[[str], None],
        pace: Pace | None = None,
        clock: Callable[[], int] = now_ms,
    ) -> None:
        self.market, self.symbols, self.period, self.tell = market, dict(symbols), period, tell
        self.pace, self.clock = pace or Pace(), clock
        self._names = {symbol: name for name, symbol in symbols.items()}
        self.gate = Gate(list(symbols), to_ms(period), 0)

    async def fetch(self, client: httpx.AsyncClient, name: str, start: int, before: int) -> list[Bar]:
        """Ask for the bars of a series that began in [start, before) and have closed.

        Raises
        ------
        DataError
            If the symbol does not exist there, or nobody answers as Binance does.
        """
        symbol, bars = self.symbols[name], list[Bar]()
        while start < before:
            try:
                answer = await client.get(klines_url(self.market, symbol, self.period, start))
                if answer.status_code in UNKNOWN:
                    raise DataError(f"{symbol}: {self.market.name} answered {answer.status_code}; check the dataset's symbol")
                rows = answer.raise_for_status().json()
                came = read_klines(symbol, rows, self.clock())
            except (httpx.HTTPError, ValueError, TypeError, IndexError) as error:
                raise DataError(
                    f"{symbol}: no bars from {self.market.name}: {str(error)[:MOST_SAID] or 'no answer'}"
                ) from error
            bars += [Bar(name, one.time, one.values) for one in came if one.time < before]
            if not came:
                break
            start = came[-1].time + to_ms(self.period)
        return bars

    async def run(self, due: int, put: Callable[[Minute], None]) -> None:
        """Hand over minute after minute, the one that begins at `due` first, until cancelled."""
        self.gate = Gate(list(self.symbols), to_ms(self.period), due)
        async with httpx.AsyncClient(timeout=OPEN_SECONDS) as client:
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._keep_listening())
                    group.create_task(self._keep_asking(client))
                    group.create_task(self._keep_releasing(put))
            except ExceptionGroup as failed:
                raise failed.exceptions[0] from None

    async def _keep_releasing(self, put: Callable[[Minute], None]) -> None:
        while True:
            while (minute := self.gate.release()) is not None:
                end, bars = minute
                put(Minute(end, bars, (self.clock() - end) / 1000))
                await asyncio.sleep(0)
            await asyncio.sleep(self.pace.look)

    async def _keep_asking(self, client: httpx.AsyncClient) -> None:
        """Ask for the bars that did not come; one that is not there though a later one is was never made."""
        while True:
            for name in self.gate.find_lacking(self.clock(), round(self.pace.grace * 1000)):
                with suppress(DataError):
                    await self._ask(client, name)
            await asyncio.sleep(self.pace.ask)

    async def _ask(self, client: httpx.AsyncClient, name: str) -> None:
        try:
            bars = await self.fetch(client, name, self.gate.due, self.clock())
        except DataError as error:
            self.tell(str(error))
            raise
        for bar in bars:
            self.gate.receive(bar)
        if bars and bars[-1].time > self.gate.due:
            self.gate.give_up(name, bars[-1].time)

    async def _keep_listening(self) -> None:
        failures = 0
        while True:
            begun = self.clock()
            reason = await self._listen()
            failures = 0 if self.clock() - begun > self.pace.longest_wait * 1000 else failures + 1
            self.gate.counts["reconnects"] += 1
            self.tell(f"{iso(self.clock())} stream: {reason}; connecting again")
            await asyncio.sleep(self.pace.pause(failures))

    async def _listen(self) -> str:
        """Take in what comes over one connection, and tell why it ended."""
        address = stream_url(self.market, list(self.symbols.values()), self.period)
        return await listen(address, self.pace.silence, self._take_in)

    def _take_in(self, text: str) -> bool | str:
        """Take in a message: whether it told of a bar, or that the connection is about to be closed."""
        message = read_kline(text)
        if isinstance(message, Shutdown):
            return SHUTDOWN_REASON
        if message is None or message.symbol not in self._names:
            return False
        if message.is_closed:
            self.gate.receive(Bar(self._names[message.symbol], message.time, message.values))
        return True
