from math import sqrt

import numpy as np
import pytest

from factory.evidence.deflated_sharpe import deflate_sharpe
from factory.statistics.deflation import deflated_sharpe_ratio as deflated_by_moments
from factory.statistics.sharpe import mertens_error, moments, psr


def test_yearly_figures_give_what_the_formula_gives() -> None:
    of = moments(np.random.default_rng(0).normal(0.1, 1, 250))
    assert of
    year = sqrt(365)
    metrics = {"sharpe": of.sharpe * year, "sharpe_error": mertens_error(of) * year, "sharpe_luck": year / sqrt(249)}
    assert deflate_sharpe(metrics, 40) == pytest.approx(deflated_by_moments(of, 40))
    assert deflate_sharpe(metrics, 40, 0.1 * year) == pytest.approx(deflated_by_moments(of, 40, 0.01))
    assert deflate_sharpe(metrics, 1) == pytest.approx(psr(of.sharpe, mertens_error(of)))


def test_more_trials_are_worth_less() -> None:
    metrics = {"sharpe": 2.0, "sharpe_error": 1.0, "sharpe_luck": 1.0}
    values = [deflate_sharpe(metrics, trials) for trials in (1, 2, 20, 500)]
    assert values == sorted(values, reverse=True)
    assert values[0] == pytest.approx(0.97725, abs=1e-4)


def test_what_has_no_sharpe_or_no_error_is_not_deflated() -> None:
    assert deflate_sharpe({}, 3) is None
    assert deflate_sharpe({"sharpe": 1.0}, 3) is None
    assert deflate_sharpe({"sharpe": 1.0, "sharpe_error": 1.0}, 3) is None, "a row of an older version"
