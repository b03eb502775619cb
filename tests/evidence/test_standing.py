from math import sqrt

import numpy as np
import pytest

from factory.evidence.independence import independent
from factory.evidence.standing import deflated, spread
from factory.statistics.deflation import deflated as deflated_by_moments
from factory.statistics.sharpe import mertens_error, moments


def test_yearly_figures_give_what_the_daily_formula_gives() -> None:
    of = moments(np.random.default_rng(0).normal(0.1, 1, 250))
    assert of
    found = {"sharpe": of.sharpe * sqrt(365), "sharpe_error": mertens_error(of) * sqrt(365)}
    assert deflated(found, 250, 40) == pytest.approx(deflated_by_moments(of, 40))
    assert deflated(found, 250, 40, 0.01) == pytest.approx(deflated_by_moments(of, 40, 0.01))


def test_more_trials_are_worth_less() -> None:
    found = {"sharpe": 2.0, "sharpe_error": 1.0}
    values = [deflated(found, 250, trials) for trials in (1, 2, 20, 500)]
    assert values == sorted(values, reverse=True)
    assert values[0] == pytest.approx(0.97725, abs=1e-4)


def test_what_has_no_sharpe_or_no_error_is_not_deflated() -> None:
    assert deflated({}, 250, 3) is None
    assert deflated({"sharpe": 1.0}, 250, 3) is None
    assert deflated({"sharpe": 1.0, "sharpe_error": 1.0}, 1, 3) is None


def test_copies_count_as_one_and_what_never_traded_as_itself() -> None:
    random = np.random.default_rng(1)
    one, other = random.normal(size=(2, 400))
    assert independent([one, one, one]) == pytest.approx(1)
    assert independent([one, other]) == pytest.approx(2, abs=0.1)
    assert independent([one, one, np.zeros(400), [0.1]]) == pytest.approx(3)
    assert independent([]) == 0


def test_the_spread_is_that_of_daily_sharpes() -> None:
    assert spread([{"sharpe": 0.0}, {"sharpe": 2 * sqrt(365)}, {}]) == pytest.approx(2)
    assert spread([{"sharpe": 1.0}]) is None
