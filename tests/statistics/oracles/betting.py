"""Capital: one bet after the other, in exact fractions."""

from fractions import Fraction

import numpy as np
from hypothesis import strategies as st

from factory.statistics.betting import MOST, capital_against_losing
from tests.statistics.oracles.common import SEEDS, Oracle, series


def capital_in_fractions(payoff: np.ndarray, worst: np.ndarray, wager: float) -> np.ndarray:
    capital, kept = Fraction(1), []
    for won, most in zip(payoff.tolist(), worst.tolist(), strict=True):
        bought = min(Fraction(max(wager, 0.0)), Fraction(MOST) / Fraction(most))
        capital *= 1 + bought * max(Fraction(won), -Fraction(most))
        kept.append(float(capital))
    return np.array(kept)


def bet(payoff: np.ndarray, seed: int, wager: float) -> tuple[np.ndarray, np.ndarray, float]:
    return payoff, np.random.default_rng(seed).lognormal(0, 2, len(payoff)), wager


ORACLES = [
    Oracle(
        capital_against_losing,
        "one bet after the other, in exact fractions",
        st.builds(bet, series(1, 30), SEEDS, st.sampled_from([-1.0, 0.0, 1e-9, 0.3, 10.0, 1e9])),
        capital_in_fractions,
    )
]
