"""Where rows come from, one file a provider.

base              Provider: what each offers
binance           spot and futures bars of Binance
binance_download  how they come from its archives and its REST interface
binance_stream    its live order books and trades: addresses, messages, and what must follow what
ofr, nyfed        primary dealer statistics of two publishers; dealer_statistics is what both have in common
http              requests that are made again where the connection or the server fails

A new provider is an object of its own file that is named in :data:`PROVIDERS`; dataset files, ``rfcat data fetch`` and
the readers ask there. The files of a series are found by :mod:`factory.market.downloads`.
"""

from factory.market.sources.base import Provider
from factory.market.sources.binance import BINANCE
from factory.market.sources.nyfed import NYFED
from factory.market.sources.ofr import OFR

__all__ = ["PROVIDERS", "Provider"]

PROVIDERS: dict[str, Provider] = {provider.name: provider for provider in (*BINANCE, OFR, NYFED)}
"""Every provider by the name that dataset files call it."""
