"""Evidence: mixtures of likelihood ratios by scipy's quadrature."""

from itertools import pairwise
from math import log

import numpy as np
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import xlog1py, xlogy
from scipy.stats import halfnorm

from factory.statistics.eprocess import EDGE, WAGERS, log_e_value, log_e_value_below, log_e_values_of_mean, log_e_values_of_wins
from tests.statistics.oracles.common import Oracle, series


def mixed(wins: int, n: int, rate: float, low: float, high: float) -> float:
    """Logarithm of the likelihood ratio's mean over win rates from `low` to `high`."""

    def ratio(x: float) -> float:
        return float(xlogy(wins, x) + xlog1py(n - wins, -x)) - wins * log(rate) - (n - wins) * log(1 - rate)

    peak = min(max(wins / n, low), high) if n else low
    top = ratio(min(max(peak, 1e-12), 1 - 1e-12))
    edges = sorted({low, high, *(min(max(peak + k / (n + 1) ** 0.5, low), high) for k in (-4, -1, -0.2, 0, 0.2, 1, 4))})
    parts = [quad(lambda x: np.exp(ratio(x) - top), a, b, epsabs=0, epsrel=1e-11, limit=200)[0] for a, b in pairwise(edges)]
    return float(log(sum(parts) / (high - low)) + top)


def mixed_over_means(payoff: np.ndarray, deviation: float) -> np.ndarray:
    """The same over half-normal means of payoffs in units of their running deviation."""
    kept = []
    for n in range(1, len(payoff) + 1):
        spread = max(np.sqrt(np.mean(payoff[:n] ** 2)), deviation, 1e-12)
        total = float(payoff[:n].sum() / spread)
        peak = max(total / (n + EDGE**-2), 0.0)
        top = peak * total - n * peak**2 / 2

        def weighted(mean: float, total: float = total, n: int = n, top: float = top) -> float:
            return float(np.exp(mean * total - n * mean**2 / 2 - top) * halfnorm.pdf(mean, scale=EDGE))

        edges = [0.0, *(one for one in (peak, peak + 0.02, peak + 0.1) if one > 0), 40 * EDGE + peak]
        kept.append(log(sum(quad(weighted, a, b, epsabs=0, epsrel=1e-10)[0] for a, b in pairwise(edges))) + top)
    return np.array(kept)


def bet_on_wins(paid_out: np.ndarray, price: np.ndarray) -> np.ndarray:
    """Capital of bettors with a wager each, bet by bet."""
    purses, kept = [1.0] * len(WAGERS), []
    for one, cost in zip(paid_out.tolist(), price.tolist(), strict=True):
        purses = [purse + wager * purse * (one - cost) for purse, wager in zip(purses, WAGERS, strict=True)]
        kept.append(log(sum(purses) / len(purses)))
    return np.array(kept)


BETS = st.lists(st.tuples(st.sampled_from([0.0, 0.5, 1.0]), st.floats(0.0, 1.0)), min_size=1, max_size=60).map(
    lambda bets: (np.array([paid_out for paid_out, _ in bets]), np.array([price for _, price in bets]))
)
WON = st.integers(0, 3000).flatmap(
    lambda n: st.tuples(st.sampled_from([0, n]) | st.integers(0, n), st.just(n), st.floats(0.02, 0.98))
)

ORACLES = [
    Oracle(log_e_value, "scipy quad over rates above", WON, lambda wins, n, rate: mixed(wins, n, rate, rate, 1.0), 1e-7),
    Oracle(log_e_value_below, "scipy quad over rates below", WON, lambda wins, n, rate: mixed(wins, n, rate, 0.0, rate), 1e-7),
    Oracle(log_e_values_of_wins, "purses, bet by bet", BETS, bet_on_wins, 1e-9),
    Oracle(
        log_e_values_of_mean,
        "scipy quad over half-normal means",
        st.tuples(series(1, 5), st.sampled_from([0.0, 1e-3, 0.5, 100.0])),
        mixed_over_means,
        1e-7,
    ),
]
