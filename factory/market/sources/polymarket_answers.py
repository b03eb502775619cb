"""Read what Polymarket's interfaces answer: Gamma's markets, the CLOB's prices and books. Numbers may come as text."""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from factory.core.errors import DataError
from factory.core.times import moment

SIDES = ("up", "down")
PAID = ((1.0, 0.0), (0.0, 1.0), (0.5, 0.5))
"""What shares of Up and Down pay, once it is settled; the last where the market is void."""
NAN = math.nan


@dataclass(frozen=True)
class Market:
    """The market of one window. Numbers are NaN where the answer does not have them.

    Parameters
    ----------
    start, end : int or None
        Of its window, ms UTC.
    up_token : str
        Id of the share of Up: digits, more than a number holds.
    fee : float
        Taker fee rate: shares x fee x p x (1 - p).
    minimum_size : float
        Fewest shares of an order.
    twap : float
        Seconds over which the prices that settle it are averaged; 0 where they are not.
    strike, close : float
        Price of the underlying that counts as its start's and as its end's.
    outcome : float
        What a share of Up paid: 1, 0, or 0.5 of a void market; NaN until that is settled.
    tick_at_close : float
        Step of prices when Gamma was asked; it becomes finer once a price comes near 0 or 1.
    """

    start: int | None
    end: int | None
    up_token: str
    fee: float
    minimum_size: float
    twap: float
    strike: float
    close: float
    outcome: float
    tick_at_close: float


@dataclass(frozen=True)
class Book:
    """The best prices of one share and the shares at them; NaN where a side is empty.

    Parameters
    ----------
    token : str
        Id of the share.
    time : int
        When the book stood so, ms UTC.
    bid, bid_size, ask, ask_size : float
        Best prices, and the shares there.
    """

    token: str
    time: int
    bid: float
    bid_size: float
    ask: float
    ask_size: float


def read_market(answer: Any, slug: str) -> Market | None:
    """Read the market of one slug from Gamma's answer on its event; None where there is no such market.

    Raises
    ------
    DataError
        If the answer is not of the form that Gamma publishes.
    """
    try:
        event = next((one for one in _listed(answer) if one["slug"] == slug), None)
        market = next((one for one in event["markets"] if one["slug"] == slug), None) if event else None
        return _read_market(market, event.get("eventMetadata") or {}) if event and market else None
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise DataError(f"polymarket {slug}: {_name_fault(error)}; its interface has changed") from error


def _read_market(market: Mapping[str, Any], metadata: Mapping[str, Any]) -> Market:
    names = [str(name).lower() for name in _listed(market["outcomes"])]
    tokens = [str(token) for token in _listed(market["clobTokenIds"])]
    if sorted(names) != sorted(SIDES) or len(tokens) != len(names):
        raise ValueError(f"its outcomes are {' and '.join(names)}, not up and down with a share each")
    up = names.index("up")
    if not tokens[up].isdecimal():
        raise ValueError(f"the id of its share of Up is '{tokens[up][:40]}', no number")
    return Market(
        start=_moment(market.get("eventStartTime")),
        end=_moment(market.get("endDate")),
        up_token=tokens[up],
        fee=_read_fee(market),
        minimum_size=_number(market.get("orderMinSize")),
        twap=_read_twap(market.get("cryptoMarketConfig")),
        strike=_number(metadata.get("priceToBeat")),
        close=_number(metadata.get("finalPrice")),
        outcome=_read_outcome(market, up),
        tick_at_close=_number(market.get("orderPriceMinTickSize")),
    )


def _read_fee(market: Mapping[str, Any]) -> float:
    """Read the fee rate, NaN where it is not of shares x rate x p x (1 - p)."""
    schedule = market.get("feeSchedule")
    if not schedule:
        return 0.0 if market.get("feesEnabled") is False else NAN
    return _number(schedule["rate"]) if _number(schedule.get("exponent", 1)) == 1 else NAN


def _read_twap(config: Mapping[str, Any] | None) -> float:
    if not config or config.get("twapEnabled") is None:
        return NAN
    return _number(config.get("twapLookbackSeconds")) if config["twapEnabled"] else 0.0


def _read_outcome(market: Mapping[str, Any], up: int) -> float:
    """Read what a share of Up paid, once the market is closed and its prices are those of a settlement."""
    settled = str(market.get("umaResolutionStatus") or "resolved").lower() == "resolved"
    if market.get("closed") is not True or not settled or not market.get("outcomePrices"):
        return NAN
    prices = [_number(price) for price in _listed(market["outcomePrices"])]
    return prices[up] if (prices[up], prices[1 - up]) in PAID else NAN


def read_quote(answer: Any, token: str, start: int) -> tuple[float, float]:
    """Read the last price of a share at or before a moment from the CLOB's history of prices.

    Parameters
    ----------
    start : int
        The moment, ms UTC.

    Returns
    -------
    tuple of float
        The middle of bid and ask, and the seconds from it to the moment; NaN where nothing was quoted by then.

    Raises
    ------
    DataError
        If the answer is not of the form that the CLOB publishes.
    """
    try:
        points = [(int(_number(one["t"])), _number(one["p"])) for one in answer["history"]]
    except (LookupError, TypeError, ValueError) as error:
        raise DataError(f"polymarket share {token[:8]}...: {_name_fault(error)}; its interface has changed") from error
    at, price = max(((at, price) for at, price in points if 1000 * at <= start), default=(0, NAN))
    return (price, start / 1000 - at) if 0 < price < 1 else (NAN, NAN)


def read_book(answer: Any) -> Book:
    """Read a book of the CLOB, whose best level is the last of each side.

    Raises
    ------
    DataError
        If the answer is not of the form that the CLOB publishes.
    """
    try:
        token, time = str(answer["asset_id"]), int(answer["timestamp"])
        bid, ask = _read_best(answer["bids"], max), _read_best(answer["asks"], min)
    except (LookupError, TypeError, ValueError) as error:
        raise DataError(f"polymarket book: {_name_fault(error)}; its interface has changed") from error
    return Book(token, time, *bid, *ask)


def _read_best(levels: Iterable[Mapping[str, Any]], best: Any) -> tuple[float, float]:
    sides = [(_number(level["price"]), _number(level["size"])) for level in levels]
    if not sides:
        return NAN, NAN
    if sides[-1][0] != best(price for price, _ in sides):
        raise ValueError("the last of its levels is not the best")
    return sides[-1]


def _listed(value: Any) -> list[Any]:
    """Read a list, which Gamma writes as text inside its JSON; whole numbers in it stay text."""
    read = json.loads(value, parse_int=str) if isinstance(value, str) else value
    if not isinstance(read, list):
        raise TypeError(f"'{str(value)[:40]}' is no list")
    return read


def _number(value: Any) -> float:
    """Read a number that may be text; NaN where there is none."""
    number = NAN if value is None or value == "" else float(value)
    if math.isinf(number):
        raise ValueError("a number is infinite")
    return number


def _moment(text: str | None) -> int | None:
    return moment(text) if text else None


def _name_fault(error: Exception) -> str:
    return f"no key {error}" if isinstance(error, KeyError) else str(error)
