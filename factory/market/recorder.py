"""Record the order book and the trades of a symbol live: connections, snapshots, and a watch on how old the data are.

Each stream has a connection of its own, which is given up when no data came over it for some seconds, and opened again
whatever ended it.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from factory.core.errors import DataError
from factory.core.times import HOUR, iso
from factory.market.recording import NS, Recording, stamp_of
from factory.market.recording_files import append_chunks, mend_captures, write_status
from factory.market.sources.binance_stream import SHUTDOWN_REASON, STREAMS, Channel, Shutdown, StreamMarket, read_message
from factory.market.sources.connection import MOST_SAID, OPEN_SECONDS, Backoff, listen
from factory.storage.locks import exclusive

TRY_LATER = (httpx.codes.TOO_MANY_REQUESTS, httpx.codes.IM_A_TEAPOT)
"""What Binance answers those who ask too often, before and after it bans them."""
UNKNOWN = (httpx.codes.BAD_REQUEST, httpx.codes.NOT_FOUND)

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Pace(Backoff):
    """How often things are done, in seconds.

    Parameters
    ----------
    flush : float
        Between two writes: what a kill loses at most.
    silence : mapping of str to float
        Age of the newest data at which a stream's connection is given up; trades of a small market are rare.
    status, report : float
        Between two writes of the status, and between two lines of progress.
    rotation : int
        Milliseconds a file is for.
    """

    flush: float = 1.0
    silence: dict[Channel, float] = field(default_factory=lambda: {"depth": 30.0, "trade": 300.0})
    status: float = 10.0
    report: float = 60.0
    rotation: int = HOUR


def record(
    market: StreamMarket, symbol: str, folder: Path, seconds: float | None, tell: Tell, pace: Pace | None = None
) -> None:
    """Record a symbol's book and trades until some seconds have passed, or the process is interrupted.

    Parameters
    ----------
    market : StreamMarket
        Where it is traded.
    symbol : str
        As the exchange spells it.
    folder : Path
        Files go here; made if absent.
    seconds : float or None
        None: until Ctrl-C, which passes as KeyboardInterrupt once everything is written.
    tell : callable
        Told a line now and then, and whenever something was amiss.
    pace : Pace or None
        Default: the usual one.

    Raises
    ------
    DataError
        If the symbol does not exist there, nobody answers at the start, another process records it into this folder, or
        files cannot be written.
    """
    name = f"{market.name}-{symbol}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with exclusive(folder / f".{name}.lock") as held:
            if not held:
                raise DataError(f"{symbol}: another process records it into this folder; stop that one, or give --folder")
            mend_captures(folder, name)
            asyncio.run(Recorder(market, symbol, folder, tell, pace or Pace()).run(seconds))
    except OSError as error:
        raise DataError(f"{symbol}: {error.strerror or 'cannot be written'}; make room, or give another --folder") from error


class Recorder:
    """The streams of one symbol and the files that they go to.

    Parameters
    ----------
    market, symbol, folder, tell, pace
        As of :func:`record`.
    """

    def __init__(self, market: StreamMarket, symbol: str, folder: Path, tell: Tell, pace: Pace) -> None:
        self.market, self.symbol, self.folder, self.tell, self.pace = market, symbol, folder, tell, pace
        self.recording = Recording(market, symbol, time.time_ns(), pace.rotation)
        self.wanted = asyncio.Event()
        """Set while a snapshot is needed."""

    async def run(self, seconds: float | None) -> None:
        """Record until some seconds have passed or the task is cancelled; whatever ends it, all that can be is written."""
        async with httpx.AsyncClient(timeout=OPEN_SECONDS) as client:
            await self._require_symbol(client)
            try:
                with suppress(TimeoutError):
                    async with asyncio.timeout(seconds):
                        await self._work(client)
            finally:
                append_chunks(self.folder, self.recording.close())
                self._write_status(time.time_ns())

    async def _work(self, client: httpx.AsyncClient) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_repeat(self.pace.flush, self._write))
                group.create_task(_repeat(self.pace.status, self._write_status))
                group.create_task(_repeat(self.pace.report, self._report))
                group.create_task(self._keep_snapshots(client))
                for channel in STREAMS:
                    group.create_task(self._keep_listening(channel))
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None

    async def _require_symbol(self, client: httpx.AsyncClient) -> None:
        """Ask for a book before anything else: streams stay silent on a symbol that does not exist."""
        try:
            answer = await client.get(self.market.snapshot_url(self.symbol))
        except httpx.HTTPError as error:
            raise DataError(f"{self.symbol}: no connection to {self.market.name}; run it again when there is one") from error
        if answer.is_client_error and answer.status_code not in TRY_LATER:
            mend = "check the symbol and --market" if answer.status_code in UNKNOWN else "it does not serve your address"
            raise DataError(f"{self.symbol}: {self.market.name} answered {answer.status_code}; {mend}")

    async def _keep_listening(self, channel: Channel) -> None:
        """Connect, and again whatever ended the connection."""
        failures = 0
        while True:
            began = time.time_ns()
            reason = await self._listen(channel)
            lasted = (self.recording.channels[channel].received - began) / 1e9
            failures = 0 if lasted > self.pace.longest_wait else failures + 1
            self.recording.lose(channel, time.time_ns(), reason)
            self.tell(f"{self.symbol} {channel}: {reason}; connecting again")
            self._write_status()
            await asyncio.sleep(self.pace.pause(failures))

    async def _listen(self, channel: Channel) -> str:
        """Take in what comes over one connection, and tell why it ended."""
        address = self.market.stream_url(self.symbol, channel)
        return await listen(address, self.pace.silence[channel], self._take_in)

    def _take_in(self, text: str) -> bool | str:
        """Take in a message: whether it was data, or that the connection is about to be closed."""
        received, message = time.time_ns(), read_message(text)
        if isinstance(message, Shutdown):
            return SHUTDOWN_REASON
        if message is None:
            return False
        self.recording.receive(received, message, text)
        if self.recording.file is None and self.recording.needs_snapshot(received):
            self.wanted.set()
        return True

    async def _keep_snapshots(self, client: httpx.AsyncClient) -> None:
        """Get a snapshot whenever one is needed, and again until one is of use."""
        failures = 0
        while True:
            await self.wanted.wait()
            rest = await self._get_snapshot(client)
            self.wanted.clear()  # Only now: while one was under way it was still wanted.
            failures = 0 if rest is None else failures + 1
            if rest is not None:
                await asyncio.sleep(max(rest, self.pace.pause(failures - 1)))

    async def _get_snapshot(self, client: httpx.AsyncClient) -> float | None:
        """Get one snapshot; None if it is of use, else the seconds that the exchange wants to be left alone."""
        try:
            answer = await client.get(self.market.snapshot_url(self.symbol))
        except httpx.HTTPError as error:
            self.recording.failed_snapshots.add(time.time_ns(), reason=f"no connection: {str(error)[:MOST_SAID]}")
            return 0.0
        if answer.is_success:
            return None if self.recording.take_snapshot(time.time_ns(), answer.text) else 0.0
        self.recording.failed_snapshots.add(time.time_ns(), reason=f"the server answered {answer.status_code}")
        told = answer.headers.get("Retry-After", "")
        return float(told) if told.isdecimal() else 0.0

    def _write(self) -> None:
        append_chunks(self.folder, self.recording.flush())
        # Just now nothing is held: a snapshot has the longest time to come before updates that it lacks are in the old file.
        if self.recording.needs_snapshot(time.time_ns()):
            self.wanted.set()

    def _write_status(self, ended: int | None = None) -> None:
        name = f"{self.recording.name}-{stamp_of(self.recording.started)}"
        write_status(self.folder, name, self.recording.status(ended))

    def _report(self) -> None:
        recording = self.recording
        messages = sum(counts.messages for counts in recording.channels.values())
        self.tell(
            f"{iso(time.time_ns() // NS)} {self.symbol}: {messages:,} messages, {recording.reconnects.count} reconnects, "
            f"{recording.gaps.count} gaps; {recording.file or 'waiting for a snapshot'}"
        )


async def _repeat(seconds: float, work: Callable[[], None]) -> None:
    while True:
        await asyncio.sleep(seconds)
        work()
