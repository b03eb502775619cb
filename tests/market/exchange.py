"""A local server that answers as Binance's archive and REST interface do (data/formats/FORMATS.md)."""

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager

from factory.core.times import HOUR, iso, moment, now_ms, to_ms
from tests.market.local_server import Handler, run_server

LIMIT = 1000


def kline(at: int, unit: int = 1, step: int = HOUR) -> list[object]:
    """The bar of an hour or another step, a pure function of its time."""
    price = f"{100 + at // step % 97}.50000000"
    return [
        at * unit,
        price,
        price,
        price,
        price,
        "2.50000000",
        (at + step) * unit - 1,
        "250.00000000",
        7,
        "1.00000000",
        "100.0",
        "0",
    ]


def is_due(at: int) -> bool:
    """Whether funding is paid at an hour: each eighth in the first half of a month, then each fourth, then each."""
    return at % (hours_between(at) * HOUR) == 0


def hours_between(at: int) -> int:
    day = int(iso(at)[8:10])
    return 8 if day < 15 else 4 if day < 22 else 1


def payment(at: int) -> tuple[int, int, str]:
    """Stamp with its jitter, interval and rate of the payment of an hour, a pure function of it."""
    return at + at // HOUR * 7 % 16, hours_between(at), f"{(at // HOUR % 21 - 10) / 1e5:.8f}"


def pack(name: str, lines: list[str]) -> bytes:
    """A zip of one CSV."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(zipfile.ZipInfo(name.replace(".zip", ".csv")), "\n".join(lines) + "\n")
    return packed.getvalue()


def month_end(month: str) -> int:
    return moment(f"{iso(moment(f'{month}-28') + 96 * HOUR)[:7]}-01")


def months_back(count: int) -> list[str]:
    """The present month and those before it, oldest first."""
    months = [iso(now_ms())[:7]]
    while len(months) <= count:
        months.insert(0, iso(moment(f"{months[0]}-01") - 1)[:7])
    return months


class Exchange:
    """What is published of one symbol at one period, and what was asked."""

    def __init__(self, symbol: str = "BTCUSDT", period: str = "1h") -> None:
        self.symbol, self.period, self.step = symbol, period, to_ms(period)
        self.listed = 0
        self.months: set[str] = set()
        self.days: set[str] = set()
        self.asked: list[tuple[str, str | None]] = []
        self.corrupt: set[str] = set()
        self.failures = 0
        self.refusal = 0
        self.cut: int | None = None

    def bar(self, at: int, unit: int = 1) -> list[object]:
        """The bar that opens at a moment."""
        return kline(at, unit, self.step)

    def archive(self, name: str) -> bytes:
        """The zip of a month or day, or nothing."""
        if "-fundingRate-" in name:
            return self.paid(name)
        stretch = name.removeprefix(f"{self.symbol}-{self.period}-").removesuffix(".zip")
        if stretch not in self.months | self.days:
            return b""
        monthly = len(stretch) == 7
        first = moment(f"{stretch}-01" if monthly else stretch)
        last = month_end(stretch) if monthly else first + 24 * HOUR
        unit = 1000 if monthly else 1
        return pack(name, [",".join(map(str, self.bar(at, unit))) for at in range(first, last, self.step)])

    def paid(self, name: str) -> bytes:
        """The zip of a month's funding, or nothing."""
        month = name.removeprefix("BTCUSDT-fundingRate-").removesuffix(".zip")
        if month not in self.months:
            return b""
        first, last = moment(f"{month}-01"), month_end(month)
        rows = [payment(at) for at in range(max(first, self.listed), last, HOUR) if is_due(at)]
        lines = [f"{at},{hours},{rate}" for at, hours, rate in rows]
        return pack(name, ["calc_time,funding_interval_hours,last_funding_rate", *lines])

    def rates(self, start: int, limit: int) -> list[dict[str, object]]:
        """Payments from a moment on."""
        due = [at for at in range(max(start, self.listed) // HOUR * HOUR, now_ms(), HOUR) if is_due(at)]
        rows = [payment(at) for at in due]
        told = [{"symbol": "BTCUSDT", "fundingTime": at, "fundingRate": rate, "markPrice": "100.5"} for at, _, rate in rows]
        return [row for row in told if int(str(row["fundingTime"])) >= start][:limit]

    def klines(self, start: int) -> list[list[object]]:
        """Bars from a moment on; the last one is still open."""
        first = -(-max(start, self.listed) // self.step) * self.step
        return [self.bar(at) for at in range(first, now_ms(), self.step)[:LIMIT]]


@contextmanager
def serving(exchange: Exchange) -> Iterator[str]:
    """Serve an exchange; gives its address."""

    class Answers(Handler):
        def answer(self, path: str, asked: dict[str, str]) -> None:
            name = path.rsplit("/", 1)[-1]
            exchange.asked.append((name, self.headers.get("Range")))
            if exchange.failures:
                exchange.failures -= 1
                self.send_error(503)
            elif name in ("klines", "fundingRate") and exchange.refusal:
                self.send_error(exchange.refusal)
            elif name in ("klines", "fundingRate"):
                since = int(asked["startTime"])
                if asked["symbol"] != exchange.symbol:
                    self.send_error(400)
                else:
                    told = exchange.klines(since) if name == "klines" else exchange.rates(since, int(asked["limit"]))
                    self.reply(json.dumps(told).encode())
            elif name.endswith(".CHECKSUM"):
                content = exchange.archive(name.removesuffix(".CHECKSUM"))
                self.reply(f"{hashlib.sha256(content).hexdigest()}  {name.removesuffix('.CHECKSUM')}\n".encode())
            else:
                self.archive(name)

        def archive(self, name: str) -> None:
            content = exchange.archive(name)
            if not content:
                self.send_error(404)
                return
            if name in exchange.corrupt:
                content = content[:-1] + b"!"
            wanted = self.headers.get("Range")
            start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
            self.reply(content[start:], 206 if wanted else 200)

        def reply(self, content: bytes, status: int = 200) -> None:
            self.send(content, status, cut=exchange.cut)

    with run_server(Answers) as address:
        yield address
