"""Contracts at work: fills, costs, sizes and figures; and the null market, in which direction is a coin.

run          trades a contract, or several in one account, on chances of up
binary       shares of a binary contract bought and settled; quotes: what they cost at a decision
perpetual    a perpetual entered and left; funding: what it pays or receives meanwhile
account      several perpetuals that share sizes, margin and ruin; account_book: what came of it
sizing       how much of the equity a trade takes
fills        from fills to trades, equity and days; kernel: the compiled loops over decisions and bars
metrics      performance figures; baselines: the same trades without an opinion
result       what a backtest gives back
null         the null market walked by frozen trades; frozen: what is frozen of them; null_labels: what labels come to in it

Others import what is named below, and the null market by its files.
"""

from factory.backtest.funding import read_funding
from factory.backtest.perpetual import Levels, needs_volatility
from factory.backtest.result import OUTCOMES, REASONS, Daily, Result, Trades
from factory.backtest.run import describe_assumed_price, run_account, run_backtest

__all__ = [
    "OUTCOMES",
    "REASONS",
    "Daily",
    "Levels",
    "Result",
    "Trades",
    "describe_assumed_price",
    "needs_volatility",
    "read_funding",
    "run_account",
    "run_backtest",
]
