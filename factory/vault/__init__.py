"""The sealed segment: pools of looks, the exam, and verdicts; rows are opened in a process of their own.

An agent hears PASS or FAIL and nothing else. Looks are rows of the ledger,
written before a sealed row is read; what happens after that, a crash too,
has spent them (STATISTICS section 2).
"""
