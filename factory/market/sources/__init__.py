"""Where rows come from, one file a provider.

base                 Provider: what each offers; ManyExchanges: one that asks for an exchange too
caller               asks a server over HTTP: again where it stumbles, no faster than it allows
binance              spot and futures bars of Binance
binance_funding      funding of its perpetuals
binance_download     how they come from its archives and its REST interface
binance_stream       its live order books and trades: addresses, messages, and what must follow what
binance_klines       its bars as they close, streamed and asked for
connection           to a stream: left when its data are too old, and how long to wait before the next try
polymarket           odds and outcomes of Polymarket's windows
polymarket_answers   reads what its interfaces answer
polymarket_files     a file a day of what they answered
polymarket_download  asks them for a day of windows at a time
ofr, nyfed           primary dealer statistics of two publishers; dealer_statistics is what both have in common
ccxt_exchanges       bars of any exchange that ccxt knows
ccxt_download        how they come; imports ccxt, an extra
monthly_files        files of months, and which stretches of time were fetched

A new provider is an object of its own file that is named in :data:`PROVIDERS`; dataset files, ``rfcat data fetch`` and
the readers ask there. The files of a series are found by :mod:`factory.market.downloads`.
"""

from factory.market.sources.base import ManyExchanges, Provider
from factory.market.sources.binance import BINANCE
from factory.market.sources.binance_funding import FUNDING
from factory.market.sources.ccxt_exchanges import CCXT
from factory.market.sources.nyfed import NYFED
from factory.market.sources.ofr import OFR
from factory.market.sources.polymarket import POLYMARKET

__all__ = ["PROVIDERS", "ManyExchanges", "Provider"]

PROVIDERS: dict[str, Provider] = {provider.name: provider for provider in (*BINANCE, CCXT, FUNDING, POLYMARKET, OFR, NYFED)}
"""Every provider by the name that dataset files call it."""
