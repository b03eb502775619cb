"""What measures payoffs against themselves gives the same in any unit, and nothing where nothing varies."""

from collections.abc import Callable

import numpy as np
import pytest

from factory.core.times import HOUR
from factory.statistics.blocks import block_mean, newey_west
from factory.statistics.eprocess import log_e_values_of_mean
from factory.statistics.overfitting import overfitting
from factory.statistics.sharpe import autocorrelations, moments
from factory.vault.likeness import mean_difference_p_value

RNG = np.random.default_rng(5)
PAYOFF = RNG.standard_t(4, 600) * 0.01 + 0.001
TIMES = np.arange(600) * HOUR
UNITS = [1e-18, 1e-9, 2.0**-30, 1e9]
Measure = Callable[[np.ndarray], object]  # type: ignore[type-arg]
MEASURES: dict[str, Measure] = {
    "moments": lambda x: moments(x),
    "autocorrelations": lambda x: autocorrelations(x, 5),
    "block mean": lambda x: (mean := block_mean(x, TIMES, 4 * HOUR)) and (mean.p_value, mean.blocks, mean.n_eff, mean.mean / mean.error),
    "Newey and West": lambda x: newey_west(x, 3)[0] / newey_west(x, 3)[1],
    "overfitting": lambda x: overfitting(x.reshape(60, 10)).logits,
    "evidence": lambda x: log_e_values_of_mean(x, 0.0),
    "difference": lambda x: mean_difference_p_value(x[:300], x[300:]),
}  # fmt: skip


@pytest.mark.parametrize("measure", MEASURES.values(), ids=list(MEASURES))
@pytest.mark.parametrize("unit", UNITS)
def test_no_measure_hangs_on_the_unit_of_payoffs(measure: Measure, unit: float) -> None:
    np.testing.assert_allclose(np.asarray(measure(PAYOFF * unit)), np.asarray(measure(PAYOFF)), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("unit", [0.0, *UNITS])
def test_payoffs_that_are_all_the_same_have_no_deviation(unit: float) -> None:
    same = np.full(600, 0.1 * unit)
    assert moments(same) is None
    assert block_mean(same, TIMES, 4 * HOUR) is None
    assert mean_difference_p_value(same[:300], same[300:]) == 1.0


def test_payoffs_of_nothing_are_no_evidence() -> None:
    assert (log_e_values_of_mean(np.zeros(100), 0.0) < 0).all()
