"""Sample sizes: statsmodels."""

from hypothesis import strategies as st
from statsmodels.stats.power import normal_sample_size_one_tail

from factory.statistics.planning import decisions_needed, decisions_needed_for_mean
from tests.statistics.oracles.common import Oracle

LEVEL, POWER = st.floats(1e-4, 0.2), st.floats(0.5, 0.99)


def for_rate(break_even: float, claimed: float, alpha: float, power: float) -> float:
    under_null, under_claim = ((rate * (1 - rate)) ** 0.5 for rate in (break_even, claimed))
    return float(normal_sample_size_one_tail(claimed - break_even, power, alpha, under_null, under_claim))


def for_mean(mean: float, deviation: float, alpha: float, power: float) -> float:
    return float(normal_sample_size_one_tail(mean, power, alpha, deviation))


ORACLES = [
    Oracle(
        decisions_needed,
        "statsmodels normal_sample_size_one_tail",
        st.builds(lambda low, more, *rest: (low, low + more, *rest), st.floats(0.05, 0.6), st.floats(0.01, 0.35), LEVEL, POWER),
        for_rate,
    ),
    Oracle(
        decisions_needed_for_mean,
        "statsmodels normal_sample_size_one_tail",
        st.tuples(st.floats(1e-4, 1), st.floats(1e-3, 10), LEVEL, POWER),
        for_mean,
    ),
]
