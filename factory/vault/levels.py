"""How strict a look is, given the looks before it that failed (STATISTICS section 9.4).

Adding up the levels of looks is loose where they examine relatives. The only path on which another look exists is the
one on which all before it failed, and along it every candidate is fixed without the segment; so their joint law where
direction is a coin may be drawn with the same flips, and each look be given what is left of the sum of the levels up
to it. That this holds whichever of them has an edge needs subset pivotality: that the joint law of those without one
does not depend on the others.
"""

from collections.abc import Sequence

import numpy as np
from numpy import float64
from numpy.typing import NDArray

from factory.vault.frozen_binary import FrozenBinary
from factory.vault.primary import Frozen

DRAWS, DRAWS_OF_TRADES = 9_999, 1_999
"""Of windows, and of trades that are walked bar by bar."""


def level_of_last(looks: Sequence[tuple[Frozen, float]], seed: int) -> float:
    """Compute the level of the last of some looks at one pool.

    Parameters
    ----------
    looks : sequence of (Frozen, float)
        What each examined and its own level, in order; at least the look itself. A look before it that can't be drawn
        beside it, or failed for another reason than what it earned, is left out: it keeps what is its own.
    seed : int
        Of the draws; the same for all looks of a pool, so that the levels before come out as they did.

    Returns
    -------
    float
        At least the look's own level. Source: closed form of the maximum over correlated statistics, by draws
        (Westfall & Young 1993, *Resampling-based multiple testing*, sequentially).
    """
    last, own = looks[-1]
    beside = [(frozen, level) for frozen, level in looks if last.meets(frozen)]
    if len(beside) == 1:
        return own
    draws = DRAWS if all(isinstance(frozen, FrozenBinary) for frozen, _ in beside) else DRAWS_OF_TRADES
    passed, spent, last_level = np.zeros(draws, bool), 0.0, own
    for frozen, level in beside:
        spent += level
        tails = upper_tails(frozen.joint(seed, draws))
        last_level = max(level, _greatest(tails[~passed], int(spent * (draws + 1)) - int(passed.sum())))
        passed |= tails <= last_level
    return last_level


def upper_tails(drawn: NDArray[float64]) -> NDArray[float64]:
    """Compute the share of draws that are at least as great as each, shape (draws,)."""
    return 1 - np.searchsorted(np.sort(drawn), drawn, side="left") / len(drawn)


def _greatest(tails: NDArray[float64], count: int) -> float:
    """Find the greatest level that at most `count` of some tails reach, 0 if none."""
    ordered = np.sort(tails)
    if count <= 0:
        return 0.0
    if count >= len(ordered):
        return float(ordered[-1])
    below = ordered[:count][ordered[:count] < ordered[count]]
    return float(below[-1]) if len(below) else 0.0
