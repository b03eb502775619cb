"""Odds and outcomes of Polymarket's windows, in which a coin goes up or down."""

from dataclasses import dataclass
from pathlib import Path

from factory.core.errors import DataError
from factory.core.progress import Progress
from factory.core.settings import DownloadSettings
from factory.market.sources.base import KnownByStamps
from factory.market.sources.polymarket_files import LAYOUT, find_day_files


@dataclass(frozen=True)
class Polymarket(KnownByStamps):
    """Its markets on whether a coin goes up or down within a window, each named by the window's start."""

    name: str = "polymarket"
    command: str = "polymarket"
    title: str = "Polymarket"
    about: str = "windows in which a coin goes up or down"
    page: str = "https://docs.polymarket.com/market-data/overview"
    symbols: str = r"[a-z0-9]{1,20}-updown-[0-9]{1,3}[mh]"
    example: str = "btc-updown-5m"
    kinds: tuple[str, ...] = ("odds", "outcomes")
    periods: tuple[str, ...] = ("5m", "15m")
    layout: tuple[str, ...] = LAYOUT

    def fetch(self, symbol: str, period: str, start_ms: int, folder: Path, progress: Progress) -> None:
        """Download the windows of each day that have ended."""
        from factory.market.sources.polymarket_download import download_windows, open_feed

        windows = symbol.rpartition("-")[2]
        if windows != period:
            raise DataError(f"polymarket {symbol}: has windows of {windows}, not {period}; write period {windows}")
        settings = DownloadSettings.read()
        download_windows(open_feed(settings.gamma, settings.clob, symbol, period, folder), start_ms, progress)

    def find_files(self, folder: Path) -> list[Path]:
        """Find the files of days."""
        return find_day_files(folder)


POLYMARKET = Polymarket()
