"""Drift between two samples, against scipy and by hand."""

import numpy as np
import pytest
from scipy.stats import ks_2samp

from factory.statistics.drift import measure_drift


def test_the_same_values_have_not_moved() -> None:
    values = np.random.default_rng(0).normal(size=5_000)
    moved = measure_drift(values, values)
    assert moved is not None
    assert (moved.psi, moved.ks) == (0.0, 0.0)


@pytest.mark.parametrize("shift", [0.0, 0.1, 0.5, 2.0])
def test_the_distance_is_scipys_and_the_index_grows_with_the_shift(shift: float) -> None:
    rng = np.random.default_rng(1)
    first, second = rng.normal(size=4_000), rng.normal(shift, size=1_500)
    moved = measure_drift(first, second)
    assert moved is not None
    assert moved.ks == pytest.approx(ks_2samp(first, second).statistic, abs=1e-12)
    # Of two normals of equal width it is about the symmetrised Kullback-Leibler divergence, shift^2, less what bins hide.
    assert (moved.psi < 0.02) if shift < 0.1 else 0.5 * shift**2 < moved.psi < 1.3 * shift**2 + 0.02


def test_the_index_is_its_formula_by_hand() -> None:
    first = np.arange(10.0)
    second = np.array([0.0] * 5 + [9.0] * 5)
    moved = measure_drift(first, second)
    assert moved is not None
    a, b = (np.array(counts) + 0.5 for counts in ([1] * 10, [5, *[0] * 8, 5]))
    a, b = a / a.sum(), b / b.sum()
    assert moved.psi == pytest.approx(float(((b - a) * np.log(b / a)).sum()))


def test_values_that_repeat_or_are_missing_are_no_obstacle() -> None:
    flags = np.array([0.0, 1.0] * 50)
    moved = measure_drift(flags, np.concatenate([flags, [np.nan] * 7]))
    assert moved is not None
    assert (moved.ks, moved.psi) == (0.0, 0.0)
    assert measure_drift(flags, np.full(30, np.nan)) is None
    assert measure_drift(flags[:3], flags) is None
