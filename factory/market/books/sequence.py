"""Binance's messages put in sequence: which updates follow which book, by the rule of each of its venues."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

SPOT, USD_M, COIN_M = "spot", "USD-M", "COIN-M"


@dataclass(frozen=True)
class Update:
    """A message that changes a book, or a whole book.

    Parameters
    ----------
    place : int
        Line in the file, from 1.
    event, received : int
        ms UTC; -1 where there is none.
    first, last, before : int
        Numbers of the first and last change in it, and of the last in the message before; -1 where there is none.
    bids, asks : sequence of [price, size]
        As the exchange writes them.
    """

    place: int
    event: int
    received: int
    first: int
    last: int
    before: int
    bids: Sequence[Sequence[str]]
    asks: Sequence[Sequence[str]]


def find_venue(message: dict[str, Any]) -> str:
    """Find the venue of an update by the keys that only it has."""
    return COIN_M if "ps" in message else USD_M if "pu" in message else SPOT


def parse_update(message: dict[str, Any], place: int, received: int) -> Update:
    """Read a ``depthUpdate`` message."""
    first, last, before = int(message["U"]), int(message["u"]), int(message.get("pu", -1))
    return Update(place, int(message["E"]), received, first, last, before, message["b"], message["a"])


def parse_snapshot(message: dict[str, Any], place: int, received: int) -> Update:
    """Read an answer of the REST interface; those of spot have no time."""
    last = int(message["lastUpdateId"])
    return Update(place, int(message.get("E", -1)), received, last, last, -1, message["bids"], message["asks"])


class Snapshots:
    """Snapshots that were kept beside a stream, taken as its updates reach them.

    Parameters
    ----------
    snapshots : sequence of Update
        In any order.
    """

    def __init__(self, snapshots: Sequence[Update]) -> None:
        self._left = sorted(snapshots, key=lambda one: one.last, reverse=True)

    def take(self, update: Update) -> Update | None:
        """Take the last of the snapshots that are no newer than an update, and drop those before it."""
        newest = None
        while self._left and self._left[-1].last <= update.last:
            newest = self._left.pop()
        return newest


class Sequencer:
    """Decides which updates follow the book that is held.

    Binance documents: of a snapshot, updates are dropped that end before it (spot: or with it), and the first that is kept
    spans its last change (spot: the one after); from then on each names the last change of the one before (spot: begins
    with the change after it). An update that names the snapshot's last change as the one before it follows it as well.

    Parameters
    ----------
    is_spot : bool
        Whether the rule of spot holds.
    """

    def __init__(self, is_spot: bool) -> None:
        self._is_spot = is_spot
        self._last: int | None = None
        self._is_fresh = False

    @property
    def holds_book(self) -> bool:
        """Whether there is a book that updates can follow."""
        return self._last is not None

    @property
    def is_proven(self) -> bool:
        """Whether an update has followed the book."""
        return self.holds_book and not self._is_fresh

    def begin(self, snapshot: Update) -> None:
        """Begin the book with a snapshot."""
        self._last, self._is_fresh = snapshot.last, True

    def lose(self) -> None:
        """Drop the book."""
        self._last = None

    def is_old(self, update: Update) -> bool:
        """Check whether the snapshot that the book is has an update in it already."""
        if self._last is None or not self._is_fresh:
            return False
        return update.last <= self._last if self._is_spot else update.last < self._last

    def follow(self, update: Update) -> bool:
        """Follow an update that continues the book; False where it does not."""
        if self._last is None:
            return False
        if self._is_fresh:
            reached = self._last + 1 if self._is_spot else self._last
            fits = update.first <= reached <= update.last or (not self._is_spot and update.before == self._last)
        else:
            fits = update.first == self._last + 1 if self._is_spot else update.before == self._last
        if fits:
            self._last, self._is_fresh = update.last, False
        return fits
