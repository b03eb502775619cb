"""Evidence that may be looked at after every decision: a likelihood ratio mixed over all better win rates."""

from math import log

from scipy.special import betaln
from scipy.stats import beta


def log_e_value(wins: int, n: int, rate: float) -> float:
    """Natural logarithm of the evidence that the true win rate exceeds `rate`.

    At a true rate of at most `rate`, the chance that it ever reaches ``log(1 / alpha)``, at whatever `n`, is at most alpha.

    Parameters
    ----------
    wins, n : int
        Wins among `n` decisions that do not overlap.
    rate : float
        Break-even, in (0, 1).

    Returns
    -------
    float
        Uniform mixture over (rate, 1); minus infinity where the evidence underflows. Source: Ville 1939; Ramdas et al. 2023.
    """
    mass = float(beta.logsf(rate, wins + 1, n - wins + 1))
    return float(betaln(wins + 1, n - wins + 1)) + mass - log(1 - rate) - wins * log(rate) - (n - wins) * log(1 - rate)


def log_e_value_below(wins: int, n: int, rate: float) -> float:
    """The mirror: evidence that the true win rate is below `rate`; stops paper trading at ``log(1 / 0.05)``."""
    return log_e_value(n - wins, n, 1 - rate)
