"""What advises before a look: it is computed of what can be compared, and arch computes it."""

import numpy as np
import pytest

from factory.evidence.advice import advise, bootstrap_block, reality_check

NOISE = np.random.default_rng(0)


def test_the_best_of_many_without_edge_is_not_a_surprise_and_a_real_one_is() -> None:
    passed = [reality_check(NOISE.normal(size=(200, 10)), 5) < 0.05 for _ in range(30)]
    assert sum(passed) <= 6, "level 0.05: more than 6 of 30 has a chance of 0.0006"
    assert reality_check(NOISE.normal(size=(200, 10)) + np.array([0.5] + [0.0] * 9), 5) < 0.01


def test_the_same_trials_get_the_same_advice() -> None:
    dailies = NOISE.normal(size=(4, 100)).tolist()
    assert advise({}, dailies[0], dailies, 4) == advise({}, dailies[0], dailies, 4)


def test_a_lag_that_is_loud_after_five_quiet_ones_does_not_lengthen_the_block() -> None:
    """Politis and White stop at the first five lags in a row without correlation, which may be the first five."""
    series = np.random.default_rng(1128).normal(size=100)
    centred = series - series.mean()
    bound = 2 * np.sqrt(np.log10(100) / 100)
    loud = [abs(np.corrcoef(centred[lag:], centred[:-lag])[0, 1]) > bound for lag in range(1, 7)]
    assert loud == [False] * 5 + [True]
    assert bootstrap_block(series) == 1, "0.8 rows; the run of lags after the sixth gives 30"


def test_longer_memory_asks_for_longer_blocks() -> None:
    noise = np.random.default_rng(0).normal(size=2000)
    slow = np.zeros(2000)
    for i in range(1, 2000):
        slow[i] = 0.9 * slow[i - 1] + noise[i]
    assert bootstrap_block(slow) > 3 * bootstrap_block(noise)


@pytest.mark.parametrize("series", [np.zeros(30), np.full(30, 0.1), np.arange(30) * 5e-324, np.arange(30) % 2 - 0.5])
def test_a_block_is_a_whole_row_at_least(series: np.ndarray) -> None:
    assert bootstrap_block(series) >= 1


def test_only_trials_of_the_same_days_that_vary_are_compared() -> None:
    own, other = NOISE.normal(size=(2, 40)).tolist()
    compared = advise({}, own, [own, other], 2)
    assert set(compared) == {"overfitting", "reality_check"}
    assert advise({}, own, [own, other, [0.0] * 40, other[:30]], 4) == compared
    assert advise({}, own, [own, [0.0] * 40], 2) == {}
    assert advise({}, own[:19], [own[:19], other[:19]], 2) == {}


def test_a_trial_that_never_traded_is_advised_all_the_same() -> None:
    dailies = NOISE.normal(size=(3, 40)).tolist()
    assert 0 <= advise({}, [0.0] * 40, dailies, 4)["reality_check"] <= 1
