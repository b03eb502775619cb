import numpy as np
import pytest

from factory.statistics.deflation import deflated_sharpe_ratio, effective_trials, expected_maximum, expected_maximum_exact
from factory.statistics.overfitting import overfitting
from factory.statistics.sharpe import moments


def test_the_expected_maximum_grows_with_the_trials_and_one_trial_is_not_deflated() -> None:
    values = [expected_maximum(n) for n in (1, 2, 10, 100, 1000)]
    assert values[0] == 0
    assert values == sorted(values)
    assert expected_maximum(100) == pytest.approx(expected_maximum_exact(100), rel=0.02)


def test_more_trials_deflate_more_and_the_house_form_spares_a_real_edge() -> None:
    of = moments(np.random.default_rng(0).normal(0.15, 1, 500))
    assert of
    assert deflated_sharpe_ratio(of, 1) > deflated_sharpe_ratio(of, 10) > deflated_sharpe_ratio(of, 500)
    assert deflated_sharpe_ratio(of, 500) > deflated_sharpe_ratio(of, 500, variance=0.05**2 + 1 / 499)


def test_copies_of_one_trial_are_one_and_strangers_are_many() -> None:
    random = np.random.default_rng(0)
    own = random.normal(size=(4000, 8))
    copies = np.repeat(own[:, :1], 8, axis=1) + 1e-6 * own
    for counted, least, most in ((effective_trials(copies), 0.99, 1.01), (effective_trials(own), 7.8, 8.1)):
        assert all(least <= value <= most for value in counted[1:])


def test_a_real_edge_is_not_overfit_and_noise_is_about_every_other_time() -> None:
    random = np.random.default_rng(1)
    noise = [overfitting(random.normal(size=(240, 20)), 10).probability for _ in range(40)]
    assert 0.35 < np.mean(noise) < 0.6
    edge = random.normal(size=(240, 20)) + np.where(np.arange(20) == 7, 0.6, 0)
    assert overfitting(edge, 10).probability < 0.05
