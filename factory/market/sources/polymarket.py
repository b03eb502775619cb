"""Odds and outcomes of Polymarket's windows, in which a coin goes up or down."""

import re
from dataclasses import dataclass
from pathlib import Path

from factory.core.errors import DataError
from factory.core.progress import Progress
from factory.core.settings import DownloadSettings
from factory.market.sources.polymarket_files import LAYOUT, find_day_files

SLUG = re.compile(r"[a-z0-9]+-updown-([0-9]+[mh])")


@dataclass(frozen=True)
class Polymarket:
    """Its markets on whether a coin goes up or down within a window, each named by the window's start."""

    name: str = "polymarket"
    command: str = "polymarket"
    title: str = "Polymarket"
    about: str = "windows in which a coin goes up or down"
    page: str = "https://docs.polymarket.com/market-data/overview"
    kinds: tuple[str, ...] = ("odds", "outcomes")
    periods: tuple[str, ...] = ("5m", "15m")
    layout: tuple[str, ...] = LAYOUT

    def fetch(self, symbol: str, period: str, start_ms: int, folder: Path, progress: Progress) -> None:
        """Download the windows of each day that have ended."""
        from factory.market.sources.polymarket_download import download_windows, open_feed

        matched = SLUG.fullmatch(symbol)
        if matched is None:
            raise DataError(
                f"polymarket {symbol}: no series of windows; write it as their addresses begin, such as btc-updown-{period}"
            )
        if matched[1] != period:
            raise DataError(f"polymarket {symbol}: has windows of {matched[1]}, not {period}; write period {matched[1]}")
        settings = DownloadSettings.read()
        download_windows(open_feed(settings.gamma, settings.clob, symbol, period, folder), start_ms, progress)

    def find_files(self, folder: Path) -> list[Path]:
        """Find the files of days."""
        return find_day_files(folder)


POLYMARKET = Polymarket()
