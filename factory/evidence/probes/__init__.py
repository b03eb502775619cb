"""Automatic leakage tests: P1 to P11 of STATISTICS section 5, and P12.

At train: P1, P2, P7, P8, P10, P11, P12, on train rows. At backtest: P4, P5, P6, P9,
which look at validation. Before a look: P3, in the vault.
"""
