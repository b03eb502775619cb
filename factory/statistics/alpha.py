"""How strict each sealed look is, fixed before the first one."""

from collections.abc import Sequence
from math import comb, pi


def equal_levels(alpha: float, looks: int) -> list[float]:
    """Compute the level of each look: ``alpha / looks`` (Bonferroni, fixed in advance; STATISTICS section 2.3)."""
    return [alpha / looks] * looks


def open_levels(alpha: float, looks: int) -> list[float]:
    """Compute levels that sum to at most alpha however many looks follow: ``alpha * 6 / (pi * k)**2``."""
    return [alpha * 6 / (pi * k) ** 2 for k in range(1, looks + 1)]


def level_after(alpha: float, looks: int, look: int, passes: int, weights: Sequence[float] = (1.0,)) -> float:
    """Compute the level of one look when the pool goes on after a PASS.

    Parameters
    ----------
    alpha : float
        Of the whole pool.
    looks, look : int
        How many there are, and which this is, from 1.
    passes : int
        PASS verdicts before it.
    weights : sequence of float
        Share of alpha for looks after 0, 1, ... passes; they sum to at most 1, and a person chose them before look one.
        The default closes the pool at its first PASS.

    Returns
    -------
    float
        ``alpha * w_m / (K * C(k - 1, m))``; 0 where the pool is closed. Source: STATISTICS section 2.3, by counting the
        paths of verdicts that lead to this look.
    """
    if passes >= len(weights) or passes > look - 1:
        return 0.0
    return alpha * weights[passes] / (looks * comb(look - 1, passes))
