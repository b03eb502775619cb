"""Contracts at work: fills, costs, sizes, the kernel and the figures."""

from factory.backtest.perpetual import Levels, needs_volatility
from factory.backtest.result import OUTCOMES, REASONS, Daily, Result, Trades
from factory.backtest.run import assumed, run

__all__ = ["OUTCOMES", "REASONS", "Daily", "Levels", "Result", "Trades", "assumed", "needs_volatility", "run"]
