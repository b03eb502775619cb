"""All statistics against other implementations on random inputs."""

from collections.abc import Iterator
from importlib import import_module
from inspect import getmembers, isfunction
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from tests.statistics.oracles import MODULES, all_oracles
from tests.statistics.oracles.common import Oracle, difference

ORACLES = all_oracles()


def public_functions() -> Iterator[Any]:
    for name in MODULES:
        module = import_module(f"factory.statistics.{name}")
        yield from (one for key, one in getmembers(module, isfunction) if one.__module__ == module.__name__ and key[0] != "_")


@pytest.mark.parametrize("oracle", ORACLES, ids=lambda oracle: f"{oracle.name}-{oracle.against}")
def test_a_statistic_agrees_with_its_oracle_on_random_inputs(oracle: Oracle) -> None:
    @settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
    @given(oracle.inputs)
    def agree(asked: tuple[Any, ...]) -> None:
        assert oracle.differs(asked) <= oracle.tolerance

    agree()


def test_every_public_function_has_an_oracle() -> None:
    functions = set(public_functions())
    assert len(functions) > 40, "the search for them is broken"
    assert {one.__name__ for one in functions} == {oracle.function.__name__ for oracle in ORACLES}
    assert functions == {oracle.function for oracle in ORACLES}


def test_what_one_lacks_is_an_endless_difference() -> None:
    assert difference((1.0, np.array([2.0, np.inf])), (1.0, np.array([2.0, np.inf]))) == 0
    assert difference(3.0, 2.0) == 0.5
    for actual, expected in ((None, 1.0), (1.0, None), (np.nan, 1.0), (np.ones(2), np.ones(3)), ((1.0,), (1.0, 2.0))):
        assert difference(actual, expected) == np.inf
