"""Binance's live streams of order books and trades: where they are, what a message says, and how a book is rebuilt. Pure."""

import json
from dataclasses import dataclass
from typing import Any, Literal

from factory.core.settings import DownloadSettings

Channel = Literal["depth", "trade"]
STREAMS: dict[Channel, str] = {"depth": "depth@100ms", "trade": "trade"}
"""What the exchange calls each channel of a symbol, the one that makes the book first."""
EVENTS: dict[str, Channel] = {"depthUpdate": "depth", "trade": "trade"}
SHUTDOWN = "serverShutdown"
SHUTDOWN_REASON = "the exchange announced a shutdown"
"""Why a connection is left before it is closed."""
LEVELS = 1000
"""Levels a side of a snapshot: the most that every market gives."""


@dataclass(frozen=True)
class StreamMarket:
    """Where one of Binance's markets streams.

    Parameters
    ----------
    name, about : str
        What folders and files call it, and which market it is.
    streams, api : str
        Base addresses of its WebSocket streams and of its REST interface. Since 2026-04-23 USD-M sends books and trades
        under ``/public`` alone; the old address accepts a handshake and is silent on much.
    snapshots : str
        Path of its books in the REST interface.
    lead : int
        What the id of a snapshot lacks to the first update that must follow it: 1 on spot, else 0.
    """

    name: str
    about: str
    streams: str
    api: str
    snapshots: str
    lead: int = 0

    def stream_url(self, symbol: str, channel: Channel) -> str:
        """Return the address of one channel of a symbol; messages come wrapped with the stream's name."""
        base = (DownloadSettings.read().stream or self.streams).rstrip("/")
        return f"{base}/stream?streams={symbol.lower()}@{STREAMS[channel]}"

    def snapshot_url(self, symbol: str) -> str:
        """Return the address of a symbol's whole book."""
        base = (DownloadSettings.read().api or self.api).rstrip("/")
        return f"{base}/{self.snapshots}?symbol={symbol}&limit={LEVELS}"


STREAM_MARKETS = {
    "spot": StreamMarket(
        "binance-spot", "spot", "wss://stream.binance.com:9443", "https://api.binance.com", "api/v3/depth", lead=1
    ),
    "um": StreamMarket(
        "binance-um", "USD-M futures", "wss://fstream.binance.com/public", "https://fapi.binance.com", "fapi/v1/depth"
    ),
    "coinm": StreamMarket(
        "binance-coinm", "COIN-M futures", "wss://dstream.binance.com", "https://dapi.binance.com", "dapi/v1/depth"
    ),
}
"""Each market by what a command calls it."""


@dataclass(frozen=True, slots=True)
class DepthUpdate:
    """A numbered message of a channel.

    Parameters
    ----------
    channel : str
        One of :data:`STREAMS`.
    first, last : int
        Ids that it spans; of a trade both are its own.
    previous : int
        Last id of the message that must come before it.
    time : int
        When the exchange sent it, ms.
    """

    channel: Channel
    first: int
    last: int
    previous: int
    time: int


@dataclass(frozen=True, slots=True)
class Shutdown:
    """The exchange says that it is about to close the connection."""


def read_message(text: str | bytes) -> DepthUpdate | Shutdown | None:
    """Read what a message of a stream says; None of what is neither an update nor an announcement."""
    try:
        event = unwrap(json.loads(text))
        if is_shutdown(event):
            return Shutdown()
        channel = EVENTS.get(event.get("e", ""))
        if channel == "trade":
            return DepthUpdate(channel, event["t"], event["t"], event["t"] - 1, event["E"])
        if channel == "depth":
            return DepthUpdate(channel, event["U"], event["u"], event.get("pu", event["U"] - 1), event["E"])
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    return None


def is_shutdown(event: dict[str, Any]) -> bool:
    """Check whether an event announces that the connection is about to be closed."""
    return event.get("e") == SHUTDOWN


def unwrap(message: Any) -> dict[str, Any]:
    """Take out the event itself: combined streams call it ``data``, announcements ``event``."""
    event: dict[str, Any] = message.get("data") or message.get("event") or message
    return event


def read_snapshot_id(text: str) -> int | None:
    """Read up to which update a snapshot holds the book; None of what is no snapshot."""
    try:
        snapshot = json.loads(text)
        return int(snapshot["lastUpdateId"]) if snapshot.keys() >= {"bids", "asks"} else None
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
