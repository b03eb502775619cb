"""Win rates: scipy's binomial test, statsmodels' intervals, a root finder."""

from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import binomtest
from statsmodels.stats.proportion import proportion_confint

from factory.statistics.intervals import binomial_tail, break_even, clopper_pearson, jeffreys, wilson
from tests.statistics.oracles.common import Oracle

SURE = st.floats(0.5, 0.999)
COUNTED = st.integers(1, 5000).flatmap(lambda n: st.tuples(st.sampled_from([0, n]) | st.integers(0, n), st.just(n)))
ASKED = st.builds(lambda counted, sure: (*counted, sure), COUNTED, SURE)
OVERLAPPING = st.builds(lambda n, share, sure: (n * share, n, sure), st.floats(1, 1e4), st.floats(0, 1), SURE)


def exact(wins: int, n: int, confidence: float) -> tuple[float, float]:
    interval = binomtest(wins, n).proportion_ci(confidence, "exact")
    return float(interval.low), float(interval.high)


def score(wins: int, n: int, confidence: float) -> tuple[float, float]:
    interval = binomtest(wins, n).proportion_ci(confidence, "wilson")
    return float(interval.low), float(interval.high)


def of_statsmodels(wins: float, n: float, confidence: float, method: str) -> tuple[float, float]:
    low, high = proportion_confint(wins, n, 1 - confidence, method)
    return float(low), float(high)


def rate_that_earns_nothing(win: float, lose: float, fee: float) -> float:
    return float(brentq(lambda rate: rate * (win - fee) - (1 - rate) * (lose + fee), -1e3, 1e3, xtol=1e-14, rtol=1e-14))


ORACLES = [
    Oracle(wilson, "scipy binomtest, its Wilson interval", ASKED, score),
    Oracle(wilson, "statsmodels proportion_confint", OVERLAPPING, lambda *asked: of_statsmodels(*asked, "wilson")),
    Oracle(clopper_pearson, "scipy binomtest, its exact interval", ASKED, exact),
    Oracle(jeffreys, "statsmodels proportion_confint", ASKED, lambda *asked: of_statsmodels(*asked, "jeffreys")),
    Oracle(
        binomial_tail,
        "scipy binomtest, one-sided",
        st.builds(lambda counted, rate: (*counted, rate), COUNTED, st.floats(0, 1)),
        lambda wins, n, rate: float(binomtest(wins, n, rate, "greater").pvalue),
    ),
    Oracle(
        break_even,
        "scipy brentq on the mean payoff",
        st.tuples(st.floats(0.01, 10), st.floats(0.01, 10), st.floats(0, 1)),
        rate_that_earns_nothing,
    ),
]
