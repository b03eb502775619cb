"""How many decisions an edge needs to show."""

from math import sqrt

from scipy.special import ndtri


def decisions_needed(break_even: float, claimed: float, alpha: float, power: float = 0.8) -> float:
    """Compute how many decisions find a true win rate above break-even with a given power.

    Parameters
    ----------
    break_even, claimed : float
        Win rates, ``claimed > break_even``.
    alpha : float
        One-sided level.
    power : float
        Chance to find it.

    Returns
    -------
    float
        Not rounded. Source: normal approximation for one proportion.
    """
    level, reach = float(ndtri(1 - alpha)), float(ndtri(power))
    spread = level * sqrt(break_even * (1 - break_even)) + reach * sqrt(claimed * (1 - claimed))
    return (spread / (claimed - break_even)) ** 2


def decisions_needed_for_mean(mean: float, deviation: float, alpha: float, power: float = 0.8) -> float:
    """Compute how many decisions find a true mean above 0 with a given power.

    Parameters
    ----------
    mean, deviation : float
        Of one decision's payoff, both positive; the deviation as if decisions did not overlap.
    alpha : float
        One-sided level.
    power : float
        Chance to find it.

    Returns
    -------
    float
        Not rounded. Source: normal approximation for one mean.
    """
    return ((float(ndtri(1 - alpha)) + float(ndtri(power))) * deviation / mean) ** 2
