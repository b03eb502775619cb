"""Win rates: intervals, exact tails and what is needed to break even."""

from math import sqrt

from scipy.special import betainc, betaincinv, ndtri


def wilson(wins: float, n: float, confidence: float = 0.95) -> tuple[float, float]:
    """Compute Wilson's score interval for a win rate.

    Parameters
    ----------
    wins, n : float
        Wins among `n` decisions, ``n > 0``; an effective `n` where labels overlap.
    confidence : float
        Two-sided.

    Returns
    -------
    tuple of float
        Lower and upper end. Source: Wilson 1927.
    """
    z = float(ndtri(0.5 + confidence / 2))
    rate, scale = wins / n, 1 + z * z / n
    middle = (rate + z * z / (2 * n)) / scale
    half = z * sqrt(rate * (1 - rate) / n + z * z / (4 * n * n)) / scale
    return (max(0.0, middle - half) if wins > 0 else 0.0), (min(1.0, middle + half) if wins < n else 1.0)


def clopper_pearson(wins: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Compute the exact (conservative) interval for a win rate. Source: Clopper & Pearson 1934."""
    alpha = 1 - confidence
    low = float(betaincinv(wins, n - wins + 1, alpha / 2)) if wins > 0 else 0.0
    high = float(betaincinv(wins + 1, n - wins, 1 - alpha / 2)) if wins < n else 1.0
    return low, high


def jeffreys(wins: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Compute the interval for a win rate from Jeffreys' prior.

    It lies between Wilson's and the exact one. Source: Brown, Cai & DasGupta 2001.
    """
    alpha = 1 - confidence
    a, b = wins + 0.5, n - wins + 0.5
    return float(betaincinv(a, b, alpha / 2)), float(betaincinv(a, b, 1 - alpha / 2))


def binomial_tail(wins: int, n: int, rate: float) -> float:
    """Compute the chance of at least `wins` among `n` at a true `rate`: the exact one-sided p-value."""
    return float(betainc(wins, n - wins + 1, rate)) if wins > 0 else 1.0


def break_even(win: float, lose: float, fee: float = 0.0) -> float:
    """Compute the win rate at which nothing is earned: ``(lose + fee) / (lose + win)``.

    Parameters
    ----------
    win, lose : float
        Gained when right and lost when wrong, both positive, same unit.
    fee : float
        Paid either way. A share bought at `q` that pays 1 has ``win = 1 - q, lose = q``.
    """
    return (lose + fee) / (lose + win)
