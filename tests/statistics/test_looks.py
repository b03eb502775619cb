"""Levels of sealed looks, many p-values, and evidence that may be watched."""

from math import log

import numpy as np
import pytest

from factory.statistics.alpha import equal_levels, level_after, open_levels
from factory.statistics.eprocess import log_e_value, log_e_value_below, log_e_values_of_mean
from factory.statistics.multiplicity import benjamini_hochberg, bonferroni, holm


def spent(looks: int, weights: tuple[float, ...], look: int = 1, passes: int = 0) -> float:
    """Greatest sum of levels over all nodes of the tree of verdicts, each counted once a path."""
    if look > looks:
        return 0.0
    level = level_after(0.05, looks, look, passes, weights)
    return level + spent(looks, weights, look + 1, passes) + (spent(looks, weights, look + 1, passes + 1) if level else 0.0)


@pytest.mark.parametrize("weights", [(1.0,), (0.8, 0.2), (0.5, 0.3, 0.2)])
def test_levels_over_the_whole_tree_of_verdicts_sum_to_alpha(weights: tuple[float, ...]) -> None:
    assert spent(5, weights) <= 0.05 + 1e-12


def test_a_pool_closes_at_its_first_pass_unless_weights_were_chosen() -> None:
    assert level_after(0.05, 5, 3, 1) == 0
    assert level_after(0.05, 5, 3, 0) == equal_levels(0.05, 5)[2] == pytest.approx(0.01)
    assert level_after(0.05, 5, 1, 1, (0.8, 0.2)) == 0, "no pass can come before look one"
    assert sum(open_levels(0.05, 10_000)) < 0.05


def test_the_e_process_errs_at_most_alpha_however_long_it_is_watched() -> None:
    wins = np.random.default_rng(0).random((300, 400)) < 0.54
    counts = wins.cumsum(axis=1)
    checked = range(19, 400, 20)
    ever = [any(log_e_value(int(counts[k, i]), i + 1, 0.54) >= log(20) for i in checked) for k in range(300)]
    assert sum(ever) <= 26, "0.05 of 300 is 15; more than 26 has a chance of 0.002"


def test_evidence_grows_with_wins_and_mirrors() -> None:
    values = [log_e_value(wins, 1000, 0.5) for wins in (450, 500, 550, 600)]
    assert values == sorted(values)
    assert values[-1] > log(20)
    assert log_e_value_below(400, 1000, 0.5) == pytest.approx(log_e_value(600, 1000, 0.5))
    assert log_e_value(0, 0, 0.5) == pytest.approx(0)
    hopeless = log(0.5 / 99_991 * 2.0)  # a mixture down to the rate itself falls only as one over n
    assert log_e_value(10, 100_000, 0.5) == pytest.approx(hopeless, abs=1e-3)


def test_holm_lies_between_bonferroni_and_the_false_discovery_rate() -> None:
    p = np.random.default_rng(2).random(30) ** 3
    assert (holm(p) <= bonferroni(p) + 1e-15).all()
    assert (benjamini_hochberg(p) <= holm(p) + 1e-15).all()


@pytest.mark.parametrize("kind", ["normal", "fat tails", "rare great losses", "rare great wins"])
def test_the_e_process_of_a_mean_errs_at_most_alpha_for_payoffs_of_any_shape(kind: str) -> None:
    rng, shape = np.random.default_rng(4), (400, 1_500)
    rare = np.where(rng.random(shape) < 0.95, 1.0, -19.0) / np.sqrt(19)
    payoff = {
        "normal": rng.normal(size=shape),
        "fat tails": rng.standard_t(3, shape) / np.sqrt(3),
        "rare great losses": rare,
        "rare great wins": -rare,
    }[kind]
    ever = [bool((log_e_values_of_mean(one, 1.0) >= log(20)).any()) for one in payoff]
    assert sum(ever) <= 33  # 20 are allowed; 34 or more of 400 have chance 0.002 at that rate
    rejected = [log_e_values_of_mean(one + 0.15, 1.0)[-1] >= log(20) for one in payoff]
    assert sum(rejected) > 380


def test_the_e_process_of_a_mean_is_the_mixture_of_likelihood_ratios() -> None:
    payoff = np.array([0.5, -0.2, 1.0, 0.3])
    means = np.linspace(0, 1.2, 20_001)
    for n in range(1, 5):
        spread = max(np.sqrt(np.mean(payoff[:n] ** 2)), 0.4)
        total = payoff[:n].sum() / spread
        density = 2 / (0.1 * np.sqrt(2 * np.pi)) * np.exp(-(means**2) / (2 * 0.1**2))
        mixed = np.trapezoid(np.exp(means * total - n * means**2 / 2) * density, means)
        assert log_e_values_of_mean(payoff, 0.4)[n - 1] == pytest.approx(log(mixed), abs=1e-6)
