"""What an import found wrong with many rows at once, as it is kept and told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from factory.core.times import iso

KEY = "faults"
"""In a series' facts."""
JUMP, VOLUME, ABSENT, FROZEN = "jump", "volume", "absent", "frozen"
"""Kinds: a level of prices that changes at once, a volume that counts something else, none at all, rows that repeat."""
TOLD = 3
MEND = "a person declares it under the series in the dataset file with adjust: or exclude:"
NONE_COUNTED = "source: {columns: {volume: none}}"
MEND_VOLUME = f"a person declares it under the series in the dataset file with {NONE_COUNTED}"


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with many rows, or with all after a moment.

    Parameters
    ----------
    kind : str
        ``jump``, ``volume``, ``absent`` or ``frozen``.
    says : str
        What was found, in one line without its moments.
    columns : tuple of str
        Those that it falsifies.
    spans : tuple of (int, int)
        First and last moment of each stretch, ms UTC; of a jump between two bars, twice the open of the later. Empty
        where it is all rows.
    """

    kind: str
    says: str
    columns: tuple[str, ...]
    spans: tuple[tuple[int, int], ...] = ()

    @property
    def line(self) -> str:
        """What was found and the first moments of it."""
        at = ", ".join(iso(first) for first, _ in self.spans[:TOLD])
        more = f" and {len(self.spans) - TOLD} more" if len(self.spans) > TOLD else ""
        return f"{self.says} at {at}{more}" if at else self.says

    def stored(self) -> dict[str, Any]:
        """Convert the fault to the form that the build writes down; :meth:`load` reads it."""
        return {"kind": self.kind, "says": self.says, "columns": list(self.columns), "spans": [list(one) for one in self.spans]}

    @classmethod
    def load(cls, raw: Mapping[str, Any]) -> "Fault":
        """Load a fault that was stored."""
        return cls(raw["kind"], raw["says"], tuple(raw["columns"]), tuple((first, last) for first, last in raw["spans"]))


def tell_mends(faults: Sequence[Fault]) -> str:
    """Say how a person declares some faults: a volume that is not there has no moment and no scale to name."""
    kinds = {fault.kind for fault in faults}
    if kinds == {ABSENT}:
        return MEND_VOLUME
    return f"{MEND}, or a volume that counts nothing with {NONE_COUNTED}" if kinds & {VOLUME, ABSENT} else MEND


def faults_of(facts: Mapping[str, Any]) -> list[Fault]:
    """Load the faults in a series' facts, of :meth:`~factory.market.catalog.Catalog.meta`.

    None of what an older version built.
    """
    return [Fault.load(raw) for raw in facts.get(KEY, ())]
