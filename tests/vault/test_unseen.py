"""The worst loss that is assumed of each trade."""

from dataclasses import replace

import numpy as np
import pytest

from factory.backtest.frozen import Holds
from factory.core.times import MINUTE
from factory.vault.unseen import worst_losses
from tests.backtest.market import bars
from tests.vault.test_likeness import PERPETUAL, START, part


def holds(stop: float, side: float, length: int = 3) -> Holds:
    one = np.ones(1)
    return Holds(np.array([10]), np.array([10 + length]), one * side, one, one * np.inf, one * stop, np.array([0]))


def trade(side: float, size: float = 1.0):
    rng = np.random.default_rng(0)
    _, scored = part(rng, 15, PERPETUAL, rate=1)
    trades = scored.result.trades
    first = {name: values[:1] for name, values in trades.columns().items()}
    one = np.ones(1)
    return replace(
        trades,
        **first | {"side": (one * side).astype(np.int8), "size": one * size, "unit_cost": one * 0.001, "funding": 0 * one},
    )


def falling() -> object:
    """Closes at 100 with one fall to 90 in a bar, then 85 in the next, and one rise to 104."""
    rows = [(100.0, 100.0, 100.0, 100.0)] * 30
    rows[5] = (100.0, 100.0, 90.0, 92.0)
    rows[6] = (92.0, 92.0, 85.0, 100.0)
    rows[12] = (100.0, 104.0, 100.0, 100.0)
    return bars(rows)


def test_a_hold_may_lose_twice_the_greatest_adverse_move_of_its_length() -> None:
    before = START + 30 * MINUTE
    series = falling()
    assert worst_losses(series, before, holds(-np.inf, 1), trade(1))[0] == pytest.approx(2 * 0.15 + 0.001)
    assert worst_losses(series, before, holds(-np.inf, 1, length=1), trade(1))[0] == pytest.approx(2 * 0.10 + 0.001)
    assert worst_losses(series, before, holds(-np.inf, -1), trade(-1))[0] == pytest.approx(2 * (100 / 92 - 1) + 0.001)


def test_a_stop_bounds_it_by_the_greatest_bar_beyond() -> None:
    before = START + 30 * MINUTE
    loss = worst_losses(falling(), before, holds(np.log(0.97), 1), trade(1))[0]
    assert loss == pytest.approx(0.03 + 2 * 0.10 + 0.001)


def test_liquidation_takes_no_more_than_the_equity() -> None:
    assert worst_losses(falling(), START + 30 * MINUTE, holds(-np.inf, 1), trade(1, size=5.0))[0] == pytest.approx(0.2)


def test_only_rows_before_the_sealed_part_tell() -> None:
    assert worst_losses(falling(), START + 5 * MINUTE, holds(-np.inf, 1), trade(1))[0] == pytest.approx(0.001)
