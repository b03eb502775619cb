"""What is kept on disk.

workspace   one user's folder: datasets, vault, ledger, caches; whole files or none
locks       one process at a time, on any system
arrays      arrays of numbers mapped from disk
cache       arrays by the hash of what they are made of, with a limit
"""
