"""The sealed segment: pools of looks, the exam, and verdicts; rows are opened in a process of their own.

An agent hears PASS or FAIL and nothing else. Looks are rows of the ledger,
written before a sealed row is read; what happens after that, a crash too,
has spent them (STATISTICS section 2).

client        how others reach the vault's process; server: that process; log: where it prints
pools         looks, and what is left of them; grants: what only a person decides; levels: how strict each look is
admission     what is refused before a look is spent; readiness: what is missing, told early; planning: claims
exam          what a frozen pipeline must show; examiner conducts it, rehearsal times it on validation
primary       the primary test, by contract in frozen_binary and frozen_perpetual; likeness, unseen: the other parts of the rule
sealed_data   sealed rows, opened; comparison: a new dataset against them. For the vault's process alone
forward       what passed, on newer bars
reports       encrypted to the reviewer; explanation puts one into words; reviewer: whose keys
audit         what `ledger verify` checks of looks; recovery: what a killed command left; isolation: how well rows are kept

Tasks import client, views and commands also pools, readiness, grants, forward, reports and explanation.
"""
