"""A kind of series and a provider as somebody outside the package would write them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy import bool_, float64
from numpy.typing import NDArray

from factory.core.errors import DataError
from factory.core.progress import Progress
from factory.core.times import DAY, iso, to_ms
from factory.market.publication import Publication
from factory.market.series_kinds.base import Aggregation, Header, SeriesKind
from tests.market.bars import DAYS, START

CROSSED = "bid above ask"


class Book(SeriesKind):
    """The best bid and ask at a moment."""

    name = "toy_book"
    about = "the best bid and ask at a moment"
    columns = ("bid", "ask")
    takes_any_column = False

    def extent(self, period: int, delay: int) -> int:
        return delay

    def known_after(self, period: int, delay: int) -> int:
        return delay

    def choose_columns(self, header: Header) -> dict[str, str]:
        lacking = [name for name in self.columns if name not in header.others]
        if lacking:
            raise DataError(f"{header.file}: no column '{lacking[0]}'; a book needs bid and ask")
        return {name: header.others[name] for name in self.columns}

    def aggregation(self, column: str) -> Aggregation:
        return "greatest" if column == "bid" else "least"

    def find_wrong_rows(self, columns: Mapping[str, NDArray[float64]]) -> dict[str, NDArray[bool_]]:
        return {CROSSED: columns["bid"] > columns["ask"]}


def book(times: NDArray[np.int64]) -> dict[str, NDArray[float64]]:
    """What was bid and asked, a pure function of the time."""
    middle = 100 + np.sin(times / DAY * 40)
    half = 0.05 + 0.04 * np.cos(times / DAY * 300)
    return {"bid": middle - half, "ask": middle + half}


@dataclass(frozen=True)
class ToyExchange:
    """Publishes a file a day, without a header, over the days of the small dataset file."""

    name: str = "toy-exchange"
    command: str = "toy"
    title: str = "Toy"
    about: str = "books"
    page: str = "https://example.org/books"
    symbols: str = "[A-Z]+"
    example: str = "BTC"
    unit: str = ""
    calendar: Publication | None = None
    least_delay: str = "0"
    kinds: tuple[str, ...] = (Book.name,)
    periods: tuple[str, ...] = ("1m", "5m")
    layout: tuple[str, ...] = ("timestamp", "bid", "ask")
    crossed: Collection[int] = ()
    published: list[str] = field(default_factory=lambda: [iso(START + DAY * day)[:10] for day in range(DAYS)])
    sent: list[str] = field(default_factory=list)

    def fetch(self, symbol: str, period: str, start_ms: int, folder: Path, progress: Progress) -> None:
        for place, day in enumerate(self.published):
            target = folder / f"{symbol}-{day}.csv"
            progress(place / len(self.published), day)
            if target.exists():
                continue
            part = target.with_suffix(".part")
            part.write_text(self._day(START + DAY * place, to_ms(period)))
            part.replace(target)
            self.sent.append(day)

    def find_files(self, folder: Path) -> list[Path]:
        return sorted(folder.glob("*.csv"))

    def _day(self, first: int, period: int) -> str:
        times = np.arange(first, first + DAY, period)
        sides = book(times)
        sides["bid"] = np.where(np.isin(times, [*self.crossed]), sides["ask"] + 1, sides["bid"])
        cells = zip(times.tolist(), sides["bid"].tolist(), sides["ask"].tolist(), strict=True)
        return "".join(f"{time},{bid!r},{ask!r}\n" for time, bid, ask in cells)
