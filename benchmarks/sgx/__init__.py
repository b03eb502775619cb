"""Two sessions of a real order book for :mod:`benchmarks.sgx_book`.

sessions   books, decisions and labels; random walks in a session's shape
learners   experts fitted on them, and their scores
"""
