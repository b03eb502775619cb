"""Contracts at work: fills, costs, sizes, the kernel and the figures."""

from factory.backtest.perpetual import Levels, needs_volatility
from factory.backtest.result import OUTCOMES, REASONS, Daily, Result, Trades
from factory.backtest.run import describe_assumed_price, run

__all__ = ["OUTCOMES", "REASONS", "Daily", "Levels", "Result", "Trades", "describe_assumed_price", "needs_volatility", "run"]
