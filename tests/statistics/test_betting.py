"""Betting against a mean: valid whatever the shape of what is bet on."""

import numpy as np
import pytest

from factory.statistics.betting import capital_against_losing
from factory.statistics.intervals import clopper_pearson


def test_capital_is_what_is_left_of_each_bet() -> None:
    payoff, worst = np.array([0.01, -0.02, 0.03]), np.array([0.1, 0.2, 0.01])
    capital = capital_against_losing(payoff, worst, 5.0)
    assert capital == pytest.approx(np.cumprod([1 + 5 * 0.01, 1 - min(5, 0.98 / 0.2) * 0.02, 1 + 5 * 0.03]))
    ruined = capital_against_losing(np.array([-9.0, -9.0]), np.ones(2), 100.0)
    assert (ruined > 0).all(), "a loss beyond the assumed worst takes no more than all but a little"


def test_a_rare_loss_that_never_came_earns_nothing() -> None:
    wins = np.full(32, 0.003)
    for wager in (1.0, 10.0, 1e9):
        assert capital_against_losing(wins, np.full(32, 0.3), wager)[-1] < 2
    assert capital_against_losing(wins, np.full(32, 0.003), 1e9)[-1] > 1e6


@pytest.mark.parametrize("wager", [0.1, 0.5, 50.0])
@pytest.mark.parametrize("odds", [0.5, 0.9, 0.99])
def test_fair_bets_seldom_double_often(odds: float, wager: float) -> None:
    """Wins of 1 - odds against a loss of odds, watched after each of 300."""
    rng = np.random.default_rng(int(100 * odds))
    drawn = np.where(rng.random((800, 300)) < odds, 1 - odds, -odds)
    passes = sum(capital_against_losing(row, np.full(300, odds), wager).max() >= 20 for row in drawn)
    assert clopper_pearson(passes, 800, 0.98)[0] <= 0.05


def test_a_plain_edge_is_found() -> None:
    rng = np.random.default_rng(3)
    drawn = np.where(rng.random((50, 500)) < 0.6, 1.0, -1.0)
    assert np.mean([capital_against_losing(row, np.ones(500), 0.2)[-1] >= 100 for row in drawn]) > 0.8
