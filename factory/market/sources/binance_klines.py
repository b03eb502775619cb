"""Binance's bars as they close: where they are streamed and asked for, and what a message or an answer says. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from factory.core.settings import DownloadSettings
from factory.market.bar_columns import BARS, FLOW
from factory.market.sources.binance import Binance
from factory.market.sources.binance_stream import Shutdown, is_shutdown, unwrap

STREAMS = {"binance-spot": "wss://stream.binance.com:9443", "binance-um": "wss://fstream.binance.com/market"}
"""Base address of each market's streams of bars. Since 2026-04-23 USD-M sends them under ``/market`` alone."""
TOLD = dict(zip((*BARS, *FLOW), "ohlcvqnVQ", strict=True))
"""Key of each column in a message."""
PLACES = dict(zip((*BARS, *FLOW), (1, 2, 3, 4, 5, 7, 8, 9, 10), strict=True))
"""Place of each column in a row of the REST interface."""
CLOSES = 6
"""Place of the last millisecond of a bar there."""


@dataclass(frozen=True, slots=True)
class Kline:
    """A bar.

    Parameters
    ----------
    symbol : str
        As the exchange spells it.
    time, end : int
        When it began and when it is over, ms UTC.
    is_closed : bool
        Whether it is over; until then its values change.
    values : mapping of str to float
        By column.
    """

    symbol: str
    time: int
    end: int
    is_closed: bool
    values: Mapping[str, float]


def stream_url(market: Binance, symbols: list[str], period: str) -> str:
    """Return the address of one stream of the bars of some symbols."""
    base = (DownloadSettings.read().stream or STREAMS[market.name]).rstrip("/")
    return f"{base}/stream?streams={'/'.join(f'{symbol.lower()}@kline_{period}' for symbol in symbols)}"


def klines_url(market: Binance, symbol: str, period: str, start: int) -> str:
    """Return the address of a symbol's bars from a moment on, as many as one answer holds."""
    base = (DownloadSettings.read().api or market.api).rstrip("/")
    return f"{base}/{market.klines}?symbol={symbol}&interval={period}&startTime={start}&limit={market.limit}"


def read_kline(text: str | bytes) -> Kline | Shutdown | None:
    """Read what a message says; None of what is neither a bar nor an announcement."""
    try:
        event = unwrap(json.loads(text))
        if is_shutdown(event):
            return Shutdown()
        bar = event["k"]
        if event["e"] != "kline":
            return None
        values = {column: float(bar[key]) for column, key in TOLD.items()}
        return Kline(str(bar["s"]), int(bar["t"]), int(bar["T"]) + 1, bar["x"] is True, values)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def read_klines(symbol: str, rows: list[list[Any]], now: int) -> list[Kline]:
    """Read an answer of the REST interface; a bar that is still open is left out.

    Parameters
    ----------
    now : int
        By the exchange's clock, ms UTC.

    Raises
    ------
    ValueError, TypeError, IndexError
        If it is none.
    """
    return [
        Kline(symbol, int(row[0]), int(row[CLOSES]) + 1, True, {column: float(row[place]) for column, place in PLACES.items()})
        for row in rows
        if int(row[CLOSES]) < now
    ]
