import numpy as np

from factory.statistics.bootstrap import optimal_block_length, reality_check, stationary_rows


def test_resampled_rows_run_on_for_a_mean_block_and_wrap_around() -> None:
    rows = stationary_rows(1000, 20, 50, seed=3)
    assert rows.shape == (50, 1000)
    assert set(np.unique(rows)) == set(range(1000))
    broken = np.mean(np.diff(rows, axis=1) % 1000 != 1)
    assert 0.045 < broken < 0.055


def test_longer_memory_asks_for_longer_blocks() -> None:
    random = np.random.default_rng(0)
    noise = random.normal(size=2000)
    slow = np.zeros(2000)
    for i in range(1, 2000):
        slow[i] = 0.9 * slow[i - 1] + noise[i]
    assert optimal_block_length(slow)[0] > 3 * optimal_block_length(noise)[0]


def test_the_best_of_many_without_edge_is_not_a_surprise_and_a_real_one_is() -> None:
    random = np.random.default_rng(0)
    passed = [reality_check(random.normal(size=(300, 10)), 5, seed=i, draws=400).consistent < 0.05 for i in range(60)]
    assert sum(passed) <= 9, "level 0.05: more than 9 of 60 has a chance of 0.0008"
    found = reality_check(random.normal(size=(300, 10)) + np.array([0.4] + [0.0] * 9), 5, seed=1)
    assert found.consistent < 0.01
    assert found.survivors.tolist() == [0]


def test_the_same_seed_gives_the_same_numbers() -> None:
    returns = np.random.default_rng(0).normal(size=(100, 4))
    assert reality_check(returns, 5, seed=7).upper == reality_check(returns, 5, seed=7).upper
