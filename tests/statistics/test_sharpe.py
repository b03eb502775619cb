from typing import Any

import numpy as np
import pytest

from factory.statistics.sharpe import Moments, ar1_error, mertens_error, moments, psr


def given_moments(inputs: dict[str, Any], sharpe: str = "sharpe_per_period") -> Moments:
    return Moments(inputs[sharpe], inputs["skew"], inputs["kurtosis_nonexcess"], inputs["n_obs"])


@pytest.mark.parametrize("name", ["psr_moments_0", "psr_moments_1", "psr_moments_2"])
def test_psr_and_its_error_match_the_reference(vectors: dict[str, Any], name: str) -> None:
    given, expected = vectors[name]["inputs"], vectors[name]["expected"]
    of = given_moments(given)
    assert mertens_error(of) == pytest.approx(expected["sharpe_std_error"], abs=1e-9)
    assert psr(of.sharpe, mertens_error(of), given["benchmark"]) == pytest.approx(expected["psr"], abs=1e-9)


def test_moments_and_psr_of_a_series_match_the_reference(vectors: dict[str, Any]) -> None:
    expected = vectors["psr_series"]["expected"]
    of = moments(np.array(vectors["psr_series"]["inputs"]["returns"]))
    assert of is not None
    assert of.sharpe == pytest.approx(expected["sharpe_ddof1"], abs=1e-9)
    assert of.skew == pytest.approx(expected["skew_population"], abs=1e-9)
    assert of.kurtosis == pytest.approx(expected["kurtosis_population_nonexcess"], abs=1e-9)
    assert psr(of.sharpe, mertens_error(of)) == pytest.approx(expected["psr"], abs=1e-9)


def test_ar1_error_matches_the_reference(vectors: dict[str, Any]) -> None:
    given, expected = vectors["sharpe_variance_ar1_0"]["inputs"], vectors["sharpe_variance_ar1_0"]["expected"]
    of = given_moments(given, "sharpe")
    for rho, variance in ((given["rho"], "variance"), (0.0, "variance_rho0")):
        error = ar1_error(of, rho)
        assert error is not None
        assert error**2 == pytest.approx(expected[variance], abs=1e-9)


def test_moments_that_no_autoregression_has_give_no_error() -> None:
    """Two payoffs, one of them rare: the kurtosis is the least beside such a skewness."""
    of = moments(np.array([2.5] * 8 + [0.5] * 2))
    assert of is not None
    assert ar1_error(of, 0.0) is not None
    assert ar1_error(of, 0.5) is None
    for sharpe in (-1.2, -1.3, -1.4):
        assert ar1_error(of._replace(sharpe=sharpe), 0.9) is None


def test_normal_returns_give_the_error_of_lo() -> None:
    assert mertens_error(Moments(0.1, 0.0, 3.0, 101)) == pytest.approx(np.sqrt((1 + 0.1**2 / 2) / 100))


def test_an_error_that_vanishes_is_none_of_the_root_of_a_negative_number() -> None:
    two_valued = Moments(2.8284271247461903, 0.7071067811865482, 1.5000000000000009, 2)
    assert mertens_error(two_valued) == 0


@pytest.mark.parametrize("returns", [[], [0.1], [0.0, 0.0, 0.0], [0.01] * 50, [1000.1] * 7])
def test_returns_that_never_vary_have_no_sharpe(returns: list[float]) -> None:
    assert moments(np.array(returns)) is None
