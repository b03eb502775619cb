"""What becomes of each message of a recording: which file it goes to, what is a gap, when a snapshot is needed. Pure.

A file is one unbroken stretch of a book: its snapshot, then every message in the order in which it came. A connection that
was lost, a gap in the ids and a new hour each end a stretch; the next begins once a snapshot has come that its updates cover.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from factory.core.times import HOUR, iso
from factory.market.sources.binance_stream import STREAMS, Channel, DepthUpdate, StreamMarket, read_snapshot_id

NS = 1_000_000
"""Nanoseconds of a millisecond."""
MOST_HELD = 50_000
"""Most messages that wait for a snapshot; beyond it the oldest, of which no book can be rebuilt, are dropped."""
LATEST = 1_000
"""Most reconnects and gaps that a status lists; all are counted."""
SUFFIX = ".txt.gz"


@dataclass(frozen=True)
class Chunk:
    """Lines that belong at the end of a file."""

    file: str
    lines: list[str]


@dataclass(frozen=True, slots=True)
class HeldMessages:
    """A message that waits to be written, and of which unbroken stretch it is."""

    stretch: int
    update: DepthUpdate
    line: str


@dataclass
class Tally:
    """Something that is counted, and of which the latest are listed."""

    count: int = 0
    latest: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=LATEST))

    def add(self, now: int, **facts: Any) -> None:
        """Count one more."""
        self.count += 1
        self.latest.append({"at": iso(now // NS), **facts})

    def tell(self) -> dict[str, Any]:
        """Return the count and the latest as plain values."""
        return {"count": self.count, "latest": list(self.latest)}


@dataclass
class StreamCounts:
    """What came over one channel.

    Parameters
    ----------
    messages, repeats : int
        Those that were kept, and those that had come before.
    last : Update or None
        The newest.
    received : int
        When that one came, ns; 0 for never.
    """

    messages: int = 0
    repeats: int = 0
    last: DepthUpdate | None = None
    received: int = 0

    def has(self, update: DepthUpdate) -> bool:
        """Check whether an update came before.

        Ids may start anew after maintenance, and then the exchange's clock is later.
        """
        return self.last is not None and update.last <= self.last.last and update.time <= self.last.time


class Recording:
    """The messages of a symbol on their way to files.

    Parameters
    ----------
    market : StreamMarket
        Where they come from.
    symbol : str
        As the exchange spells it.
    started : int
        Present moment, ns.
    rotation : int
        Milliseconds after which a new file begins, at whole multiples of them.
    """

    def __init__(self, market: StreamMarket, symbol: str, started: int, rotation: int = HOUR) -> None:
        self.market, self.symbol, self.rotation, self.started = market, symbol, rotation, started
        self.channels: dict[Channel, StreamCounts] = {channel: StreamCounts() for channel in STREAMS}
        self.reconnects, self.gaps, self.failed_snapshots, self.dropped = Tally(), Tally(), Tally(), 0
        self.file: str | None = None
        self._began = self._stretch = 0
        self._done: list[Chunk] = []
        self._head: list[str] = []  # The snapshot of a new file, written at once with the update that reaches it.
        self._held: deque[HeldMessages] = deque()
        self._snapshot: tuple[int, str] | None = None

    @property
    def name(self) -> str:
        """Beginning of the names of its files."""
        return f"{self.market.name}-{self.symbol}"

    def receive(self, received: int, update: DepthUpdate, text: str) -> None:
        """Take a message in that came at a moment, ns."""
        counts = self.channels[update.channel]
        if counts.has(update):
            counts.repeats += 1
            return
        self._check_sequence(received, update, counts.last)
        counts.messages, counts.last, counts.received = counts.messages + 1, update, received
        self._held.append(HeldMessages(self._stretch, update, line_of(received, text)))
        self._try_to_begin([update])
        self._limit_held()

    def lose(self, channel: Channel, now: int, reason: str) -> None:
        """Take note that a connection was lost: without its updates the book is unknown."""
        self.reconnects.add(now, stream=channel, reason=reason)
        if channel == "depth":
            self._break()

    def needs_snapshot(self, now: int) -> bool:
        """Check whether a snapshot is to be asked for: only after updates came, else none may ever cover it."""
        if self._snapshot is not None or self.channels["depth"].last is None:
            return False
        if self.file is not None:
            return self._period(now) > self._period(self._began)
        return any(True for _ in self._unbroken())

    def take_snapshot(self, received: int, text: str) -> bool:
        """Take in a snapshot that came at a moment, ns; tell whether it may still prove to be of use."""
        reached = read_snapshot_id(text)
        if reached is None:
            return False
        self._snapshot = (reached, line_of(received, text))
        self._try_to_begin(self._unbroken())
        return self._snapshot is not None or self._began == received

    def flush(self) -> list[Chunk]:
        """Give the lines that can be written; those of a stretch without its snapshot stay."""
        done, self._done = self._done, []
        if self.file is not None and self._held:
            done.append(Chunk(self.file, [*self._head, *(held.line for held in self._held)]))
            self._head = []
            self._held.clear()
        return done

    def close(self) -> list[Chunk]:
        """Give the last lines; what still waits for a snapshot is dropped."""
        done = self.flush()
        self.dropped += len(self._held)
        return done

    def status(self, ended: int | None = None) -> dict[str, Any]:
        """Report what was recorded, and what is missing."""
        return {
            "market": self.market.name,
            "symbol": self.symbol,
            "started": iso(self.started // NS),
            "ended": None if ended is None else iso(ended // NS),
            "file": self.file,
            "streams": {channel: _tell_counts(counts) for channel, counts in self.channels.items()},
            "dropped": self.dropped,
            "reconnects": self.reconnects.tell(),
            "gaps": self.gaps.tell(),
            "failed_snapshots": self.failed_snapshots.tell(),
        }

    def _check_sequence(self, received: int, update: DepthUpdate, last: DepthUpdate | None) -> None:
        if last is None or update.previous == last.last:
            return
        self.gaps.add(received, stream=update.channel, after=last.last, before=update.first)
        if update.channel == "depth":
            self._break()

    def _break(self) -> None:
        """End the stretch; what is held belongs to it where it has a file."""
        self._done = self.flush()
        self.file, self._snapshot = None, None
        self._stretch += 1

    def _limit_held(self) -> None:
        if self.file is None and len(self._held) > MOST_HELD:
            self._held.popleft()
            self.dropped += 1

    def _unbroken(self) -> Iterator[DepthUpdate]:
        """Select the updates of the book that are held and unbroken."""
        held = (one.update for one in self._held if one.stretch == self._stretch)
        return (update for update in held if update.channel == "depth")

    def _try_to_begin(self, updates: Iterable[DepthUpdate]) -> None:
        """Begin a file if one of some updates reaches the snapshot; one that begins after it shows that it came too early."""
        if self._snapshot is None:
            return
        target = self._snapshot[0] + self.market.lead
        reaching = next((update for update in updates if update.channel == "depth" and update.last >= target), None)
        if reaching is None:
            return
        line, self._snapshot = self._snapshot[1], None
        if reaching.first <= target:
            self._began = int(line.partition(" ")[0])
            self.file = f"{self.name}-{stamp_of(self._began)}{SUFFIX}"
            self._head = [line]

    def _period(self, moment: int) -> int:
        return moment // NS // self.rotation


def line_of(received: int, text: str) -> str:
    """Format a line of a capture: the local receive time in ns, a blank, the message as it came."""
    return f"{received} {' '.join(text.splitlines())}\n"


def stamp_of(moment: int) -> str:
    """Format a moment, ns, as names of files hold it: they sort in time."""
    at = datetime.fromtimestamp(moment // NS / 1000, UTC)
    return f"{at:%Y%m%dT%H%M%S}{moment // NS % 1000:03d}Z"


def _tell_counts(counts: StreamCounts) -> dict[str, Any]:
    last = iso(counts.received // NS) if counts.received else None
    return {"messages": counts.messages, "repeats": counts.repeats, "last": last}
