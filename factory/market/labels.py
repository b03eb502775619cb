"""Names of columns as people have them: which of ours is meant, and in which unit its cells are."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from factory.core.foreign import clean_line
from factory.core.names import NAME_LENGTH

SYNONYMS = {
    "open": ("o", "open_price", "price_open", "px_open"),
    "high": ("h", "high_price", "price_high", "px_high"),
    "low": ("l", "low_price", "price_low", "px_low"),
    "close": ("c", "close_price", "price_close", "px_close", "last_price", "px_last"),
    "volume": ("v", "vol", "base_volume", "base_asset_volume", "volume_base"),
    "quote_volume": ("quote_asset_volume", "volume_quote", "quote_vol", "turnover"),
    "number_of_trades": ("trades", "trade_count", "tradecount", "num_trades"),
    "taker_buy_volume": ("taker_buy_base_asset_volume", "taker_buy_base_volume", "taker_buy_base"),
    "taker_buy_quote_volume": ("taker_buy_quote_asset_volume", "taker_buy_quote"),
}
"""What else columns of bars are called, by our names."""
BRACKETED = re.compile(r"[(\[{].*?[)\]}]")
UNITS = {
    "thousands": r"thousands?|tsd|in 000s?",
    "millions": r"millions?|mn|mln|mio",
    "billions": r"billions?|bn|bln|mrd",
    "percent": r"percent|pct|%",
    "basis points": r"basis points|bps?",
}
"""Words in a name that tell a unit, by what a dataset file calls it."""
MARKETS = ("symbol", "ticker", "pair", "market", "instrument")
"""Names of a column that tells the market."""


def match_bars(labels: Sequence[str]) -> dict[str, str]:
    """Match labels with the columns of bars.

    Returns
    -------
    dict of str to str
        Labels by our names, as far as each name has just one.
    """
    plain = {label: simplify(label) for label in labels}
    counts, own = Counter(plain.values()), {label.lower(): label for label in labels}
    matched = {}
    for name, others in SYNONYMS.items():
        hits = [label for label, simple in plain.items() if simple in (name, *others)]
        if name in own:
            matched[name] = own[name]
        elif len(hits) == 1 and counts[plain[hits[0]]] == 1:
            matched[name] = hits[0]
    return matched


def simplify(label: str) -> str:
    """Simplify a label: small letters, digits and underscores, without what stands in brackets or is not seen."""
    return re.sub(r"[^a-z0-9]+", "_", BRACKETED.sub(" ", clean_line(label)).lower()).strip("_")


def find_unit(label: str) -> str | None:
    """Find the unit that a label tells, such as millions; None where it tells none, or two."""
    words = re.sub(r"[^a-z0-9%]+", " ", clean_line(label).lower())
    hits = [unit for unit, pattern in UNITS.items() if re.search(rf"(?<![a-z0-9])({pattern})(?![a-z0-9])", words)]
    return hits[0] if len(hits) == 1 else None


def name_legally(labels: Sequence[str]) -> dict[str, str]:
    """Give labels names that expressions can use: labels by their names."""
    named: dict[str, str] = {}
    for label in labels:
        simple = simplify(label) or "value"
        name = (simple if simple[0].isalpha() else f"column_{simple}")[: NAME_LENGTH - 3].rstrip("_")
        numbered = (name, *(f"{name}_{number}" for number in range(2, len(labels) + 2)))
        named[next(one for one in numbered if one not in named)] = label
    return named


def find_market_cell(labels: Sequence[str], row: Mapping[str, str]) -> str | None:
    """Find what a row says its market is; None where no column tells."""
    label = next((label for name in MARKETS for label in labels if simplify(label) == name), None)
    return row.get(label, "").strip() or None if label else None
