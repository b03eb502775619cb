"""Where rows come from, one file a provider.

base              Provider: what each offers; ManyExchanges: one that asks for an exchange too
binance           spot and futures bars of Binance
binance_download  how they come from its archives and its REST interface
binance_stream    its live order books and trades: addresses, messages, and what must follow what
ccxt_exchanges    bars of any exchange that ccxt knows
ccxt_download     how they come; imports ccxt, an extra
monthly_files     files of months, and which stretches of time were fetched

A new provider is an object of its own file that is named in :data:`PROVIDERS`; dataset files, ``rfcat data fetch`` and
the readers ask there. The files of a series are found by :mod:`factory.market.downloads`.
"""

from factory.market.sources.base import ManyExchanges, Provider
from factory.market.sources.binance import BINANCE
from factory.market.sources.ccxt_exchanges import CCXT

__all__ = ["PROVIDERS", "ManyExchanges", "Provider"]

PROVIDERS: dict[str, Provider] = {provider.name: provider for provider in (*BINANCE, CCXT)}
"""Every provider by the name that dataset files call it."""
