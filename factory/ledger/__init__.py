"""What was tried: the append-only ledger, and the plain tables beside it.

Counts of trials, explorations and looks come from here alone. Importing this
package imports SQLAlchemy; light callers import it where they need it.
"""

from factory.ledger.anchors import Position
from factory.ledger.ledger import Counts, Ledger
from factory.ledger.rows import Entry
from factory.ledger.verification import Verification

__all__ = ["Counts", "Entry", "Ledger", "Position", "Verification"]
