"""Names of the columns that bars may have."""

PRICES = ("open", "high", "low", "close")
BARS = (*PRICES, "volume")
FLOW = ("quote_volume", "number_of_trades", "taker_buy_volume", "taker_buy_quote_volume")
COINS = ("volume", "taker_buy_volume")
QUOTED = ("quote_volume", "taker_buy_quote_volume", "number_of_trades")
"""Columns that count what a redenomination changes, and those that do not; all others are prices."""
