import numpy as np
import pytest
from scipy.stats import ttest_1samp

from factory.statistics.blocks import block_length, block_mean


def test_blocks_of_one_give_the_students_t_test() -> None:
    values = np.random.default_rng(0).standard_normal(50) + 0.2
    mean = block_mean(values, np.arange(50), 1)
    oracle = ttest_1samp(values, 0, alternative="greater")
    assert mean is not None
    assert mean.p_value == pytest.approx(oracle.pvalue)
    assert mean.n_eff == pytest.approx(50)
    two_sided = ttest_1samp(values, 0).confidence_interval()
    assert (mean.low, mean.high) == pytest.approx((two_sided.low, two_sided.high))


def test_equal_blocks_give_the_t_test_on_block_means() -> None:
    values = np.random.default_rng(1).standard_normal(400)
    mean = block_mean(values, np.arange(400) * 60_000, 600_000)
    oracle = ttest_1samp(values.reshape(40, 10).mean(axis=1), 0, alternative="greater")
    assert mean is not None
    assert (mean.blocks, mean.p_value) == (40, pytest.approx(oracle.pvalue))


def test_repeating_each_value_adds_no_evidence() -> None:
    values = np.random.default_rng(2).standard_normal(600) + 0.1
    once = block_mean(values, np.arange(600), 10)
    tenfold = block_mean(np.repeat(values, 10), np.arange(6000), 100)
    assert once is not None
    assert tenfold is not None
    assert tenfold.p_value == pytest.approx(once.p_value)
    assert tenfold.n_eff == pytest.approx(once.n_eff, rel=0.01)


@pytest.mark.parametrize("values", [np.empty(0), np.ones(29), np.ones(100), np.full(35, 0.1)])
def test_nothing_is_said_of_too_few_blocks_or_of_constants(values: np.ndarray) -> None:
    assert block_mean(values, np.arange(len(values)), 1) is None


def test_the_block_holds_sixty_bars_four_horizons_and_a_position() -> None:
    assert block_length(60_000, 300_000, 0) == 3_600_000
    assert block_length(60_000, 14_400_000, 0) == 57_600_000
    assert block_length(60_000, 300_000, 86_400_000) == 86_400_000
