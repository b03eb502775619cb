"""Pure functions of statistics: shapes, units and sources in every docstring. They know no market and no ledger.

intervals     win rates: intervals and exact tails; planning: how many decisions an edge needs
sharpe        Sharpe ratios and their errors; blocks: means of what overlaps
deflation     what the best of many trials is worth; overfitting: how likely the best is a fluke
multiplicity  many p-values; alpha: the levels of looks
eprocess      evidence that may be looked at any time; betting: tests of a bounded mean
calibration   whether chances mean what they say; roc_auc: how well they rank
drift         how far values moved between two samples

Anyone may import any of it.
"""
