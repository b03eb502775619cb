"""A local server that answers as Bybit's v5 and Coinbase Exchange's REST interfaces do (formats as ccxt's own code quotes them)."""

import json
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from factory.core.times import DAY, MINUTE, moment
from tests.market.local_server import Handler, run_server

LOT = {
    "basePrecision": "0.000001",
    "quotePrecision": "0.00000001",
    "minOrderQty": "0.001",
    "maxOrderQty": "100",
    "qtyStep": "0.001",
}
CONTRACTS = {"linear": "LinearPerpetual", "inverse": "InversePerpetual"}


def price(at: int, step: int) -> float:
    """The open of a bar, a pure function of its time that no other stretch repeats."""
    return round(100 + 10 * math.sin(at / 3e7) + at // step * 7919 % 1009 / 500, 4)


class Market:
    """Bars of one market from its listing up to a clock, the last still open.

    Parameters
    ----------
    listed, now : str
        First bar, and what the exchange's clock says.
    """

    def __init__(self, listed: str = "2024-01-01", now: str = "2024-01-03T00:00:30Z") -> None:
        self.listed, self.now = moment(listed), moment(now)
        self.silent: list[tuple[int, int]] = []
        self.keeps: int | None = None
        self.asked: list[str] = []
        self.answers: list[tuple[int, str, dict[str, str]]] = []

    def times(self, first: int, last: int, step: int) -> list[int]:
        """Opens of the bars in [first, last] in which somebody traded."""
        begin = max(-(-max(first, self.listed) // step) * step, 0)
        if self.keeps and step < DAY:
            begin = max(begin, (self.now // step - self.keeps + 1) * step)
        opens = range(begin, min(last, self.now) + 1, step)
        return [at for at in opens if not any(a <= at and at + step <= b for a, b in self.silent)]

    def bybit(self, path: str, asked: dict[str, str]) -> object:
        """An answer of Bybit: rows of texts, newest first, in an envelope."""
        if path == "/v5/market/time":
            return self._envelope({"timeSecond": str(self.now // 1000), "timeNano": f"{self.now}000000"})
        category = asked["category"]
        if path == "/v5/market/instruments-info":
            return self._envelope({"category": category, "list": self._instruments(category, asked), "nextPageCursor": ""})
        interval = DAY if asked["interval"] == "D" else int(asked["interval"]) * MINUTE
        first = int(asked["start"])
        times = self.times(first, first + 10_000 * DAY, interval)[: int(asked["limit"])]
        rows = [self._bybit_row(at, interval) for at in reversed(times)]
        return self._envelope({"category": category, "symbol": asked["symbol"], "list": rows})

    def _envelope(self, result: object) -> object:
        return {"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": {}, "time": self.now}

    def _bybit_row(self, at: int, step: int) -> list[str]:
        start = price(at, step)
        return [str(at), str(start), str(start + 1), str(start - 1), str(start + 0.5), "2.5", str(2.5 * start)]

    def _instruments(self, category: str, asked: dict[str, str]) -> list[dict[str, object]]:
        filters = {"lotSizeFilter": LOT, "priceFilter": {"tickSize": "0.01"}, "status": "Trading", "baseCoin": "BTC"}
        if category == "spot":
            return [{"symbol": "BTCUSDT", "quoteCoin": "USDT", "innovation": "0", "marginTrading": "both", **filters}]
        if category in CONTRACTS and "status" not in asked:
            quote, settle = ("USDT", "USDT") if category == "linear" else ("USD", "BTC")
            kind = {
                "contractType": CONTRACTS[category],
                "settleCoin": settle,
                "deliveryTime": "0",
                "launchTime": "1577836800000",
            }
            return [{"symbol": f"BTC{quote}", "quoteCoin": quote, **kind, **filters}]
        return []

    def coinbase(self, path: str, asked: dict[str, str]) -> object:
        """An answer of Coinbase Exchange: [time, low, high, open, close, volume], seconds, newest first, 300 at most."""
        if path == "/time":
            return {"iso": datetime.fromtimestamp(self.now / 1000, UTC).isoformat(), "epoch": self.now / 1000}
        if path == "/currencies":
            return [
                {"id": name, "name": name, "min_size": "0.01", "status": "online", "details": {}} for name in ("BTC", "USD")
            ]
        if path == "/products":
            sizes = {"quote_increment": "0.01", "base_increment": "0.00000001", "min_market_funds": "1", "status": "online"}
            return [{"id": "BTC-USD", "base_currency": "BTC", "quote_currency": "USD", **sizes}]
        first, last, step = moment(asked["start"]), moment(asked["end"]), int(asked["granularity"]) * 1000
        if (last - first) // step + 1 > 300:
            return {
                "message": "granularity too small for the requested time range. Count of aggregations requested exceeds 300"
            }
        return [self._coinbase_row(at, step) for at in reversed(self.times(first, last, step))]

    @staticmethod
    def _coinbase_row(at: int, step: int) -> list[float]:
        start = price(at, step)
        return [at // 1000, start - 1, start + 1, start, start + 0.5, 2.5]


@contextmanager
def serving(market: Market, answer: Callable[[str, dict[str, str]], object]) -> Iterator[str]:
    """Serve a market; what stands in its `answers` is answered first. Gives its address."""

    class Answers(Handler):
        def answer(self, path: str, asked: dict[str, str]) -> None:
            market.asked.append(self.path)
            if market.answers:
                status, text, headers = market.answers.pop(0)
                self.reply(status, text, headers)
            else:
                self.reply(200, json.dumps(answer(path, asked)), {})

        def reply(self, status: int, text: str, headers: dict[str, str]) -> None:
            self.send(text.encode(), status, {"Content-Type": "application/json"} | headers)

    with run_server(Answers) as address:
        yield address
