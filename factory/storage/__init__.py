"""What is kept on disk: whole files, locks, the cache, and the tables of a workspace's database.

workspace   one user's folder: datasets, vault, ledger, caches; whole files or none
locks       one process at a time, on any system
claims      by which processes show that they live
arrays      arrays of numbers mapped from disk
cache       arrays by the hash of what they are made of, with a limit
database    transactions on the tables, and the ledger's lock
schema      the tables, and the triggers that keep the ledger append-only
store       pipelines, runs and calls: tables that may be rewritten

Rooms below import these files by name. Tables of `schema` and transactions of `database` are for `ledger`, `jobs` and
`people` alone: what others ask of them, they ask of `Store`, `Ledger`, `Jobs` or `People`. `database`, `schema` and
`store` import SQLAlchemy; light callers import them where they need them.
"""
