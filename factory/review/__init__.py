"""What people decide of a proposed strategy: states in the ledger, signed with the reviewer's key, and files that carry both.

proposed, then approved or rejected; what was approved may be retired. A review is of a pipeline on a dataset as it is: on
changed data it begins anew. An approval is always signed, a rejection and a retirement where the passphrase was given; what is
signed covers all that the file says, and the sealed looks as they were, so that no file and no page can lose its banner.

states         the states, what may follow which, and the banners of an approval
decisions      what a person signs: drafted, checked again and recorded; the file rewritten with it
proposals      a proposal recorded with its strategy file
strategy_text  the one text of a strategy file: a table to read, then canonical YAML
status         the review of a pipeline, or of all
verification   a strategy file checked against keys, with no workspace
keys           keys that are trusted: given, or pinned
audit          what `ledger verify` checks of reviews
static         sign.js, which signs in a browser

Views, pages and commands import status, decisions, verification and keys; views also proposals.
"""
