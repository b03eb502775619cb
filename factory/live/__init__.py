"""Signals on bars as they come, through the code that was backtested; no order is sent anywhere.

rolling      the rows known so far
moments      when a pipeline decides on them
strategy     decides, and keeps a paper account
replay       feeds recorded rows in the order in which they became known
parity       compares what came of that with the backtest of the same rows
feed         bars of an exchange as they close; gate: in order, once each
session      a strategy on a feed
"""
