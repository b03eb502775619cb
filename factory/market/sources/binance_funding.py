"""Funding of Binance's perpetuals, as it was paid."""

from dataclasses import dataclass
from pathlib import Path

from factory.core.progress import Progress
from factory.core.settings import DownloadSettings
from factory.market.sources.base import KnownByStamps
from factory.market.sources.binance import BINANCE, Binance


@dataclass(frozen=True)
class BinanceFunding(KnownByStamps):
    """The rate of each payment, stamped when it was paid: each 8, 4 or 1 hours, as the exchange changes them.

    Parameters
    ----------
    market : Binance
        Whose perpetuals they are.
    """

    market: Binance
    name: str = "binance-um-funding"
    command: str = "binance-um-funding"
    title: str = "Binance"
    about: str = "funding of USD-M perpetuals"
    page: str = (
        "https://developers.binance.com/docs/derivatives/usds-margined-futures/market-data/rest-api/Get-Funding-Rate-History"
    )
    symbols: str = r"[A-Z0-9_]{1,40}"
    example: str = "BTCUSDT"
    kinds: tuple[str, ...] = ("values",)
    periods: tuple[str, ...] = ("1h", "4h", "8h")
    layout: tuple[str, ...] = ()

    def fetch(self, symbol: str, period: str, start_ms: int, folder: Path, progress: Progress) -> None:
        """Download whole months, then what was paid since."""
        from factory.market.sources.binance_download import FundingFeed, download_funding
        from factory.market.sources.caller import Caller

        settings = DownloadSettings.read()
        archive, api = settings.archive.rstrip("/"), (settings.api or self.market.api).rstrip("/")
        rest, caller = f"{api}/fapi/v1/fundingRate", Caller(f"binance {symbol}")
        feed = FundingFeed(f"{archive}/{self.market.archive}", rest, 1000, symbol, period, folder, caller)
        download_funding(feed, start_ms, progress)

    def find_files(self, folder: Path) -> list[Path]:
        """Find archives, and the rates after the last of them."""
        return self.market.find_files(folder)


FUNDING = BinanceFunding(next(market for market in BINANCE if market.name == "binance-um"))
