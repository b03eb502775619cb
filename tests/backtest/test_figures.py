"""The figures of a trial agree with each other: one Sharpe ratio, and one construction of intervals and p-values."""

import numpy as np
import pytest

from factory.backtest.metrics import wins_of_binary
from factory.backtest.result import Result
from factory.core.times import DAY, HOUR, MINUTE
from factory.evidence.deflated_sharpe import deflate_sharpe
from factory.pipeline.parts.trades import Trade
from factory.statistics.blocks import LEAST_BLOCKS
from factory.statistics.sharpe import mertens_error, moments, psr
from tests.backtest.market import CONTRACTS, every_trade, flat, play, play_wander, spelled, up_or_down, wander

MARKET = wander(3, 60 * 24 * 70)
CHANCES = np.random.default_rng(4).uniform(0.2, 0.8, len(MARKET.time) // 5)
TRADES = list(every_trade())


@pytest.fixture(scope="module", params=TRADES, ids=[spelled(trade) for trade in TRADES])
def played(request: pytest.FixtureRequest) -> tuple[Trade, Result]:
    return request.param, play_wander(request.param, MARKET, CHANCES)


def test_the_deflated_sharpe_of_one_trial_is_its_psr(played: tuple[Trade, Result]) -> None:
    metrics = played[1].metrics
    assert ("psr" in metrics) == ("sharpe_error" in metrics) == ("sharpe_luck" in metrics)
    assert deflate_sharpe(metrics, 1) == pytest.approx(metrics.get("psr"))
    if "psr" in metrics:
        assert psr(metrics["sharpe"], metrics["sharpe_error"]) == pytest.approx(metrics["psr"])


def test_sharpe_and_its_errors_are_of_the_same_blocks(played: tuple[Trade, Result]) -> None:
    metrics, daily, trades = played[1].metrics, played[1].daily, played[1].trades
    if "sharpe_error" not in metrics:
        pytest.skip("ruined, or held too long for 30 blocks")
    life = int((trades.exit_ms - trades.entry_ms).max())
    days = -(-max(60 * MINUTE, 4 * HOUR, life) // DAY)
    whole = len(daily.ret) // days
    of = moments(daily.ret[: whole * days].reshape(whole, days).sum(axis=1))
    assert of
    yearly = (365 / days) ** 0.5
    assert metrics["sharpe"] == pytest.approx(of.sharpe * yearly)
    assert metrics["sharpe_error"] == pytest.approx(mertens_error(of) * yearly)
    assert metrics["sharpe_luck"] == pytest.approx(yearly / (whole - 1) ** 0.5)


def test_an_interval_and_a_p_value_come_together_and_say_the_same(played: tuple[Trade, Result]) -> None:
    for metrics in (played[1].metrics, *played[1].twins.values()):
        told = {"mean_error", "mean_low", "mean_high", "p_value"} & metrics.keys()
        assert len(told) == (4 if metrics["blocks"] >= LEAST_BLOCKS else 0)
        if told:
            assert (metrics["mean_low"] > 0) == (metrics["p_value"] < 0.025)
            assert (metrics["mean_high"] < 0) == (metrics["p_value"] > 0.975)
            assert metrics["win_low"] <= metrics["win_rate"] <= metrics["win_high"]


def test_a_binary_s_win_rate_is_beyond_break_even_where_its_mean_is_beyond_nothing() -> None:
    rises = flat(*[price for i in range(400) for price in (100, 100, 100, 100, 101 if i % 5 else 99)])
    metrics = play(up_or_down(share=0.01), CONTRACTS["up_or_down"], rises, range(0, 2_000, 5), [0.6] * 400).metrics
    assert metrics["blocks"] == 34, "hours"
    assert metrics["win_low"] - metrics["break_even"] == pytest.approx(metrics["mean_low"])
    assert metrics["win_high"] - metrics["break_even"] == pytest.approx(metrics["mean_high"])
    assert wins_of_binary({"break_even": 0.5}) == {}


def test_under_thirty_blocks_the_count_is_told_and_no_interval() -> None:
    rises = flat(*[price for i in range(340) for price in (100, 100, 100, 100, 101 if i % 5 else 99)])
    metrics = play(up_or_down(share=0.01), CONTRACTS["up_or_down"], rises, range(0, 1_700, 5), [0.6] * 340).metrics
    assert metrics["blocks"] == 29
    assert not {"mean_low", "p_value", "win_low"} & metrics.keys()


def test_a_model_with_one_chance_for_all_is_named() -> None:
    one = play_wander(TRADES[0], MARKET, np.full(200, 0.53)).metrics
    assert one["one_chance"] == 0.53
    assert "one_chance" not in play_wander(TRADES[0], MARKET, CHANCES[:200]).metrics
