"""What the names of files say: which series is in them, and of which market."""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from factory.core.names import NAME_LENGTH

SUFFIXES = re.compile(r"(\.(csv|txt|tsv|parquet|zip|gz|json|jsonl))+$", re.IGNORECASE)
DATE = re.compile(r"(19|20)[0-9]{2}|[0-9]{1,2}|(19|20)[0-9]{4}([0-9]{2})?")
PERIOD = re.compile(r"[0-9]+(ms|s|sec|m|min|h|d|w)|[mhd][0-9]+|minutes?|hourly|daily|weekly")
EMPTY = re.compile(
    "binance|bitfinex|bitget|bitmex|bitstamp|bybit|coinbase|deribit|dukascopy|gemini|huobi|kraken|kucoin|okx|poloniex|yahoo|"
    "bars?|candles?|candlesticks?|data|export|futures|history|historical|klines?|ohlcv?|prices?|spot|ticks|usdm|coinm|um|cm"
)
"""Words that tell of no market: who published it, and what it is."""
PARTS = re.compile(r"trades?|depth[0-9]*|book|orderbook|message|snapshots?")
"""Words by which the files of one series of order books differ."""


def group_files(paths: Sequence[Path], books: Collection[Path]) -> dict[str, list[Path]]:
    """Group files into series, and name each.

    Files whose names differ in their dates alone are of one series.

    Parameters
    ----------
    paths : sequence of Path
        The files.
    books : collection of Path
        Those of order books.

    Returns
    -------
    dict of str to list of Path
        In the order of the first file of each; names are legal.
    """
    groups: dict[tuple[tuple[str, ...], bool], list[Path]] = {}
    for path in dict.fromkeys(paths):
        words = tuple(word for word in _words(path) if not DATE.fullmatch(word))
        if path in books:
            words = tuple(word for word in words if not PARTS.fullmatch(word))
        groups.setdefault((words, path in books), []).append(path)
    short = {key: _legal(_market_words(key[0]) or key[0]) for key in groups}
    clashes = Counter(short.values())
    named: dict[str, list[Path]] = {}
    for key, files in groups.items():
        name = short[key] if clashes[short[key]] == 1 else _legal(key[0])
        named[_free(f"{name}_book" if key[1] and name in named else name, named)] = files
    return named


def find_market(path: Path) -> str | None:
    """Find the market in a file's name, as an underlying is written: BTCUSDT; None where it has no word for one."""
    words = _words(path)
    return "".join(_market_words(words) or words).upper()[:NAME_LENGTH] or None


def _words(path: Path) -> tuple[str, ...]:
    return tuple(re.findall(r"[a-z0-9]+", SUFFIXES.sub("", path.name).lower()))


def _market_words(words: Sequence[str]) -> tuple[str, ...]:
    return tuple(word for word in words if not any(one.fullmatch(word) for one in (DATE, PERIOD, PARTS, EMPTY)))


def _legal(words: Sequence[str]) -> str:
    name = "_".join(words)
    return (name if name[:1].isalpha() else f"series_{name}".rstrip("_"))[:NAME_LENGTH].rstrip("_")


def _free(name: str, taken: Mapping[str, object]) -> str:
    """Number a name that is taken."""
    numbered = (f"{name[: NAME_LENGTH - 3]}_{number}" for number in range(2, 100))
    return name if name not in taken else next(one for one in numbered if one not in taken)
