"""Where rows come from, one file a provider.

base              Provider: what each offers
binance           spot and futures bars of Binance
binance_funding   funding of its perpetuals
binance_download  how they come from its archives and its REST interface
binance_stream    its live order books and trades: addresses, messages, and what must follow what

A new provider is an object of its own file that is named in :data:`PROVIDERS`; dataset files, ``rfcat data fetch`` and
the readers ask there. The files of a series are found by :mod:`factory.market.downloads`.
"""

from factory.market.sources.base import Provider
from factory.market.sources.binance import BINANCE
from factory.market.sources.binance_funding import FUNDING

__all__ = ["PROVIDERS", "Provider"]

PROVIDERS: dict[str, Provider] = {provider.name: provider for provider in (*BINANCE, FUNDING)}
"""Every provider by the name that dataset files call it."""
