"""Quotes as a market gave them: the one in effect, of the same window, on the window's own terms; and orders that rest."""

import numpy as np
import pytest

from factory.backtest.binary import fill
from factory.backtest.quotes import NOT_FILLED, Quotes, all_in_price, read_quotes
from factory.backtest.result import DROPPED, LAPSED, NO_EDGE, PASSED_OVER, TAKEN
from factory.core.errors import FlowError
from factory.market.contracts import Binary
from factory.market.series import Series, read_at_stamps
from factory.market.settlement import Outcomes
from factory.pipeline.parts.trades import Limit, UpOrDown
from tests.backtest.market import NAN, START, flat, parse, play

SECOND, WINDOW = 1_000, 300_000
TERMS = {"use": "binary", "of": "btc", "window": "5m", "odds": "pm", "fee": 0.07, "half_spread": 0.005}
BARS = flat(*[100.0] * 10, *[100.0, 100, 100, 100, 101])
LIMIT = Limit(use="limit")


def contract(**terms: object) -> Binary:
    return Binary.model_validate(TERMS | terms)


def odds(seconds: list[float], period: int = 60 * SECOND, **columns: list[float]) -> Series:
    """Quotes taken so many seconds after the start."""
    time = START + (SECOND * np.array(seconds)).astype(np.int64)
    return Series("pm", "odds", period, 0, time, time, {name: np.array(one, float) for name, one in columns.items()})


def quoted(pm: Series, seconds: list[float], order: Limit | None = None, **terms: object) -> Quotes:
    times = START + (SECOND * np.array(seconds)).astype(np.int64)
    given = {} if order is None else {"order": order}
    return read_quotes(contract(**terms), {"btc": BARS, "pm": pm}, times, **given)


def trade(order: str = "market", edge: float = 0.0) -> UpOrDown:
    asked = {"use": "up_or_down", "contract": "x", "edge": edge, "size": {"use": "fixed", "share": 0.01}}
    made = parse({**asked, "order": {"use": order}})
    assert isinstance(made, UpOrDown)
    return made


def test_law_5_quotes_at_starts_cost_what_they_did_bit_for_bit() -> None:
    """As before there were fills inside windows: the row stamped at the start, the contract's terms."""
    rng, n = np.random.default_rng(3), 400
    time = START + WINDOW * np.arange(n)
    up = np.where(rng.random(n) < 0.1, NAN, rng.uniform(0.03, 0.97, n))
    ask, bid = np.round(up + 0.012, 2), np.round(up - 0.012, 2)
    pm = Series("pm", "odds", WINDOW, 0, time, time, {"up": up, "ask": ask, "bid": bid})
    bars = flat(*[100.0] * (5 * n))
    for terms in ({}, {"tick": 0.01}):
        one = contract(**terms)
        quotes = read_quotes(one, {"btc": bars, "pm": pm}, time)
        held = {name: read_at_stamps(pm, name, time) for name in ("up", "ask", "bid")}
        held = {name: np.where((price > 0) & (price < 1), price, NAN) for name, price in held.items()}
        for offer, asked, mid in (
            (quotes.up, held["ask"], held["up"]),
            (quotes.down, 1 - held["bid"], 1 - held["up"]),
        ):
            price = np.maximum(asked - 0.005, mid)
            paid = price + 0.005
            if one.tick:
                steps = paid / 0.01
                paid = np.where(np.abs(steps - np.round(steps)) < 1e-9, paid, np.ceil(steps) * 0.01)
            np.testing.assert_array_equal(offer.price, price)
            np.testing.assert_array_equal(offer.paid, paid + 0.07 * paid * np.maximum(1 - paid, 0.0))
            there = np.isfinite(price)
            np.testing.assert_array_equal((price + (offer.paid - price))[there], offer.paid[there])


def test_the_quote_in_effect_is_the_last_one_before_the_fill_while_it_is_young() -> None:
    pm = odds([0, 60, 130], up=[0.5, 0.6, 0.7])
    at = [0, 59, 60, 119, 120, 130, 189, 190]
    np.testing.assert_array_equal(quoted(pm, at).mid, [0.5, 0.5, 0.6, 0.6, NAN, 0.7, 0.7, NAN])


def test_the_fill_comes_after_the_contracts_delay() -> None:
    pm = odds([0, 60, 120], up=[0.5, 0.6, 0.7])
    quotes = quoted(pm, [0, 58, 60], delay="2s")
    np.testing.assert_array_equal(quotes.mid, [0.5, 0.6, 0.6])
    np.testing.assert_array_equal(quotes.up.filled, START + SECOND * np.array([2, 60, 62]))


def test_a_quote_of_the_window_before_is_none() -> None:
    pm = odds([290, 310], up=[0.99, 0.5])
    np.testing.assert_array_equal(quoted(pm, [295, 300, 305, 310]).mid, [NAN, NAN, NAN, 0.5])
    np.testing.assert_array_equal(quoted(odds([270], up=[0.99]), [280, 300]).mid, [0.99, NAN])


def test_what_is_older_than_the_period_by_its_age_is_no_quote() -> None:
    pm = odds([60, 120, 180], up=[0.5, 0.6, 0.7], quote_age=[60, 61, NAN])
    np.testing.assert_array_equal(quoted(pm, [60, 61, 120, 180]).mid, [0.5, NAN, NAN, 0.7])


def test_nothing_is_filled_in_the_last_twenty_seconds() -> None:
    pm = odds([260, 280, 281, 299], period=30 * SECOND, up=[0.9] * 4)
    np.testing.assert_array_equal(quoted(pm, [279, 280, 281, 299]).mid, [0.9, 0.9, NAN, NAN])
    np.testing.assert_array_equal(quoted(pm, [279], delay="2s").mid, [NAN])


def test_each_window_has_its_own_terms_and_the_contracts_where_it_tells_none() -> None:
    pm = odds([0, 60, 120], up=[0.503] * 3, fee=[0.02, NAN, 0.0], tick=[NAN, 0.01, 0.001], minimum_size=[5, NAN, 7])
    quotes = quoted(pm, [0, 60, 120])
    asked = np.array([0.508, 0.51, 0.508])
    np.testing.assert_allclose(quotes.up.paid, asked + np.array([0.02, 0.07, 0.0]) * asked * (1 - asked))
    np.testing.assert_array_equal(quotes.least, [5, 0, 7])


def test_a_step_of_zero_is_no_windows_own() -> None:
    pm = odds([0, 60], up=[0.503] * 2, tick=[0.0, NAN])
    np.testing.assert_allclose(quoted(pm, [0, 60], fee=0, tick=0.01).up.paid, 0.51)


def test_of_both_least_orders_the_larger_counts() -> None:
    for shares, least, taken in ((6.0, 5.0, 1), (4.0, 5.0, 0), (4.0, NAN, 1), (0.5, NAN, 0)):
        pm = odds([0], up=[0.5], ask=[0.5], bid=[0.5], ask_size=[shares], bid_size=[9.0], minimum_size=[least])
        one = contract()
        result = play(trade(), one, BARS, [0], [0.9], quotes=read_quotes(one, {"btc": BARS, "pm": pm}, BARS.time[:1]))
        assert (result.counts["taken"], result.counts["too_small"]) == (taken, 1 - taken)


def test_what_trades_say_was_paid_is_what_was_paid_on_any_terms() -> None:
    pm = odds([0], up=[0.5], fee=[0.02], tick=[0.01])
    one = contract(fee=0.07, half_spread=0.003)
    trades = play(trade(), one, BARS, [0], [0.9], quotes=read_quotes(one, {"btc": BARS, "pm": pm}, BARS.time[:1])).trades
    assert trades.paid[0] == pytest.approx(0.51 + 0.02 * 0.51 * 0.49, abs=1e-15)
    assert trades.payoff[0] == trades.exit_price[0] - trades.paid[0]
    assert trades.paid[0] != all_in_price(one, trades.price)[0]


def test_a_window_is_traded_once_at_its_first_decision_that_is_worth_its_price() -> None:
    one, minutes = contract(fee=0), [10, 11, 12, 13, 14]
    times = BARS.time[minutes]
    pm = odds([600, 660, 720, 780, 840], up=[0.5, 0.6, 0.7, 0.8, 0.9])
    quotes = read_quotes(one, {"btc": BARS, "pm": pm}, times)
    result = play(trade(), one, BARS, minutes, [0.503, 0.7, 0.75, 0.8, 0.2], quotes=quotes)
    assert result.outcome.tolist() == [NO_EDGE, TAKEN, PASSED_OVER, NO_EDGE, PASSED_OVER]
    assert result.trades.entry_ms.tolist() == [times[1]]
    assert result.trades.exit_ms.tolist() == [START + 3 * WINDOW]
    assert result.trades.exit_price.tolist() == [1.0]


def test_inside_a_window_an_assumed_price_is_refused() -> None:
    with pytest.raises(FlowError, match="decide at multiples of 5m"):
        play(trade(), contract(odds=None), BARS, [11], [0.6])


def test_an_order_rests_at_its_bid_until_a_later_offer_comes_to_it() -> None:
    pm = odds(
        [0, 60, 120, 180], up=[0.5, 0.49, 0.45, 0.44], bid=[0.49, 0.48, 0.44, 0.43], ask=[0.51, 0.50, 0.46, 0.45],
        bid_size=[40] * 4, ask_size=[40, 80, 120, 160],
    )  # fmt: skip
    quotes = quoted(pm, [0, 60, 120, 180], LIMIT, rebate=0.2)
    np.testing.assert_array_equal(quotes.up.price, [0.49, 0.48, 0.44, 0.43])
    np.testing.assert_array_equal(quotes.up.paid, quotes.up.price)
    np.testing.assert_array_equal(quotes.up.filled, [START + 120 * SECOND, START + 120 * SECOND, NOT_FILLED, NOT_FILLED])
    np.testing.assert_array_equal(quotes.up.size, [0.25 * 120, 0.25 * 120, 0, 0])
    np.testing.assert_allclose(quotes.up.rebate, 0.2 * 0.07 * quotes.up.price * (1 - quotes.up.price))
    np.testing.assert_allclose(quotes.down.price, [0.49, 0.50, 0.54, 0.55])
    assert (quotes.down.filled == NOT_FILLED).all(), "the offer for Down only went away from them"


def test_an_order_is_never_filled_by_the_quote_that_it_was_sent_on_nor_in_the_last_moments_nor_by_the_next_window() -> None:
    crossed = {"up": [0.5] * 3, "bid": [0.5] * 3, "ask": [0.5] * 3}
    assert quoted(odds([0, 290, 300], **crossed), [0], LIMIT).up.filled.tolist() == [NOT_FILLED]
    assert quoted(odds([0, 280, 300], **crossed), [0], LIMIT).up.filled.tolist() == [START + 280 * SECOND]
    aged = odds([0, 60, 120], **crossed, quote_age=[0, 60, 0])
    assert quoted(aged, [0], LIMIT).up.filled.tolist() == [START + 120 * SECOND], "what was quoted before it came is no touch"


def test_what_rests_pays_no_fee_and_what_lapses_is_counted() -> None:
    pm = odds(
        [600, 660, 900],
        up=[0.5, 0.44, 0.5],
        bid=[0.49, 0.43, 0.49],
        ask=[0.51, 0.45, 0.51],
        bid_size=[40] * 3,
        ask_size=[40] * 3,
    )
    one, bars = contract(rebate=0.2), flat(*[100.0] * 20)
    times = bars.time[[10, 11, 15]]
    quotes = read_quotes(one, {"btc": bars, "pm": pm}, times, LIMIT)
    result = play(trade("limit"), one, bars, [10, 11, 15], [0.6, 0.6, 0.6], quotes=quotes)
    assert result.outcome.tolist() == [TAKEN, PASSED_OVER, LAPSED]
    assert result.counts["lapsed"] == 1
    trades, rebate = result.trades, 0.2 * 0.07 * 0.49 * 0.51
    assert trades.unit[0] * one.equity == pytest.approx(0.25 * 40)
    assert (trades.cost[0], trades.paid[0]) == (0.0, 0.49)
    assert trades.payoff[0] == pytest.approx(0.51 + rebate)
    assert trades.funding[0] == pytest.approx(-trades.unit[0] * rebate)
    assert trades.net[0] == pytest.approx(trades.unit[0] * trades.payoff[0])


def test_orders_rest_where_both_sides_were_recorded() -> None:
    with pytest.raises(FlowError, match="pm has no bid and ask to rest between"):
        quoted(odds([0], up=[0.5]), [0], LIMIT)


def test_a_share_at_one_is_never_bought() -> None:
    pm = odds([0], up=[0.999])
    one = contract(tick=0.01)
    result = play(trade(), one, BARS, [0], [1.0], quotes=read_quotes(one, {"btc": BARS, "pm": pm}, BARS.time[:1]))
    assert result.outcome.tolist() == [NO_EDGE]
    near = contract(tick=0.001, half_spread=0)
    quotes = read_quotes(near, {"btc": BARS, "pm": odds([0], up=[0.9990])}, BARS.time[:1])
    assert 0.999 < quotes.up.paid[0] < 1


def test_a_decision_without_a_quote_is_dropped() -> None:
    one = contract()
    quotes = read_quotes(one, {"btc": BARS, "pm": odds([0], up=[0.5])}, BARS.time[[0, 1]])
    assert play(trade(edge=0.6), one, BARS, [0, 1], [0.6, 0.6], quotes=quotes).outcome.tolist() == [NO_EDGE, DROPPED]


def test_a_window_that_nobody_offered_for_a_while_is_not_without_an_outcome() -> None:
    one, times = contract(), BARS.time[[10, 11, 12]]
    pm = odds([600, 660, 720], up=[0.5] * 3, bid=[NAN, 0.49, 0.49], ask=[NAN, 0.51, 0.51])
    result = play(trade(), one, BARS, [10, 11, 12], [0.9] * 3, quotes=read_quotes(one, {"btc": BARS, "pm": pm}, times))
    assert result.outcome.tolist() == [DROPPED, TAKEN, PASSED_OVER]
    assert "unsettled" not in result.metrics


def test_the_other_side_of_a_twin_costs_what_is_left_where_nobody_offered_it() -> None:
    one = contract(fee=0)
    pm = odds([0], up=[0.6], ask=[0.61], bid=[0.0])
    quotes = read_quotes(one, {"btc": BARS, "pm": pm}, BARS.time[:1])
    up = Outcomes(np.array([1.0]), np.array([False]), BARS.time[:1] + WINDOW, np.zeros(1))
    _, fills, turn = fill(trade(), one, BARS.time[:1], np.array([0.9]), quotes, up)
    other = turn(fills.decision, -fills.side)
    assert other.price[0] == pytest.approx(1 - fills.price[0])
    assert other.payoff[0] == pytest.approx(0 - (1 - 0.605) - 0.005)
    np.testing.assert_array_equal(turn(fills.decision, fills.side).payoff, fills.payoff)
