"""What holds whatever the market does."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from factory.backtest import Result
from factory.pipeline.parts.trades import Trade
from tests.backtest.market import every_trade, play_wander, spelled, wander

worlds = st.tuples(
    st.integers(0, 10_000),
    st.sampled_from([0.0, 0.02, 0.2]),
    st.sampled_from([1e-4, 2e-3, 0.05]),
    st.floats(0.0, 0.5),
)
all_trades = pytest.mark.parametrize("trade", list(every_trade()), ids=spelled)


def played(trade: Trade, world: tuple[int, float, float, float]) -> Result:
    seed, missing, step, spread = world
    series = wander(seed, 4000, missing, step)
    p = np.random.default_rng(seed).uniform(0.5 - spread, 0.5 + spread, 800)
    return play_wander(trade, series, p, y=np.random.default_rng(seed).integers(-1, 2, 800).astype(np.int8))


@all_trades
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(world=worlds)
def test_the_books_balance(trade: Trade, world: tuple[int, float, float, float]) -> None:
    result = played(trade, world)
    trades, daily = result.trades, result.daily
    total = result.metrics["total_return"]
    assert trades.net == pytest.approx(trades.gross - trades.cost - trades.funding, abs=1e-12)
    assert 1 + np.cumsum(trades.net) == pytest.approx(result.equity[1:], rel=1e-9, abs=1e-9)
    assert trades.net.sum() == pytest.approx(total, rel=1e-9, abs=1e-9)
    assert daily.net.sum() == pytest.approx(total, rel=1e-9, abs=1e-9)
    assert np.prod(1 + daily.ret) == pytest.approx(1 + total, rel=1e-6, abs=1e-9)
    assert len(daily.day) == 3


@all_trades
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(world=worlds)
def test_costs_are_never_negative_and_losses_end_at_the_equity(trade: Trade, world: tuple[int, float, float, float]) -> None:
    result = played(trade, world)
    before = result.equity[:-1]
    assert np.all(result.trades.cost >= 0)
    assert np.all(result.equity >= 0)
    assert np.all(result.trades.net >= -before * (1 + 1e-9))
    assert np.all(result.trades.worst <= result.trades.net / before + 1e-9)
    assert np.all(result.trades.exit_ms > result.trades.entry_ms)
    assert 0 <= result.metrics["max_drawdown"] <= 1


@all_trades
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(world=worlds)
def test_every_figure_is_a_finite_number(trade: Trade, world: tuple[int, float, float, float]) -> None:
    result = played(trade, world)
    for figures in (result.metrics, *result.twins.values()):
        assert all(type(value) is float and np.isfinite(value) for value in figures.values()), figures
    assert result.reliability[:, 2].sum() == result.metrics["labelled"]
