"""The exam compares like with like: what trades otherwise on sealed rows than where it was planned."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.random import Generator

from factory.backtest import Trades
from factory.core.times import DAY, MINUTE
from factory.flow import Scored
from factory.market.contracts import Binary, Contract, Perpetual
from factory.market.series import Partition, Series
from factory.vault.likeness import LEVEL, compare_trading, is_alike, mean_difference_p_value

START = 1_704_067_200_000
QUOTED = Binary(use="binary", of="btc", window="5m", odds="pm", fee=0, half_spread=0)
PERPETUAL = Perpetual(use="perpetual", of="btc", taker=0, maker=0, slippage=0, funding=0, leverage=5)


def part(rng: Generator, days: int, contract: Contract, rate: float = 40, up: float = 0.5, price: float = 0.5, wild: float = 1.0,
         hold: int = 5, gated: bool = False) -> tuple[Partition, Scored]:  # fmt: skip
    """A partition, and trades at random moments of it; where gated, more of them on wild days."""
    volatility = wild * 1e-4 * np.exp(rng.standard_normal(days))
    close = 100 * np.exp(np.cumsum(np.repeat(volatility, 1440) * rng.standard_normal(days * 1440)))
    time = START + np.arange(days * 1440) * MINUTE
    series = Series("btc", "bars", MINUTE, 0, time, time + MINUTE, {"close": close})
    factor = volatility / 1e-4 if gated else np.ones(days)
    day = np.repeat(np.arange(days), rng.poisson(rate * np.minimum(factor, 5)))
    entry = np.sort(START + day * DAY + rng.integers(0, 1_430, len(day)) * MINUTE)
    n, one = len(entry), np.ones(len(entry))
    side = np.where(rng.random(n) < up, 1, -1).astype(np.int8)
    trades = Trades(
        np.arange(n), entry, entry + hold * MINUTE, side, one, price * one, one, one, one, one, one, one, one, one, one, one,
        np.zeros(n, np.int8),
    )  # fmt: skip
    scored = Scored(None, one, one, replace(_result(), trades=trades))  # type: ignore[arg-type]
    return Partition("made", "any", START, START + days * DAY, {"btc": series}, ""), scored


def _result():
    from factory.backtest import run_backtest
    from factory.pipeline.parts.trades import UpOrDown
    from tests.backtest.market import example, flat, parse

    trade = parse(example(UpOrDown, size={"use": "fixed", "share": 0.01}))
    series = flat(*[100.0] * 10)
    contract = Binary(use="binary", of="btc", window="5m", fee=0, half_spread=0)
    return run_backtest(
        trade, contract, series, series.time[:1], np.array([0.5]), start=START, end=START + 10 * MINUTE, horizon_ms=5 * MINUTE
    )


def compared(seed: int, contract: Contract, days: tuple[int, int] = (60, 60), **sealed: float) -> dict[str, float]:
    rng = np.random.default_rng(seed)
    gated = bool(sealed.pop("gated", 0))
    return compare_trading(
        contract, part(rng, days[0], contract, gated=gated), part(rng, days[1], contract, gated=gated, **sealed)
    )


@pytest.mark.parametrize("contract", [QUOTED, PERPETUAL], ids=lambda one: one.use)
@pytest.mark.parametrize("days", [(15, 15), (90, 60)])
def test_the_same_way_of_trading_is_seldom_called_another(contract: Contract, days: tuple[int, int]) -> None:
    assert sum(not is_alike(compared(seed, contract, days)) for seed in range(100)) <= 5


@pytest.mark.parametrize(
    ("contract", "other", "named"),
    [
        (QUOTED, {"rate": 30}, "rate"),
        (QUOTED, {"up": 0.7}, "sides"),
        (QUOTED, {"price": 0.97}, "ends"),
        (PERPETUAL, {"hold": 9}, "exposure"),
        (PERPETUAL, {"rate": 60}, "rate"),
    ],
)
def test_another_way_of_trading_is_named(contract: Contract, other: dict[str, float], named: str) -> None:
    p_values = compared(1, contract, **other)
    assert not is_alike(p_values)
    assert p_values[named] < 0.005


def test_trading_more_on_wilder_days_is_no_other_way() -> None:
    assert sum(not is_alike(compared(seed, PERPETUAL, gated=1, wild=1.6)) for seed in range(40)) <= 8
    assert is_alike({})


def test_what_changes_slowly_by_itself_is_no_difference() -> None:
    """The side of whoever follows the last month's trend, and weekly rates that are independent."""
    rng = np.random.default_rng(12)
    alarms = missed = 0
    for _ in range(400):
        path = np.cumsum(rng.standard_normal(20 + 360))
        weeks = np.sign(path[20:] - path[:-20])[:350].reshape(-1, 7).mean(axis=1)
        alarms += mean_difference_p_value(weeks[:25], weeks[25:]) < LEVEL / 3
        rates = rng.poisson(70, 50) / 7 + np.repeat([0, 2], 25)
        missed += mean_difference_p_value(rates[:25], rates[25:]) >= LEVEL / 3
    assert alarms < 12
    assert missed < 20
