"""Bars of any exchange that ccxt knows."""

from dataclasses import dataclass, replace
from pathlib import Path

from factory.core.progress import Progress
from factory.market.sources.base import KnownByStamps


@dataclass(frozen=True)
class Ccxt(KnownByStamps):
    """All exchanges of ccxt, or the one that a dataset file names.

    Parameters
    ----------
    exchange : str
        Its id in ccxt, such as ``bybit``; empty for all.
    """

    exchange: str = ""
    name: str = "ccxt"
    command: str = "ccxt"
    title: str = "ccxt"
    about: str = "spot markets, perpetuals and futures of any exchange that ccxt knows"
    page: str = "https://docs.ccxt.com"
    symbols: str = r"[A-Za-z0-9]{1,20}/[A-Za-z0-9]{1,20}(:[A-Za-z0-9]{1,20}(-[A-Za-z0-9-]{1,20})?)?"
    example: str = "BTC/USDT:USDT"
    kinds: tuple[str, ...] = ("bars",)
    periods: tuple[str, ...] = ("1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d")
    layout: tuple[str, ...] = ()

    def at_exchange(self, exchange: str) -> "Ccxt":
        """Return the provider of one exchange's bars."""
        return replace(self, exchange=exchange, title=exchange)

    def fetch(self, symbol: str, period: str, start_ms: int, folder: Path, progress: Progress) -> None:
        """Download page by page what was not fetched yet, up to the last bar that is closed by the exchange's clock."""
        from factory.market.sources.ccxt_download import download_bars

        download_bars(self.exchange, symbol, period, start_ms, folder, progress)

    def find_files(self, folder: Path) -> list[Path]:
        """Find the files of months."""
        return sorted(folder.glob("*.csv"))


CCXT = Ccxt()
