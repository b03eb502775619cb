"""How densely the bars of a market that closes lie in time. Pure."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from factory.core.times import DAY

PACE = "pace"
"""Key of a :class:`Pace` in the facts of a series that has sessions."""


class Pace(NamedTuple):
    """How densely a calendar's bars lie, for what is computed without them; all in ms.

    Parameters
    ----------
    every : float
        From one session to the next, on average.
    trading : float
        Of trading in a session, on average.
    closed : int
        The longest time without trading.
    """

    every: float
    trading: float
    closed: int

    def step(self, bar: int) -> float:
        """Compute the time from bar to bar on average, ms, for bars of some length."""
        return max(self.every, float(bar)) if bar >= DAY else self.every / max(1.0, self.trading / bar)


def read_paces(meta: Mapping[str, Any]) -> dict[str, Pace]:
    """Read the paces of a dataset's series with sessions from what its build wrote down."""
    return {name: Pace(*facts[PACE]) for name, facts in meta["series"].items() if PACE in facts}
