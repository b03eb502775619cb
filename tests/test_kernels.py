"""Kernels of events, trades and learners do not hang on the unit of prices; every one is here, or with the operators."""

import importlib
import pkgutil
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numba.core.registry import CPUDispatcher

import factory
from factory.backtest import kernel
from factory.core.times import MINUTE
from factory.evidence import importance_kernels
from factory.learning import event_kernels, forest_kernels
from factory.learning.experts import logit_kernels
from factory.market import overshoot_kernels
from factory.market.books import kernels as book_kernels

ROWS = 3_000
RNG = np.random.default_rng(11)
CLOSE = 40_000 * np.exp(np.cumsum(np.where(np.arange(ROWS) % 500 < 450, RNG.standard_t(5, ROWS) * 6e-4, 0.0)))
OPEN = np.concatenate(([40_000.0], CLOSE[:-1]))
HIGH, LOW = np.maximum(OPEN, CLOSE) * 1.0002, np.minimum(OPEN, CLOSE) * 0.9998
TIME = 1_700_000_040_000 + np.arange(ROWS) * MINUTE
TRADED = np.arange(ROWS) % 500 < 480
HALF_SPREAD = np.where(np.arange(ROWS) % 3, 0.0, 4e-4)
EVENTS = np.arange(100, ROWS - 300, 37)
FIRST, LAST = EVENTS, EVENTS + 60
UP = np.full(len(EVENTS), 0.004)
COLUMNS = RNG.normal(0, 1, (200, 3))
OTHERS = RNG.normal(0, 1, (200, 3, 2))
ROOTS, FEATURE = np.array([0]), np.array([0, -1, 1, -1, -1], np.int32)
THRESHOLD, LEFT, RIGHT = (
    np.array([0.1, 0, -0.2, 0, 0]),
    np.array([1, -1, 3, -1, -1], np.int32),
    np.array([2, -1, 4, -1, -1], np.int32),
)
LEAF = np.array([0, 0.25, 0, 0.5, 0.75])


def _bars(unit: float) -> kernel.Bars:
    return kernel.Bars(TIME, OPEN * unit, HIGH * unit, LOW * unit, CLOSE * unit, MINUTE, TRADED, HALF_SPREAD, TIME + MINUTE)


def _orders(unit: float) -> tuple[Any, ...]:
    n = len(EVENTS)
    side = np.where(np.arange(n) % 2, 1, -1).astype(np.int8)
    decisions = kernel.Decisions(
        TIME[EVENTS], EVENTS, np.full(n, 0.6), np.full(n, 0.4), side, np.full(n, 0.5), UP, UP, TIME[EVENTS] + 90 * MINUTE
    )
    terms = kernel.Terms(0.0006, 0.0001, 0.0002, 0.005, -1.0, 0.0006, 0.0001, 0.01 * unit)
    stamps = TIME[100::480]
    rates = kernel.Funding(stamps, np.full(len(stamps), 0.0001), np.full(len(stamps), -0.0001), True)
    return _bars(unit), decisions, terms, rates


def _walk(unit: float) -> tuple[Any, ...]:
    outcome, whole, money = kernel.walk(*_orders(unit))
    money[:, [0, 5]] /= unit
    return outcome, whole, money


def _trade_one(unit: float) -> tuple[Any, ...]:
    course = np.zeros(ROWS)
    *whole, money = kernel.trade_one(*_orders(unit), 3, course)
    return np.array(whole), _without_unit(money, unit), course


def _trade_some(unit: float) -> tuple[Any, ...]:
    course = np.zeros(ROWS)
    whole, money = kernel.trade_some(*_orders(unit), np.arange(len(EVENTS)), 20, course)
    money[:, [0, 5]] /= unit
    return whole, money, course


def _liquidate(unit: float) -> Any:
    price = float(LOW[EVENTS[3] + 40]) * unit
    return _without_unit(kernel.liquidate(*_orders(unit)[:3], 3, price, 0.001, -0.01, int(EVENTS[3]) + 40), unit)


def _charge_funding(unit: float) -> np.ndarray:
    orders, last = _orders(unit), EVENTS + 200
    return np.array([kernel.charge_funding(*orders, i, int(last[i]), int(TIME[last[i]]) + 1) for i in range(len(EVENTS))])


def _without_unit(money: tuple[float, ...], unit: float) -> np.ndarray:
    return np.array([one / unit if place in (0, 5) else one for place, one in enumerate(money)])


BOOKS = np.column_stack([CLOSE + 1.0, RNG.exponential(2, ROWS), CLOSE - 1.0, RNG.exponential(2, ROWS)])
PRICES = np.arange(4) % 2 == 0


def _fold(unit: float) -> tuple[Any, ...]:
    """Rows of books, the last of them too, in prices of one unit again."""
    state, book, flow = np.array([-1, -1, 0, 0]), np.zeros(4), np.zeros(1)
    stamps, out = np.zeros(ROWS + 1, np.int64), np.zeros((ROWS + 1, 6))
    scale = np.where(PRICES, unit, 1.0)
    books, lost = BOOKS * scale, np.arange(ROWS) % 400 == 7
    made = book_kernels.fold(TIME, books, lost, state, book, flow, 2 * MINUTE, MINUTE * 3, stamps, out)
    made += book_kernels.close_last(state, book, flow, 2 * MINUTE, MINUTE * 3, stamps[made:], out[made:])
    out[:, :4] /= scale
    return stamps[:made], out[:made]


def _rebuild(unit: float) -> Any:
    """Best levels of a book of eight prices a side after each of some updates, in prices of one unit again."""
    sides, steps = np.arange(ROWS) % 2, np.arange(ROWS) * 7 % 8
    prices = np.where(sides == book_kernels.BID, 100.0 - steps, 101.0 + steps)
    sizes = np.where(np.arange(ROWS) % 11 == 3, 0.0, np.abs(OPEN - CLOSE) + 1)
    books, counts = np.zeros((ROWS - 50, 8)), np.zeros(2, np.int64)
    held, amounts = np.zeros((2, ROWS)), np.zeros((2, ROWS))
    starts = np.concatenate(([0], np.arange(51, ROWS + 1)))
    book_kernels.rebuild(starts, sides, prices * unit, sizes, held, amounts, counts, books)
    return books / np.where(np.tile(PRICES, 2), unit, 1.0)


KERNELS: dict[str, Callable[[float], Any]] = {
    "factory.backtest.kernel.locate": lambda unit: kernel.locate(TIME, TIME[EVENTS]),
    "factory.backtest.kernel.await_trading": lambda unit: kernel.await_trading(_bars(unit), EVENTS, 5),
    "factory.backtest.kernel.settle": lambda unit: kernel.settle(_bars(unit), EVENTS, 5 * MINUTE),
    "factory.backtest.kernel.walk": _walk,
    "factory.learning.event_kernels.cusum_events": lambda unit: event_kernels.cusum_events(
        CLOSE * unit, np.array([100.0]) * unit
    ),
    "factory.learning.event_kernels.cusum_sums": lambda unit: [
        one / (unit if one.dtype == float else 1) for one in event_kernels.cusum_sums(CLOSE * unit, np.array([100.0]) * unit)
    ],
    "factory.learning.event_kernels.first_touch": lambda unit: event_kernels.first_touch(
        OPEN * unit, HIGH * unit, LOW * unit, CLOSE * unit, OPEN[FIRST] * unit, FIRST, LAST, UP, UP
    ),
    "factory.learning.event_kernels.reach_total": lambda unit: event_kernels.reach_total(TRADED * 1.0, FIRST, LAST, 40),
    "factory.learning.event_kernels.mean_before": lambda unit: event_kernels.mean_before(CLOSE * unit, FIRST, LAST - FIRST),
    "factory.learning.event_kernels.mean_moves": lambda unit: event_kernels.mean_moves(CLOSE * unit, FIRST, LAST, 1 + UP),
    "factory.learning.event_kernels.concurrency": lambda unit: event_kernels.concurrency(FIRST, LAST, ROWS),
    "factory.learning.event_kernels.shared_sum": lambda unit: (
        event_kernels.shared_sum(FIRST, LAST, CLOSE * unit, event_kernels.concurrency(FIRST, LAST, ROWS)) / unit
    ),
    "factory.learning.forest_kernels.leaf_sums": lambda unit: forest_kernels.leaf_sums(
        COLUMNS * unit, ROOTS, FEATURE, THRESHOLD * unit, LEFT, RIGHT, LEAF
    ),
    "factory.evidence.importance_kernels.permuted_sums": lambda unit: importance_kernels.permuted_sums(
        COLUMNS * unit, OTHERS * unit, np.arange(3), 3, ROOTS, FEATURE, THRESHOLD * unit, LEFT, RIGHT, LEAF
    ),
    "factory.learning.experts.logit_kernels.logistic_chances": lambda unit: logit_kernels.logistic_chances(COLUMNS[:, 0]),
    "factory.learning.experts.logit_kernels.log_odds": lambda unit: logit_kernels.log_odds(
        COLUMNS * unit, np.ones(3) * unit, np.ones(3) / unit, 0.5
    ),
    "factory.backtest.kernel.trade_one": _trade_one,
    "factory.backtest.kernel.trade_some": _trade_some,
    "factory.backtest.kernel.charge_funding": _charge_funding,
    "factory.backtest.kernel.liquidate": _liquidate,
    "factory.market.books.kernels.fold": _fold,
    "factory.market.books.kernels.close_last": _fold,
    "factory.market.books.kernels.rebuild": _rebuild,
    "factory.market.overshoot_kernels.beyond": lambda unit: overshoot_kernels.beyond(
        OPEN * unit, HIGH * unit, LOW * unit, CLOSE * unit, TRADED, 0.002
    ),
}
UNITLESS = {
    "factory.backtest.null.mix_signs",
    "factory.learning.networks.forward_kernels.run_lstm",
    "factory.learning.networks.forward_kernels.sum_taps",
}
"""What draws bits, and networks: they see standardised rows, which have no unit."""
OF_OPERATORS = "factory.expressions.kernels."
"""Held by tests/expressions/test_units.py through the operators that are made of them."""


def _public() -> set[str]:
    public = set()
    for module in pkgutil.walk_packages(factory.__path__, "factory."):
        source = module.module_finder.find_spec(module.name).loader.get_source(module.name)  # type: ignore[union-attr]
        if not module.name.endswith("__main__") and not re.search("^(import|from) torch", source, re.MULTILINE):
            names = vars(importlib.import_module(module.name)).items()
            public |= {
                f"{module.name}.{name}"
                for name, each in names
                if isinstance(each, CPUDispatcher) and each.py_func.__module__ == module.name and not name.startswith("_")
            }
    return public


def test_every_kernel_is_held_to_the_law() -> None:
    assert {name for name in _public() if not name.startswith(OF_OPERATORS)} == set(KERNELS) | UNITLESS


@pytest.mark.parametrize("name", KERNELS)
def test_no_kernel_hangs_on_the_unit_of_prices(name: str) -> None:
    arrays = _arrays(KERNELS[name](1.0))
    assert any(len(np.unique(each)) > 1 for each in arrays) or name.endswith("beyond")
    for unit in (2.0**-60, 2.0**-30, 2.0**30):
        for told, one in zip(_arrays(KERNELS[name](unit)), arrays, strict=True):
            np.testing.assert_array_equal(told, one)
    for unit in (1e-9, 1e9):
        for told, one in zip(_arrays(KERNELS[name](unit)), arrays, strict=True):
            np.testing.assert_allclose(told, one, rtol=1e-9, atol=1e-9)


def _arrays(result: Any) -> list[np.ndarray]:  # type: ignore[type-arg]
    return [np.asarray(each) for each in (result if isinstance(result, tuple) else (result,))]
