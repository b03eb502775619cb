"""Rules that certify: what each would have said of the same search, or of a search that it led."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from benchmarks.certification.agent import Climber, Idea

LEVEL = 0.05


@dataclass(frozen=True)
class Seen:
    """One idea on both parts that were held out.

    Parameters
    ----------
    validation, test : float
        t-statistic of the mean net payoff a decision, 0 without a trade.
    validation_mean, test_mean : float
        The mean itself.
    error : float
        Standard error of the mean on test.
    p_value : float
        Exact binomial, one-sided, on test.
    psr : float
        Probabilistic Sharpe ratio of the daily net P&L on validation.
    """

    validation: float
    test: float
    validation_mean: float
    test_mean: float
    error: float
    p_value: float
    psr: float


def afterwards(seen: Sequence[Seen]) -> dict[str, bool]:
    """Apply the rules that only read a search led by validation, trials in their order."""
    best = seen[int(np.argmax([one.validation for one in seen]))]
    test = seen[int(np.argmax([one.test for one in seen]))]
    heights = np.maximum.accumulate([-np.inf, *(one.validation for one in seen)])
    improved = [one for one, before in zip(seen, heights[:-1], strict=True) if one.validation > before]
    return {
        "psr": best.psr >= 1 - LEVEL,
        "naive": test.p_value < LEVEL,
        "peek": any(one.p_value < LEVEL for one in improved),
    }


Released = Callable[[Seen], float]
"""What a mechanism tells of one idea."""


def climbed(climber: Climber, evaluate: Callable[[Idea], Seen], released: Released, marks: Sequence[int]) -> dict[int, float]:
    """Compute the p-value on test of the best idea of a search led by a released score, after each of some counts of trials."""
    known: set[Idea] = set()
    p_values, best = {}, 1.0
    for k in range(1, max(marks) + 1):
        idea = climber.propose(known)
        known.add(idea)
        seen = evaluate(idea)
        if climber.hear(idea, released(seen)):
            best = seen.p_value
        if k in marks:
            p_values[k] = best
    return p_values


def plain(seen: Seen) -> float:
    """Release the test score itself."""
    return seen.test


def ladder() -> Released:
    """Make the parameter-free Ladder: a mean on test is told only where it beats the last told one by its standard error.

    Source: Blum & Hardt 2015.
    """
    told = -np.inf

    def released(seen: Seen) -> float:
        nonlocal told
        if np.isfinite(seen.error) and seen.test_mean > max(told, 0.0) + seen.error:
            told = round(seen.test_mean / seen.error) * seen.error
            return told
        return -np.inf

    return released


def thresholdout(rng: Generator, width: float = 2.0, noise: float = 0.5) -> Released:
    """Make a Thresholdout: it tells the validation mean, unless test differs from it by more than a noisy threshold.

    Then it tells the mean on test, with noise.

    Parameters
    ----------
    rng : Generator
        Of the Laplace noise.
    width, noise : float
        Threshold and scale of the noise in standard errors of the mean on test.

    Notes
    -----
    Source: Dwork et al. 2015, without its budget: the most feedback that it can give.
    """

    def released(seen: Seen) -> float:
        if not np.isfinite(seen.error):
            return -np.inf
        shift = rng.laplace(scale=(4 * noise, 2 * noise, noise)) * seen.error
        if abs(seen.validation_mean - seen.test_mean) > width * seen.error + shift[0] + shift[1]:
            return seen.test_mean + float(shift[2])
        return seen.validation_mean

    return released
