"""Primary dealer statistics of the Federal Reserve Bank of New York, which counts them in millions of dollars."""

from decimal import Decimal
from typing import Any

from factory.core.settings import DownloadSettings
from factory.market.sources.dealer_statistics import DealerStatistics, Values, read_day, read_number

MILLION, SUPPRESSED = Decimal(1_000_000), "*"


class NewYorkFed(DealerStatistics):
    """Answers with rows of a date, a key and a text of millions, ``*`` where the value is suppressed."""

    def url(self, symbol: str) -> str:
        """Return the address of a series."""
        return f"{DownloadSettings.read().new_york_fed.rstrip('/')}/pd/get/{symbol}.json"

    def read(self, symbol: str, answer: Any) -> Values:
        """Read dates, and millions as dollars."""
        rows = answer["pd"]["timeseries"]
        if any(row["keyid"] != symbol for row in rows):
            raise ValueError("rows of another series")
        return {read_day(row["asofdate"]): _read_millions(row["value"]) for row in rows}


def _read_millions(cell: Any) -> Decimal | None:
    return None if cell == SUPPRESSED else read_number(cell) * MILLION


NYFED = NewYorkFed(
    name="nyfed",
    command="nyfed",
    title="the New York Fed",
    about="primary dealer statistics",
    page="https://markets.newyorkfed.org/static/docs/markets-api.html",
    symbols=r"[A-Z][A-Za-z0-9_-]{1,39}",
    example="PDFTD-USTET",
)
