"""Law 9 on markets without an edge: blind trades earn nothing before costs, whatever their exits, sides and sizes."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from factory.market.contracts import Binary
from factory.market.series import Series
from factory.pipeline.parts.trades import Trade
from tests.backtest.market import long_or_short, perpetual, play, up_or_down
from tests.backtest.null_markets import BARS, Blind, blind, drawn, flipped, mean, recorded, thin

BARRIERS = {"use": "barriers"}
STOPS = (0.01, 0.1, 0.2, 0.5, 1.0)
FILES = {
    "spot": ("binance_spot_btcusdt_1m.parquet", "2024-01-01", "2024-07-01"),
    "perpetual": ("binance_usdm_btcusdt_1m_2022_2023.parquet", "2022-01-01", "2022-07-01"),
}
CASES: dict[str, dict[str, Any]] = {
    **{f"stop {stop}": {"exit": BARRIERS, "stop": stop} for stop in STOPS},
    **{f"stop {stop} long": {"exit": BARRIERS, "stop": stop, "side": 1} for stop in STOPS},
    **{f"stop {stop} short": {"exit": BARRIERS, "stop": stop, "side": -1} for stop in STOPS},
    **{f"stop and take {at}": {"exit": BARRIERS, "stop": at, "take": at} for at in (0.1, 0.5)},
    **{f"take {take}": {"exit": BARRIERS, "take": take} for take in (0.1, 0.5)},
    "near take, far stop": {"exit": BARRIERS, "stop": 2.0, "take": 0.1},
    "sized by volatility": {"exit": BARRIERS, "stop": 0.1, "use": "volatility", "yearly": 0.15, "leverage": 2},
    "sized by kelly": {"exit": BARRIERS, "stop": 0.5, "take": 0.5, "use": "kelly", "fraction": 0.1, "cap": 0.1},
    "after 1h": {"exit": {"use": "after", "hold": "1h"}},
    "after 4h": {"exit": {"use": "after", "hold": "4h"}},
    "signal": {"exit": {"use": "signal", "keep": 0.5}},
}


@cache
def markets(name: str, shared: Path | None) -> list[Series]:
    if shared is None:
        return [drawn(seed) for seed in (1, 2, 3)]
    file, first, last = FILES[name]
    return [flipped(recorded(shared / "data" / "ohlcv" / file, first, last), seed) for seed in (1, 2)]


@pytest.fixture(params=["drawn", *FILES])
def without_edge(request: pytest.FixtureRequest) -> list[Series]:
    return markets(request.param, None if request.param == "drawn" else request.getfixturevalue("shared"))


def all_of(series: list[Series], **case: Any) -> Blind:
    trades = [blind(one, **case) for one in series]
    return Blind(*(np.concatenate([getattr(one, name) for one in trades]) for name in ("gross", "excess", "reason")))


@pytest.mark.parametrize("case", CASES)
def test_law_9_blind_trades_earn_nothing_beyond_their_error(case: str, without_edge: list[Series]) -> None:
    trades = all_of(without_edge, **CASES[case])
    earned, error = mean(trades.gross)
    assert len(trades.gross) > 2000
    assert earned <= 3 * error


@pytest.mark.parametrize("stop", STOPS)
@pytest.mark.parametrize("side", [1, -1])
def test_law_9_a_stop_is_no_better_than_the_close_of_its_bar(stop: float, side: int, without_edge: list[Series]) -> None:
    trades = all_of(without_edge, exit=BARRIERS, stop=stop, side=side)
    better, error = mean(trades.excess)
    lost = mean(all_of([replace(one, overshoot=0.0) for one in without_edge], exit=BARRIERS, stop=stop, side=side).excess)[0]
    share = trades.count("stop") / len(trades.gross)
    print(f"stop at {stop} four-hour deviations: {(lost - better) / share:.2f} bp a stop, {lost / share:.2f} would be fair")
    assert better <= 3 * error


@pytest.mark.parametrize("stop", [0.01, 0.1, 0.2, 0.5])
def test_stops_that_fill_at_their_price_would_earn(stop: float, shared: Path) -> None:
    at_their_price = [replace(one, overshoot=0.0) for one in markets("spot", shared)]
    better, error = mean(all_of(at_their_price, exit=BARRIERS, stop=stop).excess)
    assert better > 3 * error


@pytest.mark.parametrize(
    "trade", [long_or_short({"use": "after", "hold": "5m"}), up_or_down(share=0.01)], ids=["perpetual", "binary"]
)
def test_law_9_who_knows_the_price_earns_nothing_where_the_last_one_is_stale(trade: Trade) -> None:
    """A liquid twin tells where the price is while the thin series still shows an old one."""
    liquid = drawn(4, 60)
    shown = thin(liquid, seed=5)
    rows = np.arange(5, len(liquid) - 60, 5)
    p = np.where(liquid.columns["close"][rows - 1] > shown.columns["close"][rows - 1], 0.6, 0.4)
    free = Binary(use="binary", of="btc", window="5m", fee=0, half_spread=0) if trade.use == "up_or_down" else perpetual()
    untold = replace(shown, columns={name: shown.columns[name] for name in BARS})
    minutes = [int(row) for row in rows]
    fresh, stale = (play(trade, free, series, minutes, p.tolist()) for series in (shown, untold))
    (earned, error), (flattered, doubt) = mean(fresh.trades.payoff), mean(stale.trades.payoff)
    assert fresh.counts["dropped"] > 0
    assert len(fresh.trades) > 500
    assert earned <= 3 * error
    assert flattered > 5 * doubt
