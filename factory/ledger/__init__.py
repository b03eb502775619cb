"""What was tried: the append-only ledger in a hash chain. Counts of trials, explorations and looks come from here alone.

ledger        the ledger: rows appended, read, counted and proven
rows          what a row is, and its hash
anchors       heads of the chain, kept outside the database
verification  the proof of a chain
running       figures of each dataset, carried on with every row
board         lists of trials, best or newest first
history       rows as a person reads them: by page, by kind, counted
board_row     what lists of trials are sorted, filtered and searched by
trial_list    one list of all trials, and their families
paired_files  a row and the file that tells a person of it: both or neither
ranks         in what order trials stand

Others import what is named below, `paired_files`, `ranks`, `Idea` of `board`, the counts of `history`, and what `board_row` and
`trial_list` have without an underscore. Importing this room imports SQLAlchemy; light callers import it where they need it.
"""

from factory.ledger.anchors import Position
from factory.ledger.ledger import Ledger
from factory.ledger.rows import Entry
from factory.ledger.running import Counts
from factory.ledger.verification import Verification

__all__ = ["Counts", "Entry", "Ledger", "Position", "Verification"]
