"""Trades that can be checked with a pencil: an Up share at an assumed price of 0.50."""

import numpy as np
import pytest

from factory.backtest.quotes import Quotes, all_in_price, read_quotes
from factory.core.errors import FlowError
from factory.market.contracts import Binary
from factory.market.series import Series
from tests.backtest.market import CONTRACTS, NAN, START, flat, long_or_short, perpetual, play, up_or_down, without

POLYMARKET = CONTRACTS["up_or_down"]
RISES = flat(100, 100, 100, 100, 101)
FALLS = flat(100, 100, 100, 100, 99)
PAID = 0.505 + 0.07 * 0.505 * 0.495
RECORDED = Binary(use="binary", of="btc", window="5m", odds="poly", fee=0.07, half_spread=0.005)


def quote(
    up: list[float], ask: list[float] | None = None, bid: list[float] | None = None, sizes: tuple[float, float] | None = None
) -> Quotes:
    """What was recorded at the starts of consecutive windows, as a series of odds has it."""
    columns = {"up": up, **({"ask": ask} if ask else {}), **({"bid": bid} if bid else {})}
    columns |= {"ask_size": [sizes[0]] * len(up), "bid_size": [sizes[1]] * len(up)} if sizes else {}
    times = START + 300_000 * np.arange(len(up), dtype=np.int64)
    arrays = {name: np.array(values, float) for name, values in columns.items()}
    return read_quotes(RECORDED, {"btc": RISES, "poly": Series("poly", "odds", 300_000, 0, times, times, arrays)}, times)


def test_a_winning_share_pays_one_and_costs_price_spread_and_fee() -> None:
    result = play(up_or_down(share=0.1), POLYMARKET, RISES, [0], [0.6])
    trades, shares = result.trades, 0.1 / PAID
    assert (trades.side[0], trades.price[0], trades.exit_price[0]) == (1, 0.5, 1)
    assert trades.unit[0] == pytest.approx(shares)
    assert trades.gross[0] == pytest.approx(shares * 0.5)
    assert trades.cost[0] == pytest.approx(shares * (PAID - 0.5))
    assert trades.net[0] == pytest.approx(shares - 0.1)
    assert trades.exit_ms[0] == START + 300_000


def test_a_losing_share_loses_the_stake() -> None:
    result = play(up_or_down(share=0.1), POLYMARKET, FALLS, [0], [0.6])
    assert result.trades.net[0] == pytest.approx(-0.1)


def test_down_is_bought_when_it_is_priced_too_low() -> None:
    result = play(up_or_down(share=0.1), POLYMARKET, FALLS, [0], [0.4])
    assert result.trades.side[0] == -1
    assert result.trades.net[0] == pytest.approx(0.1 / PAID - 0.1)


def test_a_tie_settles_up() -> None:
    result = play(up_or_down(), POLYMARKET, flat(*[100] * 5), [0], [0.6])
    assert result.trades.exit_price[0] == 1


@pytest.mark.parametrize(("p", "taken"), [(PAID + 0.0201, 1), (PAID + 0.0199, 0), (1 - PAID - 0.0201, 1)])
def test_the_edge_is_measured_from_the_all_in_price(p: float, taken: int) -> None:
    assert play(up_or_down(edge=0.02), POLYMARKET, RISES, [0], [p]).counts["taken"] == taken


def test_kelly_stakes_the_known_fraction_up_to_its_cap() -> None:
    free = Binary(use="binary", of="btc", window="5m", fee=0, half_spread=0)
    for p, expected in ((0.6, 0.5 * 0.2), (0.55, 0.5 * 0.1), (0.95, 0.3)):
        result = play(up_or_down(use="kelly", fraction=0.5, cap=0.3), free, RISES, [0], [p])
        assert result.trades.size[0] == pytest.approx(expected)


def test_break_even_beside_the_win_rate_is_the_all_in_price() -> None:
    series = flat(*[price for i in range(40) for price in (100, 100, 100, 100, 101 if i % 4 else 99)])
    result = play(up_or_down(), POLYMARKET, series, range(0, 200, 5), [0.6] * 40)
    figures = result.metrics
    assert figures["win_rate"] == 0.75
    assert figures["break_even"] == pytest.approx(PAID)
    assert figures["mean_net"] == pytest.approx(figures["win_rate"] - figures["break_even"])


@pytest.mark.parametrize("missing", [0, 2, 4])
def test_law_8_a_window_with_a_missing_bar_is_dropped(missing: int) -> None:
    result = play(up_or_down(), POLYMARKET, without(RISES, [missing]), [0], [0.6])
    assert {name: count for name, count in result.counts.items() if count} == {"decisions": 1, "dropped": 1}


def test_a_window_that_the_partition_cuts_is_dropped() -> None:
    result = play(up_or_down(), POLYMARKET, flat(*[100] * 8), [0, 5], [0.6, 0.6], end=START + 8 * 60_000)
    assert (result.counts["taken"], result.counts["dropped"]) == (1, 1)


def test_decisions_off_the_windows_are_refused() -> None:
    with pytest.raises(FlowError, match="decide at multiples of 5m"):
        play(up_or_down(), POLYMARKET, RISES, [1], [0.6])


def test_recorded_prices_are_used_and_missing_ones_dropped() -> None:
    series = flat(*[100, 100, 100, 100, 101] * 4)
    result = play(up_or_down(), RECORDED, series, [0, 5, 10, 15], [0.6] * 4, quotes=quote([0.55, NAN, 0.7, NAN]))
    assert list(result.trades.price) == pytest.approx([0.55, 0.3])
    assert list(result.trades.side) == [1, -1]
    assert result.counts["dropped"] == 2
    with pytest.raises(FlowError, match="'poly' did not come"):
        play(up_or_down(), RECORDED, series, [0], [0.6])


@pytest.mark.parametrize(("ask", "paid"), [(0.56, 0.56), (0.551, 0.555)])
def test_up_costs_its_ask_and_no_less_than_half_the_contracts_spread_above_the_middle(ask: float, paid: float) -> None:
    series = flat(*[100, 100, 100, 100, 101])
    trades = play(up_or_down(), RECORDED, series, [0], [0.65], quotes=quote([0.55], [ask], [0.54])).trades
    assert trades.price[0] + trades.unit_cost[0] == pytest.approx(paid + 0.07 * paid * (1 - paid))


def test_down_costs_what_is_left_of_the_bid_for_up() -> None:
    trades = play(up_or_down(), RECORDED, FALLS, [0], [0.3], quotes=quote([0.55], [0.56], [0.52])).trades
    paid = 1 - 0.52
    assert trades.side[0] == -1
    assert trades.price[0] + trades.unit_cost[0] == pytest.approx(paid + 0.07 * paid * (1 - paid))


def test_no_more_is_bought_than_was_offered() -> None:
    for p, series, sizes, shares in ((0.65, RISES, (30, 500), 30), (0.3, FALLS, (500, 20), 20), (0.65, RISES, (1e9, 1), None)):
        result = play(up_or_down(share=0.1), RECORDED, series, [0], [p], quotes=quote([0.55], [0.56], [0.54], sizes))
        paid = result.trades.price[0] + result.trades.unit_cost[0]
        wanted = 0.1 * RECORDED.equity / paid
        assert result.trades.size[0] * RECORDED.equity / paid == pytest.approx(shares or wanted)


def test_a_side_that_nobody_offered_is_not_bought() -> None:
    series = flat(*[100, 100, 100, 100, 101] * 3)
    quotes = quote([0.5, 0.5, 0.5], [NAN, 0.0, 0.51], [0.49, 0.49, 0.0])
    result = play(up_or_down(), RECORDED, series, [0, 5, 10], [0.65, 0.3, 0.65], quotes=quotes)
    assert list(result.trades.side) == [-1, 1]
    assert result.counts["no_edge"] == 1, "of the first only Down was offered, and it was not worth its price"


def test_law_9_an_unrecorded_price_is_said_to_be_assumed() -> None:
    assert play(up_or_down(), POLYMARKET, RISES, [0], [0.6]).assumed == "at an assumed price of 0.50"
    odd = Binary(use="binary", of="btc", window="5m", price=0.525, fee=0, half_spread=0)
    assert play(up_or_down(), odd, RISES, [0], [0.6]).assumed == "at an assumed price of 0.525"
    assert play(up_or_down(), RECORDED, RISES, [0], [0.6], quotes=quote([0.5])).assumed == ""
    assert play(long_or_short({"use": "signal", "keep": 0.5}), perpetual(), RISES, [0], [0.6]).assumed == ""


def test_a_lost_stake_of_everything_ends_the_trading() -> None:
    series = flat(*[100, 100, 100, 100, 99] * 3)
    result = play(up_or_down(share=1), POLYMARKET, series, [0, 5, 10], [0.6] * 3)
    assert result.equity[-1] == 0
    assert result.counts["ruined"] == 2


def test_the_all_in_price_never_falls_below_the_price() -> None:
    price = np.linspace(0.001, 0.999, 999)
    assert np.all(all_in_price(RECORDED, price) >= price)


def test_a_volatility_target_does_not_fit_a_binary() -> None:
    with pytest.raises(FlowError, match="allowed: fixed, kelly"):
        play(up_or_down(use="volatility", yearly=0.1, leverage=1), POLYMARKET, RISES, [0], [0.6])


def test_the_trade_must_fit_the_contract() -> None:
    with pytest.raises(FlowError, match="does not fit a perpetual contract; use 'long_or_short'"):
        play(up_or_down(), perpetual(), RISES, [0], [0.6])
    with pytest.raises(FlowError, match="does not fit a binary contract; use 'up_or_down'"):
        play(long_or_short({"use": "signal", "keep": 0.5}), POLYMARKET, RISES, [0], [0.6])


def test_a_settlement_at_midnight_belongs_to_the_day_that_ends() -> None:
    two_days = flat(*[100] * 2880)
    daily = play(up_or_down(share=0.1), POLYMARKET, two_days, [1435, 1440], [0.6, 0.6]).daily
    won = 0.1 / PAID - 0.1
    assert list(daily.day) == [START, START + 86_400_000]
    assert daily.net == pytest.approx([won, won * (1 + won)])
    assert daily.ret == pytest.approx([won, won])
