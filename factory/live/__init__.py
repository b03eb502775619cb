"""Signals on bars as they come, through the code that was backtested.

``rolling`` holds the rows known so far, ``moments`` tells when to decide, ``strategy`` decides and keeps a paper account,
``replay`` feeds recorded rows in the order in which they became known, and ``parity`` compares what came of it with the
backtest of the same rows. No order is sent anywhere.
"""
