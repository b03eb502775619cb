"""Several perpetuals in one account: what is shared, and what is assumed."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from factory.backtest import REASONS, Levels, Result, run_account
from factory.backtest.account import Leg
from factory.backtest.kernel import Funding
from factory.backtest.perpetual import plan_orders
from factory.backtest.result import LIQUIDATED, OUTCOMES, Trades
from factory.core.times import HOUR, MINUTE
from factory.market.contracts import Perpetual
from factory.market.series import Series
from factory.pipeline.parts.trades import Trade
from tests.backtest.market import START, after, bars, flat, parse, perpetual, play_wander, wander, without
from tests.backtest.market import long_or_short as of_fixed_share

AFTER_2M = {"use": "after", "hold": "2m"}
COSTS = {"taker": 0.0005, "maker": 0.0002, "slippage": 0.0001, "funding": 0.0001, "leverage": 5}


def long_or_short(leave: dict[str, Any], share: float = 0.5) -> Trade:
    """Trades of a share of the equity that may be above one: where nothing moves, a size by volatility is its leverage."""
    return of_fixed_share(leave, use="volatility", yearly=1, leverage=share)


def leg(name: str, trade: Trade, contract: Perpetual, series: Series, times: np.ndarray, p: np.ndarray, **more: Any) -> Leg:
    end = int(series.time[-1]) + MINUTE
    given = {"barriers": None, "volatility": np.full(len(p), 1e-3)} | more
    orders = plan_orders(trade, contract, series, times, p, end, given["barriers"], given["volatility"], HOUR)
    return Leg(name, contract, orders)


def account(legs: list[Leg], p: Any, **more: Any) -> Result:
    decisions, bars_of = legs[0].orders.decisions, [one.orders.bars for one in legs]
    end = max(int(one.time[-1]) for one in bars_of) + MINUTE
    given = {"start": START, "end": end, "horizon_ms": HOUR} | more
    return run_account(legs, decisions.time, np.asarray(p, float), **given)


def pair(first: Series, second: Series, minutes: list[int], share: float = 0.5, leverage: float = 5) -> Result:
    """Both long at 0.6, for two minutes, at no costs."""
    p, terms = np.full(len(minutes), 0.6), perpetual(leverage=leverage)
    trade = long_or_short(AFTER_2M, share=share)
    return account([leg(name, trade, terms, one, after(minutes), p) for name, one in (("a", first), ("b", second))], p)


def test_two_that_enter_together_take_shares_of_the_same_equity() -> None:
    result = pair(flat(100, 100, 110, 110, 110), flat(50, 50, 45, 45, 45), [0, 2])
    trades = result.trades
    assert trades.contract is not None
    assert trades.contract.tolist() == [0, 1, 0, 1]
    assert trades.net == pytest.approx([0.05, -0.05, 0.0, 0.0])
    assert trades.unit == pytest.approx([0.5, 0.5, 0.5, 0.5])
    assert result.equity == pytest.approx([1, 1.05, 1.0, 1.0, 1.0])


def test_one_that_enters_later_sees_what_is_realised_by_then() -> None:
    """At the third minute the first position is still open: its gain is none yet."""
    first, second = flat(*[100] * 2, *[120] * 6), flat(*[50] * 8)
    p, times = np.array([0.6, 0.6]), after([0, 1])
    long = leg("a", long_or_short({"use": "after", "hold": "5m"}), perpetual(leverage=5), first, times, p)
    late = leg("b", long_or_short(AFTER_2M), perpetual(leverage=5), second, times, p)
    late.orders.decisions.side[0] = 0
    late.orders.decisions.deadline[1] += MINUTE
    result = account([long, late], p)
    assert result.trades.unit == pytest.approx([0.5, 0.5])
    assert result.trades.entry_ms.tolist() == [START, START + MINUTE]
    assert result.equity == pytest.approx([1, 1.0, 1.1]), "in the order in which they end"


def test_margin_is_shared_and_an_entry_is_cut_to_the_room_it_finds() -> None:
    series = flat(*[100] * 6)
    result = pair(series, series, [0], share=0.8, leverage=1)
    assert result.trades.size == pytest.approx([0.8, 0.2])
    assert [result.by_contract[name]["cut"] for name in "ab"] == [0, 1]
    result = pair(series, series, [0], share=1.0, leverage=1)
    assert result.trades.size == pytest.approx([1.0])
    assert result.by_contract["b"]["too_small"] == 1
    assert result.counts["taken"] == 1, "of the decision the first contract took something"


def test_a_cut_order_keeps_the_rules_of_the_exchange() -> None:
    series = flat(*[100] * 6)
    p, times = np.array([0.6]), after([0])
    terms = perpetual(leverage=1, lot=30, equity=10_000, minimum_notional=100)
    wide = leg("a", long_or_short(AFTER_2M, share=0.55), perpetual(leverage=1), series, times, p)
    result = account([wide, leg("b", long_or_short(AFTER_2M, share=0.6), terms, series, times, p)], p)
    assert result.trades.size == pytest.approx([0.55, 0.3]), "0.45 is one lot of 30 coins at 100, and a half"
    dear = terms.model_copy(update={"minimum_notional": 4_000.0})
    result = account([wide, leg("b", long_or_short(AFTER_2M, share=0.6), dear, series, times, p)], p)
    assert len(result.trades) == 1
    assert result.by_contract["b"]["too_small"] == 1


def test_losses_that_are_open_liquidate_all_that_is_open() -> None:
    """Each alone would live: half of the account is left. Together nothing is."""
    falls = bars([(100, 100, 100, 100), (100, 100, 89, 90), (90, 120, 90, 120), (120, 120, 120, 120)])
    p, times = np.array([0.6]), after([0])
    alone = leg("a", long_or_short({"use": "after", "hold": "3m"}, share=5), perpetual(leverage=10), falls, times, p)
    assert REASONS[account([alone], p).trades.reason[0]] == "time"
    both = account([alone, replace(alone, name="b")], p)
    assert (both.trades.reason == LIQUIDATED).all()
    assert both.trades.exit_ms.tolist() == [START + 2 * MINUTE] * 2
    assert both.equity[-1] == pytest.approx(0, abs=1e-12)
    assert both.metrics["max_drawdown"] == 1
    assert both.metrics["total_return"] == pytest.approx(-1)


def test_a_hedge_is_not_liquidated_by_what_its_other_side_earns() -> None:
    rows = [(100.0, 100.0, 100.0, 100.0), (100.0, 100.0, 85.0, 85.0), (85.0, 85.0, 85.0, 85.0), (85.0, 85.0, 85.0, 85.0)]
    series, p, times = bars(rows), np.array([0.6]), after([0])
    long = leg("a", long_or_short({"use": "after", "hold": "3m"}, share=4), perpetual(leverage=10), series, times, p)
    short = replace(
        long, name="b", orders=replace(long.orders, decisions=long.orders.decisions._replace(side=-long.orders.decisions.side))
    )
    result = account([long, short], p)
    assert result.trades.net.sum() == pytest.approx(0, abs=1e-12)
    assert result.metrics["max_drawdown"] == pytest.approx(0.6), (
        "in that minute both are at their worst prices: 0.6 and nothing"
    )


def test_a_loss_that_leaves_less_than_the_others_margin_ends_them() -> None:
    """A gap of a fifth on six times the account would cost more than there is; what is left binds more than remains."""
    first = flat(100, 100, 88, 88, 88, 88, 88)
    second = flat(*[50] * 7)
    p, times = np.array([0.6]), after([0])
    loses = leg("a", long_or_short(AFTER_2M, share=5), perpetual(leverage=10), first, times, p)
    waits = leg("b", long_or_short({"use": "after", "hold": "5m"}, share=5), perpetual(leverage=10), second, times, p)
    result = account([loses, waits], p)
    assert [REASONS[reason] for reason in result.trades.reason] == ["time", "liquidated"]
    assert result.trades.exit_ms.tolist() == [START + 2 * MINUTE] * 2
    assert result.equity[-1] == pytest.approx(0.4)


def test_after_ruin_nothing_is_traded() -> None:
    first = flat(100, 100, 70, 70, 70, 70)
    result = pair(first, first, [0, 3], share=3, leverage=10)
    assert len(result.trades) == 2
    assert result.counts["ruined"] == 1
    assert result.equity[-1] == 0
    assert result.trades.net.sum() == pytest.approx(-1)


def test_margin_stays_bound_until_a_liquidation_finds_its_minute() -> None:
    """The minutes in which it would be liquidated are missing: what enters meanwhile has no more room for that."""
    lost, waits = flat(100, 100, *[70] * 18), without(flat(*[50] * 20), range(2, 12))
    p, times = np.array([0.6, 0.6]), after([0, 4])
    first = leg("a", long_or_short(AFTER_2M, share=2), perpetual(leverage=10), lost, times, p)
    second = leg("b", long_or_short({"use": "after", "hold": "15m"}, share=5), perpetual(leverage=10), waits, times, p)
    third = leg("c", long_or_short(AFTER_2M, share=10), perpetual(leverage=10), flat(*[50] * 20), times, p)
    for one, skipped in ((first, 1), (second, 1), (third, 0)):
        one.orders.decisions.side[skipped] = 0
    result = account([first, second, third], p)
    assert [REASONS[reason] for reason in result.trades.reason] == ["time", "liquidated"]
    assert result.trades.exit_ms[1] == START + 12 * MINUTE
    assert result.by_contract["c"]["too_small"] == 1


@pytest.mark.parametrize("later", [-0.01, 0.0, 0.01])
def test_a_liquidation_pays_the_funding_until_then(later: float) -> None:
    """What would have been due afterwards neither costs nor gives anything back."""
    falls = bars([(100, 100, 100, 100)] * 2 + [(100, 100, 85, 85)] + [(85, 85, 85, 85)] * 17)
    p, times, due = np.array([0.6]), after([0]), after([1, 10])
    one = leg("a", long_or_short({"use": "after", "hold": "15m"}, share=3.4), perpetual(leverage=10), falls, times, p)
    rate = np.array([0.002, later])
    paid = replace(one, orders=replace(one.orders, rates=Funding(due, rate, -rate, True)))
    result = account([paid, replace(one, name="b")], p)
    assert (result.trades.reason == LIQUIDATED).all()
    assert result.trades.funding == pytest.approx([3.4 * 0.002, 0])


def test_what_ends_together_draws_nothing_down() -> None:
    """A hedge earns nothing, in whatever order both sides are booked."""
    p, times = np.array([0.6]), after([0])
    up, down = flat(100, 100, 110, 110, 110), flat(100, 100, 90, 90, 90)
    trade, terms = long_or_short(AFTER_2M), perpetual(leverage=5)
    result = account([leg("a", trade, terms, up, times, p), leg("b", trade, terms, down, times, p)], p)
    assert result.metrics["total_return"] == pytest.approx(0)
    assert result.metrics["max_drawdown"] == pytest.approx(0)


worlds = st.tuples(
    st.integers(0, 10_000),
    st.sampled_from([0.0, 0.02]),
    st.sampled_from([1e-3, 6e-3]),
    st.sampled_from([0.4, 1.5, 4.0]),
    st.sampled_from([{"use": "after", "hold": "47m"}, {"use": "barriers"}, {"use": "signal", "keep": 0.45}]),
)


def drawn(world: tuple[int, float, float, float, dict[str, Any]], count: int = 3) -> tuple[list[Leg], np.ndarray, Result]:
    seed, missing, step, share, leave = world
    times = wander(seed, 3_000).time[::7][:400]
    rng = np.random.default_rng(seed)
    p, levels = rng.uniform(0.3, 0.7, len(times)), Levels(np.full(len(times), 0.01), np.full(len(times), 0.01), HOUR)
    legs = []
    for k in range(count):
        trade, terms = long_or_short(leave, share=share), perpetual(**{**COSTS, "leverage": 5 + k})
        turned = p if k != 1 else 1 - p
        legs.append(leg(f"c{k}", trade, terms, wander(seed + k, 3_000, missing, step), times, turned, barriers=levels))
    return legs, p, account(legs, p)


def margins(legs: list[Leg], trades: Trades) -> tuple[np.ndarray, np.ndarray]:
    """The margin that is bound and the equity that is realised at each moment, counted anew from the trades alone."""
    moments = np.unique(np.concatenate([trades.entry_ms, trades.exit_ms]))
    leverage = np.array([one.contract.leverage for one in legs])[trades.contract]
    bound = [
        sum(
            unit / most
            for unit, most, begun, ended in zip(trades.unit, leverage, trades.entry_ms, trades.exit_ms, strict=True)
            if begun <= now < ended
        )
        for now in moments
    ]
    realised = [1 + sum(net for net, ended in zip(trades.net, trades.exit_ms, strict=True) if ended <= now) for now in moments]
    return np.array(bound), np.array(realised)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(world=worlds)
def test_margin_never_exceeds_the_equity_and_the_books_balance(world: tuple[int, float, float, float, dict[str, Any]]) -> None:
    legs, _, result = drawn(world)
    trades, daily = result.trades, result.daily
    if world[1] == 0:  # where minutes are missing a liquidation waits for the next
        bound, realised = margins(legs, trades)
        assert (bound <= realised * (1 + 1e-8) + 1e-9).all()
    total = result.metrics["total_return"]
    assert trades.net == pytest.approx(trades.gross - trades.cost - trades.funding, abs=1e-12)
    assert trades.payoff * trades.unit == pytest.approx(trades.net, rel=1e-9, abs=1e-12)
    assert np.append(trades.net.sum(), daily.net.sum()) == pytest.approx(total, rel=1e-9, abs=1e-9)
    assert (result.equity >= 0).all()
    assert (np.diff(trades.entry_ms) >= 0).all()
    assert (trades.exit_ms > trades.entry_ms).all()
    assert (trades.cost >= 0).all()
    assert 0 <= result.metrics["max_drawdown"] <= 1
    _, realised = margins(legs, trades)
    realised = np.append(1.0, np.maximum(realised, 0.0))
    assert result.metrics["max_drawdown"] >= (1 - realised / np.maximum.accumulate(realised)).max() - 1e-9
    for k in range(len(legs)):
        own = trades.take(np.flatnonzero(trades.contract == k))
        assert (own.entry_ms[1:] >= own.exit_ms[:-1]).all(), "one position at a time on each contract"
        counts = result.by_contract[f"c{k}"]
        assert sum(counts[name] for name in OUTCOMES) == len(legs[0].orders.decisions.time)
        assert counts["taken"] == len(own)
    assert sum(one["net"] for one in result.by_contract.values()) == pytest.approx(total, abs=1e-9)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(world=worlds)
def test_none_is_liquidated_later_than_alone_and_each_fill_is_the_backtests_own(
    world: tuple[int, float, float, float, dict[str, Any]],
) -> None:
    legs, p, result = drawn(world)
    for k, one in enumerate(legs):
        own = result.trades.take(np.flatnonzero(result.trades.contract == k))
        for i, size, exit_ms, reason, payoff in zip(own.decision, own.size, own.exit_ms, own.reason, own.payoff, strict=True):
            decisions = one.orders.decisions
            side, sizes = np.zeros_like(decisions.side), decisions.size.copy()
            side[i], sizes[i] = decisions.side[i], size
            lone = replace(one, orders=replace(one.orders, decisions=decisions._replace(side=side, size=sizes)))
            alone = account([lone], p).trades
            assert alone.exit_ms[0] >= exit_ms
            if reason != LIQUIDATED and result.equity[-1] > 0:
                assert (alone.exit_ms[0], alone.reason[0], alone.payoff[0]) == (exit_ms, reason, payoff)


@pytest.mark.parametrize("leave", [AFTER_2M, {"use": "signal", "keep": 0.5}, {"use": "barriers"}], ids=lambda one: one["use"])
def test_an_account_with_a_contract_that_never_trades_is_the_account_without(leave: dict[str, Any]) -> None:
    series = wander(3, 4_000)
    p = np.random.default_rng(3).uniform(0.3, 0.7, 800)
    times = series.time[::5][:800]
    trade = parse({**of_fixed_share(leave).model_dump(), "contract": "btc"})
    levels = Levels(np.full(800, 0.004), np.full(800, 0.004), HOUR)
    single = play_wander(trade, series, p)
    terms = Perpetual(use="perpetual", of="btc", **COSTS)
    own = leg("btc", trade, terms, series, times, p, barriers=levels)
    idle = leg("eth", trade, terms, wander(4, 4_000), times, np.full(800, 0.5), barriers=levels)
    both = account([own, idle], p)
    assert len(single.trades) > 50
    for name, column in single.trades.columns().items():
        assert both.trades.columns()[name] == pytest.approx(column, rel=1e-9, abs=1e-15), name
    for name in ("decision", "entry_ms", "exit_ms", "side", "size", "price", "exit_price", "payoff", "unit_cost", "reason"):
        assert np.array_equal(both.trades.columns()[name], single.trades.columns()[name]), f"{name}, bit for bit"
    assert both.metrics == pytest.approx(dict(single.metrics), rel=1e-6)
    for name, twin in single.twins.items():
        assert both.twins[name] == pytest.approx(dict(twin), rel=1e-6)
    assert np.array_equal(both.outcome, single.outcome)
    assert set(both.by_contract) == {"btc", "eth"}


def test_two_halves_on_one_series_are_the_whole() -> None:
    series, p = wander(5, 4_000), np.random.default_rng(5).uniform(0.3, 0.7, 800)
    times, terms = series.time[::5][:800], Perpetual(use="perpetual", of="btc", **COSTS)
    leave = {"use": "after", "hold": "23m"}
    whole = account([leg("a", long_or_short(leave, share=0.8), terms, series, times, p)], p)
    half = leg("a", long_or_short(leave, share=0.4), terms, series, times, p)
    halves = account([half, replace(half, name="b")], p)
    assert halves.equity[-1] == pytest.approx(whole.equity[-1], rel=1e-9)
    assert halves.daily.net == pytest.approx(whole.daily.net, rel=1e-6, abs=1e-12)
    for name in ("total_return", "max_drawdown", "exposure", "turnover", "costs", "funding", "mean_net", "sharpe"):
        assert halves.metrics[name] == pytest.approx(whole.metrics[name], rel=1e-6), name


def test_one_market_under_many_names_is_no_more_evidence() -> None:
    series, p = wander(9, 12_000), np.random.default_rng(9).uniform(0.3, 0.7, 2_400)
    times, terms = series.time[::5][:2_400], Perpetual(use="perpetual", of="btc", **COSTS)
    one = leg("a", long_or_short({"use": "after", "hold": "23m"}, share=0.1), terms, series, times, p)
    single, many = account([one], p).metrics, account([replace(one, name=f"c{k}") for k in range(8)], p).metrics
    assert many["trades"] == 8 * single["trades"]
    for name in ("blocks", "mean_net", "mean_error", "p_value"):
        assert many[name] == pytest.approx(single[name], rel=0.02), name


def test_on_flipped_markets_no_pair_earns_beyond_costs() -> None:
    """Opposite sides of two markets that move alike: over many drawn markets it earns nothing before costs."""
    gross = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        sign, size = rng.choice([-1, 1], 1_000), np.abs(rng.standard_normal(1_000)) * 2e-3
        own = np.abs(rng.standard_normal(1_000)) * 1e-3
        first, second = np.exp(np.cumsum(sign * size)) * 100, np.exp(np.cumsum(sign * (size + own))) * 50
        ratio = np.log(first / second)
        times = after(range(30, 900, 10))
        p = np.where(ratio[29:899:10] < ratio[30 - 29 : 900 - 29 : 10], 0.6, 0.4)
        legs = [
            leg(name, long_or_short({"use": "after", "hold": "9m"}), perpetual(leverage=5), flat(*prices), times, chances)
            for name, prices, chances in (("a", first, p), ("b", second, 1 - p))
        ]
        gross.append(account(legs, p).trades.gross.sum())
    assert abs(np.mean(gross)) < 4 * np.std(gross) / np.sqrt(len(gross))


def test_twins_trade_the_same_decisions_in_one_account() -> None:
    _, _, result = drawn((11, 0.0, 1e-3, 1.5, {"use": "after", "hold": "47m"}))
    own = set(zip(result.trades.contract.tolist(), result.trades.decision.tolist(), strict=True))
    for twin in result.twin_trades.values():
        assert set(zip(twin.contract.tolist(), twin.decision.tolist(), strict=True)) <= own
        assert twin.p == pytest.approx(np.asarray([result.trades.p[result.trades.decision == i][0] for i in twin.decision]))
    assert (result.twin_trades["long"].side == 1).all()
