"""A local server that answers as Polymarket's Gamma and CLOB do (data/formats/FORMATS.md)."""

import json
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from factory.core.times import MINUTE, iso
from tests.market.local_server import Handler, run_server

WINDOW = 5 * MINUTE
SERIES = "btc-updown-5m"


def token(start: int, side: str) -> str:
    """The id of a share: 77 digits, a pure function of its window and side."""
    return f"{'7' if side == 'up' else '8'}{start:076d}"


def outcome(start: int) -> float:
    """What a share of Up paid, a pure function of its window."""
    return float(zlib.crc32(str(start // WINDOW).encode()) % 2)


def price(start: int) -> float:
    """What a share of Up was quoted at as its window started."""
    return 0.4 + zlib.crc32(str(start).encode()) % 200 / 1000


class PredictionMarket:
    """What is published, and what was asked."""

    def __init__(self) -> None:
        self.void: set[int] = set()
        self.unresolved: set[int] = set()
        self.missing: set[int] = set()
        self.unquoted: set[int] = set()
        self.elsewhere: set[int] = set()
        self.down_first: set[int] = set()
        self.listed = 0
        self.busy = 0
        self.retry_after: str | None = "1"
        self.broken: str | None = None
        self.asked: Counter[tuple[str, int]] = Counter()

    def event(self, start: int) -> dict[str, object]:
        """One event with its one market, its numbers written as Gamma does."""
        slug = f"{SERIES}-{start // 1000}"
        up_first = start not in self.down_first
        names = ["Up", "Down"] if up_first else ["Down", "Up"]
        paid = 0.5 if start in self.void else outcome(start)
        sides = {"Up": f"{paid:g}", "Down": f"{1 - paid:g}"}
        if start in self.unresolved:
            sides = {"Up": "0.985", "Down": "0.015"}
        market = {
            "id": "1043566",
            "slug": slug,
            "conditionId": "0x39e3",
            "resolutionSource": "https://data.chain.link/streams/btc-usd",
            "outcomes": json.dumps(names),
            "outcomePrices": json.dumps([sides[name] for name in names]),
            "clobTokenIds": json.dumps([token(start, name.lower()) for name in names]),
            "closed": start not in self.unresolved,
            "eventStartTime": _stamp(start + (WINDOW if start in self.elsewhere else 0)),
            "endDate": _stamp(start + WINDOW),
            "volume": "65026.457815",
            "volumeNum": 65026.457815,
            "bestBid": 0,
            "bestAsk": 1,
            "orderPriceMinTickSize": "0.01",
            "orderMinSize": 5,
            "feesEnabled": True,
            "feeSchedule": {"rate": 0.07, "exponent": 1, "takerOnly": True, "rebateRate": 0.2},
            "cryptoMarketConfig": {"asset": "btc", "duration": "5m", "twapEnabled": True, "twapLookbackSeconds": 60},
            "umaResolutionStatuses": "[]",
        }
        metadata = {"priceToBeat": "65048.078902", "finalPrice": 65051.92}
        return {"id": "127961", "slug": slug, "title": "Bitcoin Up or Down", "markets": [market], "eventMetadata": metadata}

    def events(self, slug: str, closed: str) -> list[dict[str, object]]:
        """Events of a slug that are closed, or those that are not."""
        start = int(slug.rsplit("-", 1)[1]) * 1000
        self.asked["events", start] += 1
        if start in self.missing or start < self.listed or not slug.startswith(SERIES):
            return []
        return [self.event(start)] if (closed == "true") == (start not in self.unresolved) else []

    def history(self, market: str, first: int, last: int) -> dict[str, object]:
        """Prices of a share about each minute; one within the window tells how it ends."""
        start = int(market[1:])
        self.asked["prices-history", start] += 1
        side = 1 if market[0] == "7" else -1
        points = [(start - MINUTE * ago - 3_000, price(start) - ago / 100) for ago in (2, 1, 0)]
        points.append((start + 2_000, outcome(start)))
        points = points[-1:] if start in self.unquoted else points
        seconds = [{"t": at // 1000, "p": 0.5 + side * (value - 0.5)} for at, value in points]
        # The CLOB is asked up to the window's start, and one that answers with more must be read all the same.
        return {"history": [one for one in seconds if first <= one["t"] <= last + 60]}


def _stamp(at: int) -> str:
    text = iso(at)
    return text if "T" in text else f"{text}T00:00:00Z"


@contextmanager
def serving(market: PredictionMarket) -> Iterator[str]:
    """Serve both interfaces at one address."""

    class Answers(Handler):
        def answer(self, path: str, asked: dict[str, str]) -> None:
            if market.busy:
                market.busy -= 1
                self.reply("slow down", 429)
            elif market.broken is not None:
                self.reply(market.broken)
            elif path == "/events":
                self.reply(json.dumps(market.events(asked["slug"], asked.get("closed", "false"))))
            elif path == "/prices-history" and asked["fidelity"] == "1":
                told = market.history(asked["market"], int(asked["startTs"]), int(asked["endTs"]))
                self.reply(json.dumps(told))
            else:
                self.send_error(404)

        def reply(self, text: str, status: int = 200) -> None:
            later = {"Retry-After": market.retry_after} if status == 429 and market.retry_after else {}
            self.send(text.encode(), status, later)

    with run_server(Answers) as address:
        yield address
