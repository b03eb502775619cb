"""The laws, for every registered trade with every size and exit on its contract."""

from typing import Any

import numpy as np
import pytest

from factory.backtest import REASONS, Result
from factory.core.errors import FlowError
from factory.core.times import MINUTE
from factory.market.series import Series
from factory.pipeline.parts.trades import Trade
from tests.backtest.market import CONTRACTS, every_trade, play_wander, spelled, wander, without

SERIES = wander(seed=11, minutes=6000, missing=0.005)
CUT = 3000
all_trades = pytest.mark.parametrize("trade", list(every_trade()), ids=spelled)


def chances() -> np.ndarray:
    return np.random.default_rng(7).uniform(0.25, 0.75, 1200)


def with_other(series: Series, rows: slice, seed: int) -> Series:
    """The same series with other prices in some rows."""
    strange = wander(seed, len(series), step=5e-3)
    columns = {name: column.copy() for name, column in series.columns.items()}
    for name, column in columns.items():
        column[rows] = strange.columns[name][rows]
    return Series(series.name, series.kind, series.period, series.delay, series.time, series.known, columns)


def rows_of(result: Result, keep: np.ndarray) -> dict[str, Any]:
    return {name: column[keep].tolist() for name, column in result.trades.columns().items()}


@all_trades
def test_law_1_the_future_changes_no_trade_that_is_over(trade: Trade) -> None:
    moment = SERIES.time[CUT]
    before = play_wander(trade, SERIES, chances())
    p = chances()
    p[CUT // 5 + 1 :] = 0.5
    after = play_wander(trade, with_other(SERIES, slice(CUT, None), seed=12), p)
    over = before.trades.exit_ms <= moment
    assert over.sum() > 5
    assert rows_of(before, over) == rows_of(after, after.trades.exit_ms <= moment)
    assert before.equity[-1] != after.equity[-1]


@all_trades
def test_law_1_prices_known_before_a_decision_do_not_fill_it(trade: Trade) -> None:
    p = chances()
    p[: CUT // 5] = 0.5
    result = play_wander(trade, SERIES, p)
    other = play_wander(trade, with_other(SERIES, slice(0, CUT), seed=13), p)
    assert len(result.trades) > 5
    assert result.trades.columns().keys() == other.trades.columns().keys()
    assert rows_of(result, result.trades.entry_ms >= 0) == rows_of(other, other.trades.entry_ms >= 0)


@all_trades
def test_law_1_a_fill_is_the_open_of_the_bar_that_starts_at_the_decision(trade: Trade) -> None:
    trades = play_wander(trade, SERIES, chances()).trades
    rows = np.searchsorted(SERIES.time, trades.entry_ms)
    assert np.array_equal(SERIES.time[rows], trades.entry_ms)
    if CONTRACTS[trade.use].use == "perpetual":
        assert np.array_equal(SERIES.columns["open"][rows], trades.price)


@all_trades
def test_law_5_the_same_in_gives_the_same_out(trade: Trade) -> None:
    once, again = (play_wander(trade, SERIES, chances(), y=None, seed=3) for _ in range(2))
    assert once.metrics == again.metrics
    assert once.twins == again.twins
    assert np.array_equal(once.equity, again.equity)


@all_trades
def test_law_8_nothing_is_entered_or_filled_inside_a_gap(trade: Trade) -> None:
    holes = np.flatnonzero(np.random.default_rng(0).random(len(SERIES)) < 0.3)
    series = without(SERIES, holes) if trade.use == "long_or_short" else SERIES
    result = play_wander(trade, series, chances())
    there = set(series.time[~np.isnan(series.columns["open"])].tolist())
    assert result.counts["dropped"] > 0
    assert set(result.trades.entry_ms.tolist()) <= there
    for moment, reason in zip(result.trades.exit_ms.tolist(), result.trades.reason.tolist(), strict=True):
        at_an_open = REASONS[reason] in ("time", "signal")
        assert (moment if at_an_open else moment - MINUTE) in there


@all_trades
def test_law_8_a_missing_chance_is_refused_not_classed(trade: Trade) -> None:
    p = chances()
    p[3] = np.nan
    with pytest.raises(FlowError, match="chance is missing"):
        play_wander(trade, SERIES, p)


@all_trades
def test_law_9_profit_never_comes_from_the_label(trade: Trade) -> None:
    p = chances()
    plain = play_wander(trade, SERIES, p)
    for y in (np.zeros(1200, np.int8), (p > 0.5).astype(np.int8), np.full(1200, -1, np.int8)):
        labelled = play_wander(trade, SERIES, p, y=y)
        assert np.array_equal(labelled.equity, plain.equity)
        assert labelled.metrics | plain.metrics == labelled.metrics


@all_trades
def test_law_9_every_cost_of_the_contract_makes_it_worse(trade: Trade, monkeypatch: pytest.MonkeyPatch) -> None:
    contract = CONTRACTS[trade.use]
    dearer = {"binary": ["fee", "half_spread"], "perpetual": ["taker", "slippage"]}[contract.use]
    baseline = play_wander(trade, SERIES, chances())
    for name in dearer:
        monkeypatch.setitem(CONTRACTS, trade.use, contract.model_copy(update={name: getattr(contract, name) + 0.0002}))
        worse = play_wander(trade, SERIES, chances())
        assert worse.metrics["mean_cost"] > baseline.metrics["mean_cost"]
        if trade.use == "long_or_short" and trade.size.use != "kelly":
            assert worse.metrics["total_return"] < baseline.metrics["total_return"]


@all_trades
def test_law_9_one_position_at_a_time_and_every_decision_is_counted(trade: Trade) -> None:
    result = play_wander(trade, SERIES, chances())
    assert np.all(result.trades.entry_ms[1:] >= result.trades.exit_ms[:-1])
    counts = result.counts
    assert counts.pop("decisions") == sum(counts.values()) == 1200
    assert counts["taken"] == len(result.trades)
