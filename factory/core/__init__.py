"""What every room stands on, without a word of markets in it.

errors      the tree of what may go wrong, and near matches
answers     answers as plain values: rounded, in tables, in pages
canonical   canonical JSON, ids, digests and seeds
hashes      hashes of folders, block by block, and what is damaged
foreign     text of others, cleaned where it enters
quoting     text into terminals, shells and YAML
names       what may be a name
plainyaml   YAML in which every scalar is text
settings    every environment variable that is read
progress    how far work is, and that it is no longer wanted
threads     maps over threads, and the environment of heavy processes
times       moments and durations, ms UTC
"""
