"""What a score is worth: importance, leakage probes, the null twin, and what the ledger's counts make of it.

probes              automatic leakage tests, one file a kind
importance          permutation importance; importance_kernels: its compiled loop
correlation_groups  inputs that say the same, to be shuffled together
null_twin           a pipeline's frozen decisions and chances where direction is a coin
deflated_sharpe     a Sharpe ratio less what the best of all trials shows by luck
advice              what advises before a look and never blocks it

Tasks, views and the vault import these files by name.
"""
