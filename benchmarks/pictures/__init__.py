"""The README's pictures, made from the running product: ``python -m benchmarks.pictures`` writes them to ``docs/pictures``.

A small search on the simulated market is made for them: real trials, under the names of two agents.
"""
