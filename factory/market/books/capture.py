"""Captures of a depth stream of Binance: their messages turned into books and trades."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

import numpy as np
from numpy import float64, int64
from numpy.typing import NDArray

from factory.core.errors import DataError
from factory.core.times import iso
from factory.market.books.events import Events, Reading, ReceiverClock, TradeEvents
from factory.market.books.rebuilder import Rebuilder
from factory.market.books.sequence import (
    COIN_M,
    SPOT,
    Sequencer,
    Snapshots,
    Update,
    find_venue,
    parse_snapshot,
    parse_update,
)

BATCH = 256
"""Updates or trades given on at once: of more, garbage collections would go through those that wait, time and again."""
JUDGED = 4_096
"""Messages, the first of a file, by which its receiver's clock is judged."""
MOST_WAITING = 100_000
"""Updates that are kept while there is no book for them."""
TRADES = ("trade", "aggTrade")
MARKET_ORDER = "MARKET"
"""What USD-M and COIN-M call trades that are not the exchange's own."""
Message = dict[str, Any]


@dataclass
class Market:
    """What all captures of a series are of.

    Parameters
    ----------
    venue, symbol : str or None
        None until the first update.
    """

    venue: str | None = None
    symbol: str | None = None

    def require(self, where: str, message: Message) -> None:
        """Refuse an update of another market than those before.

        Raises
        ------
        DataError
            Naming both.
        """
        venue, symbol = find_venue(message), message["s"]
        if self.venue is None:
            self.venue, self.symbol = venue, symbol
        if (venue, symbol) != (self.venue, self.symbol):
            units = "; sizes of COIN-M are contracts, of all else coins" if COIN_M in (venue, self.venue) else ""
            raise DataError(
                f"{where}: of {symbol} ({venue}), and before it was {self.symbol} ({self.venue}){units}; "
                "a series has one market"
            )


class Capture:
    """A depth stream that was captured in one file or several.

    Parameters
    ----------
    reading : Reading
        Told what a person should know.
    snapshots : Snapshots
        Those that do not stand in the files.
    """

    def __init__(self, reading: Reading, snapshots: Snapshots) -> None:
        self._notes, self._snapshots, self._market = reading.notes, snapshots, Market()
        self._rebuilder, self._width = Rebuilder(reading.spec.book_levels), 4 * reading.spec.book_levels
        self._sequencer: Sequencer | None = None
        self._snapshot: Update | None = None
        self._waiting: deque[Update] = deque(maxlen=MOST_WAITING)
        self._latest = 0
        self._run: list[Update] = []
        self._trades: list[tuple[int, int, float, bool]] = []
        self._trade_kind: str | None = None
        self._open("")

    def _open(self, file: str) -> None:
        self._file, self._books, self._gaps, self._first_gap = file, 0, 0, ""
        self._clock, self._trade_clock = ReceiverClock(file, self._notes), ReceiverClock(file, [])

    def read(self, file: str, messages: Iterable[tuple[int, int, Message]]) -> Iterator[Events | TradeEvents]:
        """Yield the trades and books of the next file in batches.

        Raises
        ------
        DataError
            If it is of another market than those before, or has no book.
        """
        self._open(file)
        left = iter(messages)
        beginning = [*islice(left, JUDGED)]
        late = np.array(
            [
                received - message["E"]
                for _, received, message in beginning
                if received >= 0 and isinstance(message.get("E"), int)
            ],
            int64,
        )
        for clock in (self._clock, self._trade_clock):
            clock.judge(late)
        for place, received, message in chain(beginning, left):
            yield from self._take(place, received, message)
            if len(self._run) >= BATCH:
                yield from self._give_run()
            if len(self._trades) >= BATCH:
                yield self._give_trades()
        yield from self._give_run()
        if self._trades:
            yield self._give_trades()
        self._conclude()

    def _take(self, place: int, received: int, message: Message) -> Iterator[Events]:
        where, kind = f"{self._file} line {place}", message.get("e")
        try:
            if "lastUpdateId" in message:
                snapshot = parse_snapshot(message, place, received)
            elif kind == "depthUpdate":
                self._market.require(where, message)
                update = parse_update(message, place, received)
            elif kind in TRADES:
                self._take_trade(message, received)
        except (KeyError, TypeError, ValueError):
            raise DataError(f"{where}: lacks what such a message has; get it again") from None
        if "lastUpdateId" in message:
            yield from self._take_snapshot(snapshot)
        elif kind == "depthUpdate":
            yield from self._take_update(update)

    def _take_snapshot(self, snapshot: Update) -> Iterator[Events]:
        """Begin a book, unless there is one, and bring it up to the updates that came before the snapshot did."""
        self._snapshot = snapshot
        if self._sequencer is None or self._sequencer.is_proven:
            return
        waiting = [*self._waiting]
        self._waiting.clear()
        yield from self._begin(self._sequencer, snapshot)
        late: list[Update] = []
        for update in waiting:
            if self._sequencer.is_old(update):
                continue
            if not self._sequencer.follow(update):
                self._count_gap(update)
                self._sequencer.lose()
                return
            late.append(update)
        if late:
            books = self._rebuilder.apply(self._file, late)[-1:]
            newest = late[-1]
            seen = Update(
                snapshot.place, max(newest.event, snapshot.event), snapshot.received, newest.first, newest.last, -1, (), ()
            )
            yield self._stamp([seen], books, False)

    def _take_update(self, update: Update) -> Iterator[Events]:
        sequencer = self._sequencer
        if sequencer is None:
            sequencer = self._sequencer = Sequencer(self._market.venue == SPOT)
            if self._snapshot is not None:
                yield from self._begin(sequencer, self._snapshot)
        if not sequencer.holds_book:
            yield from self._find_book(sequencer, update)
        elif sequencer.is_old(update):
            pass
        elif sequencer.follow(update):
            self._run.append(update)
        else:
            yield from self._lose(sequencer, update)
            yield from self._find_book(sequencer, update)

    def _find_book(self, sequencer: Sequencer, update: Update) -> Iterator[Events]:
        """Begin with a snapshot that stands beside the stream, or keep the update until there is one."""
        kept = self._snapshots.take(update)
        if kept is not None:
            yield from self._begin(sequencer, kept)
            if sequencer.is_old(update):
                return
            if sequencer.follow(update):
                self._run.append(update)
                return
            sequencer.lose()
        self._waiting.append(update)

    def _begin(self, sequencer: Sequencer, snapshot: Update) -> Iterator[Events]:
        yield from self._give_run()
        self._rebuilder.clear()
        self._rebuilder.apply(self._file, [snapshot])
        sequencer.begin(snapshot)

    def _lose(self, sequencer: Sequencer, update: Update) -> Iterator[Events]:
        yield from self._give_run()
        sequencer.lose()
        self._count_gap(update)
        yield self._stamp([update], np.full((1, self._width), np.nan), True)

    def _count_gap(self, update: Update) -> None:
        self._gaps += 1
        self._first_gap = self._first_gap or f"line {update.place} ({iso(update.event)})"

    def _take_trade(self, message: Message, received: int) -> None:
        """Keep a trade; of trades and their aggregates, those that come first."""
        self._trade_kind = self._trade_kind or message["e"]
        if message["e"] == self._trade_kind and message.get("X", MARKET_ORDER) == MARKET_ORDER:
            self._trades.append((message["E"], received, float(message["q"]), not message["m"]))

    def _give_run(self) -> Iterator[Events]:
        run, self._run = self._run, []
        if run:
            yield self._stamp(run, self._rebuilder.apply(self._file, run), False)

    def _stamp(self, updates: Sequence[Update], books: NDArray[float64], is_lost: bool) -> Events:
        event = np.maximum.accumulate(np.array([self._latest, *(update.event for update in updates)], int64))[1:]
        self._latest = int(event[-1])
        self._books += 0 if is_lost else len(updates)
        places = np.array([update.place for update in updates], int64)
        time = self._clock.stamp(event, _received([update.received for update in updates]))
        return Events(self._file, places, time, books, np.full(len(updates), is_lost))

    def _give_trades(self) -> TradeEvents:
        trades, self._trades = self._trades, []
        event, received, size, is_buy = zip(*trades, strict=True)
        time = self._trade_clock.stamp(np.array(event, int64), _received(received))
        return TradeEvents(time, np.array(size, float64), np.array(is_buy, bool))

    def _conclude(self) -> None:
        if not self._books:
            mend = "name a snapshot of that time too, or leave the file out"
            raise DataError(f"{self._file}: no snapshot from which its updates go on, so that there is no book; {mend}")
        if self._market.venue == COIN_M:
            self._notes.append(f"{self._file}: sizes are contracts, as on all of COIN-M, and no coins")
        if self._gaps:
            self._notes.append(
                f"{self._file}: {self._gaps} gaps in the sequence of updates, first before {self._first_gap}; "
                "rows are missing until the next snapshot"
            )


def _received(moments: Sequence[int]) -> NDArray[int64] | None:
    stamps = np.array(moments, int64)
    return None if (stamps < 0).any() else stamps
