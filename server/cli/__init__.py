"""The door for people: the command line.

app         the command line put together
workspace   the workspace opened, as every way in does first
running     start, serve, doctor
strategies  commands on pipelines
listing     what pipelines are built of
data        commands on files of bars
recording   commands that record live order books
dataset     commands on datasets; dataset_init drafts a dataset file from files as people have them
ledger      the proof of the ledger
vault       commands on sealed looks
demo        demonstrations
commands    what all commands have in common
common      what several commands need
person      commands on people, who sign in to the pages
references  what a person names a pipeline by
card        the card of a strategy and its CUSUM picture, written to files
review      decisions on what was proposed, and their verification
reviewer    secrets: the reviewer's passphrase, a person's password
screen      all that is printed
layout      tables and lists laid out for a width

Nothing but `__main__` imports it, and before a host is served only `workspace`.
"""
