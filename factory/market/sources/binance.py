"""Bars of Binance's spot and futures markets."""

from dataclasses import dataclass
from pathlib import Path

from factory.core.progress import Progress
from factory.core.settings import DownloadSettings
from factory.market.bar_columns import BARS
from factory.market.sources.base import KnownByStamps


@dataclass(frozen=True)
class Binance(KnownByStamps):
    """One of Binance's markets.

    Parameters
    ----------
    name, command, about : str
        See :class:`~factory.market.sources.base.Provider`.
    archive : str
        Path of its archives.
    api : str
        Base address of its REST interface.
    klines : str
        Path of its bars there.
    limit : int
        Most bars one answer holds.
    """

    name: str
    command: str
    about: str
    archive: str
    api: str
    klines: str
    limit: int
    title: str = "Binance"
    page: str = "https://github.com/binance/binance-public-data"
    symbols: str = "[A-Z0-9_]{1,40}"
    example: str = "BTCUSDT"
    kinds: tuple[str, ...] = ("bars",)
    periods: tuple[str, ...] = ("1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d")
    layout: tuple[str, ...] = (
        "open_time",
        *BARS,
        "close_time",
        "quote_volume",
        "count",
        "taker_buy_volume",
        "taker_buy_quote_volume",
        "ignore",
    )

    def fetch(self, symbol: str, period: str, start_ms: int, folder: Path, progress: Progress) -> None:
        """Download whole months, then days, then what has closed since."""
        from factory.market.sources.binance_download import Feed, download_bars
        from factory.market.sources.caller import Caller

        settings = DownloadSettings.read()
        archive, api = settings.archive.rstrip("/"), (settings.api or self.api).rstrip("/")
        caller = Caller(f"binance {symbol}")
        feed = Feed(f"{archive}/{self.archive}", f"{api}/{self.klines}", self.limit, symbol, period, folder, caller)
        download_bars(feed, start_ms, progress)

    def find_files(self, folder: Path) -> list[Path]:
        """Find archives, and the bars after the last of them."""
        return sorted((*folder.glob("*.zip"), *folder.glob("*.csv")))


BINANCE = (
    Binance("binance-spot", "binance", "spot", "data/spot", "https://api.binance.com", "api/v3/klines", 1000),
    Binance(
        "binance-um", "binance-um", "USD-M perpetuals", "data/futures/um", "https://fapi.binance.com", "fapi/v1/klines", 1500
    ),
)
